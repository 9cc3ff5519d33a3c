from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from scripted_exchange import MARKET, LoopClock, ScriptedExchange, an_order
from virtual_time import VirtualLoop, run_virtually

from common.trading.order import Order
from worker.venue.exchange_port import OrderReport
from worker.venue.live.executor import Executor
from worker.venue.live.instant import Instant
from worker.venue.live.memory import Memory, Told
from worker.venue.live.terms import Terms
from worker.venue.port import Ended, Executed, InDoubt, Placed, VenueEvent


class Life:
    """One life's executor and a trading loop that takes everything in at once."""

    def __init__(self, loop: VirtualLoop, exchange: ScriptedExchange, terms: Terms | None = None, lease: bool = True):
        self.told: list[Told] = []
        self.findings: list[str] = []
        self.executor = Executor(
            exchange,
            terms or Terms(),
            LoopClock(loop.time),
            "b",
            self.told.extend,
            lambda new, over, at: self.findings.extend(each.key for each in new),
            lambda: None,
            lambda: lease,
        )
        self.running = loop.create_task(self.executor.run())
        self.executor.knows_all()

    def submit(self, order: Order) -> None:
        self.executor.submit(order, asyncio.get_running_loop().time())

    def of(self, name: str) -> list[VenueEvent]:
        return [each.event for each in self.told if each.event.client_order_id == name]

    def is_over(self, name: str) -> bool:
        return any(each.memory.over for each in self.told if each.event.client_order_id == name)

    def memory(self, order: Order) -> Memory:
        mine = [each.memory for each in self.told if each.event.client_order_id == order.client_order_id]
        return Memory.from_state(mine[-1].state()) if mine else Memory.of(replace(order, status="submitted"))

    def stop(self) -> None:
        self.executor.stop_following()
        self.running.cancel()


async def until(condition: Callable[[], bool], seconds: float = 4000.0) -> None:
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + seconds
    while not condition():
        assert loop.time() < give_up_at, "it did not happen in time"
        await asyncio.sleep(0.05)


def bought(events: list[VenueEvent]) -> Decimal:
    return sum((each.quantity for each in events if isinstance(each, Executed)), Decimal(0))


def ends(events: list[VenueEvent], quantity: Decimal) -> int:
    """Endings told: an `Ended`, or the execution that completes the order."""
    return sum(isinstance(each, Ended) for each in events) + (bought(events) == quantity)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_goes_wrong_each_order_is_sent_once_and_told_as_the_exchange_has_it(seed: int) -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, seed, trouble=0.3)
        life = Life(loop, exchange)
        names = [f"b{number}" for number in range(60)]
        for name in names:
            life.submit(an_order(name))
            await asyncio.sleep(0.5)
        await until(lambda: all(map(life.is_over, names)))
        assert sorted(exchange.sent) == sorted(names)
        for name in names:
            events = life.of(name)
            assert bought(events) == exchange.truth(name), (name, events)
            assert ends(events, Decimal(1)) == 1, (name, events)
            assert sum(isinstance(each, Placed) for each in events) <= 1
            assert sum(isinstance(each, InDoubt) for each in events) <= 1
        assert not [key for key in life.findings if key.startswith("strange-order")]
        life.stop()

    run_virtually(scene)


@pytest.mark.parametrize("seed", range(20))
def test_lives_that_end_at_any_moment_neither_send_nor_tell_anything_twice(seed: int) -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, seed, trouble=0.25)
        orders = {f"b{number}": an_order(f"b{number}") for number in range(20)}
        memories: dict[str, Memory] = {}
        events: dict[str, list[VenueEvent]] = {name: [] for name in orders}
        open_orders = dict(orders)
        first = True
        for length in (0.1, 0.3, 1.0, 4.0, 20.0, 3600.0):
            life = Life(loop, exchange)
            for name, order in list(open_orders.items()):
                if first:
                    life.submit(order)
                else:
                    life.executor.take_up(order, memories[name])
            first = False
            give_up_at = loop.time() + length
            await until(lambda: loop.time() >= give_up_at or all(map(life.is_over, open_orders)))  # noqa: B023
            life.stop()
            for name, order in list(open_orders.items()):
                events[name] += life.of(name)
                if life.is_over(name):
                    del open_orders[name]
                elif life.of(name) or name not in memories:
                    memories[name] = life.memory(order)
        assert not open_orders
        assert len(exchange.sent) == len(set(exchange.sent))
        for name in orders:
            assert bought(events[name]) == exchange.truth(name), (name, events[name])
            assert ends(events[name], Decimal(1)) == 1, (name, events[name])

    run_virtually(scene)


@pytest.mark.parametrize("seed", range(10))
def test_an_order_is_cancelled_although_the_exchange_denies_and_answers_badly(seed: int) -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, seed, trouble=0.0)
        life = Life(loop, exchange)
        life.submit(an_order(order_type="limit", limit_price=Decimal(90)))
        await until(lambda: bool(life.of("b0")))
        exchange.fill("b0", Decimal("0.4"))
        exchange.trouble = 0.6
        life.executor.cancel("b0")
        await until(lambda: life.is_over("b0"))
        assert bought(life.of("b0")) == Decimal("0.4")
        assert isinstance(life.of("b0")[-1], Ended)
        assert exchange.kept["b0"].report.status == "cancelled"
        life.stop()

    run_virtually(scene)


def test_an_entry_without_a_lease_is_never_sent() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        life = Life(loop, exchange, lease=False)
        life.submit(an_order("b0"))
        life.submit(an_order("b1", purpose="exit", side="sell"))
        await until(lambda: life.is_over("b0") and life.is_over("b1"))
        assert exchange.sent == ["b1"]
        [ended] = life.of("b0")
        assert isinstance(ended, Ended)
        assert ended.status == "rejected"
        assert "lease" in ended.reason
        life.stop()

    run_virtually(scene)


def test_a_limit_entry_that_waits_too_long_is_taken_back() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        life = Life(loop, exchange, Terms(limit_timeout=30.0))
        life.submit(an_order(order_type="limit", limit_price=Decimal(90)))
        await until(lambda: life.is_over("b0"))
        assert 30 <= loop.time() < 33
        assert exchange.cancels == ["b0"]
        life.stop()

    run_virtually(scene)


def test_the_same_order_handed_over_again_is_not_sent_again() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        life = Life(loop, exchange)
        for _ in range(3):
            life.submit(an_order())
        await until(lambda: life.is_over("b0"))
        life.submit(an_order())
        await asyncio.sleep(60)
        assert exchange.sent == ["b0"]
        life.stop()

    run_virtually(scene)


def test_a_request_that_waits_on_our_side_is_not_given_up_however_often_the_exchange_denies_it() -> None:
    class Slow(ScriptedExchange):
        async def submit(self, order: Order):  # type: ignore[no-untyped-def]
            await asyncio.sleep(120)
            return await super().submit(order)

    async def scene(loop: VirtualLoop) -> None:
        exchange = Slow(loop.time)
        life = Life(loop, exchange)
        life.submit(an_order())
        await until(lambda: life.is_over("b0"))
        assert bought(life.of("b0")) == Decimal(1)
        assert [type(each) for each in life.of("b0")[:2]] == [InDoubt, Placed]
        life.stop()

    run_virtually(scene)


def test_without_our_ids_an_order_is_found_by_what_it_is_and_never_mixed_up_with_the_one_before() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, market=replace(MARKET, finds_by_client_id=False))
        life = Life(loop, exchange)
        life.submit(an_order("b0"))
        await until(lambda: life.is_over("b0"))
        life.executor.take_up(an_order("b1"), Memory())
        await until(lambda: life.is_over("b1"))
        assert [type(each) for each in life.of("b1")] == [Ended]
        life.stop()

    run_virtually(scene)


class TellsNamesWhenAsked(ScriptedExchange):
    """Of an order that is asked for by the exchange's id, it tells ours; lists tell none."""

    async def order(self, order: Order) -> OrderReport | None:
        known = {kept.report.exchange_order_id: kept.report for kept in self.kept.values()}
        return known.get(order.venue_order_id or "")


def test_an_order_that_fits_and_proves_to_be_another_bots_is_not_taken_for_ours() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = TellsNamesWhenAsked(loop.time, market=replace(MARKET, finds_by_client_id=False))
        exchange.place(an_order("other"))
        life = Life(loop, exchange)
        life.executor.take_up(an_order("b1"), Memory())
        await until(lambda: life.is_over("b1"))
        assert [type(each) for each in life.of("b1")] == [Ended]
        exchange.place(an_order("b2"))
        life.executor.take_up(an_order("b2"), Memory())
        await until(lambda: life.is_over("b2"))
        assert Executed in [type(each) for each in life.of("b2")]
        life.stop()

    run_virtually(scene)


def test_an_order_without_a_name_is_taken_by_one_of_two_bots_that_look_for_the_same() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, market=replace(MARKET, finds_by_client_id=False))
        exchange.place(an_order("b0"))
        lives = [Life(loop, exchange), Life(loop, exchange)]
        for number, life in enumerate(lives):
            life.executor.take_up(an_order(f"b{number}"), Memory())
        await until(lambda: all(life.is_over(f"b{number}") for number, life in enumerate(lives)))
        got = [bought(life.of(f"b{number}")) for number, life in enumerate(lives)]
        assert sorted(got) == [Decimal(0), exchange.truth("b0")]
        for life in lives:
            life.stop()

    run_virtually(scene)


def test_strange_orders_under_our_name_and_a_missing_balance_are_found() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        exchange.place(an_order("b-lost", order_type="limit", limit_price=Decimal(90)))
        exchange.place(an_order("other", order_type="limit", limit_price=Decimal(90)))
        life = Life(loop, exchange)
        life.executor.held = Decimal(1)
        await until(lambda: len(life.findings) == 2)
        assert set(life.findings) == {"strange-order/b-lost", "uncovered-position"}
        assert life.executor.obstacle is not None
        life.stop()

    run_virtually(scene)


def test_an_order_that_turns_up_after_all_denials_is_told_of_however_it_ended() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        life, order = Life(loop, exchange), an_order("b1")
        life.executor.take_up(order, Memory.of(replace(order, status="submitted")))
        await until(lambda: life.is_over("b1"))
        exchange.place(order)
        await until(lambda: life.findings == ["late-order/b1"])
        assert life.executor.obstacle is None
        life.stop()

    run_virtually(scene)


def test_how_long_orders_took_is_counted_to_the_answer_and_not_without_one() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, 1, trouble=0.0)
        life = Life(loop, exchange)
        for name in ("b0", "b1"):
            life.executor.submit(an_order(name), loop.time() - 2.0)
        await until(lambda: life.is_over("b0") and life.is_over("b1"))
        sending, answered = life.executor.latencies["sending"], life.executor.latencies["answered"]
        assert sum(sending.counts) == sum(answered.counts) == 2
        assert 4.0 <= sending.total <= answered.total
        life.stop()

    run_virtually(scene)


def test_an_order_that_may_not_be_sent_counts_for_nothing() -> None:
    async def scene(loop: VirtualLoop) -> None:
        life = Life(loop, ScriptedExchange(loop.time, 1, trouble=0.0), lease=False)
        life.submit(an_order())
        await until(lambda: life.is_over("b0"))
        assert life.executor.latencies == {}
        life.stop()

    run_virtually(scene)


@pytest.mark.parametrize(("boot", "is_learned"), [("one boot", True), (None, False)])
def test_lives_too_short_to_wait_for_the_exchanges_no_wait_for_it_together(boot: str | None, is_learned: bool) -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        order = an_order("b1")
        memory = Memory.of(replace(order, status="submitted"))
        ends: list[VenueEvent] = []
        for _ in range(6):
            memory = Memory.from_state(memory.taken_up(Instant(boot, loop.time())).state())
            life = Life(loop, exchange)
            life.executor.take_up(order, memory)
            await asyncio.sleep(exchange.acceptance_window.total_seconds() / 2)
            ends += [each for each in life.of("b1") if isinstance(each, Ended)]
            life.stop()
            if ends:
                break
        assert bool(ends) is is_learned

    run_virtually(scene)


def test_until_the_account_agrees_nothing_may_be_bought_and_then_all_goes_on_by_itself() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time)
        exchange.objection = "hedge mode"
        life = Life(loop, exchange)
        await until(lambda: life.findings == ["margin-terms"])
        assert "hedge mode" in str(life.executor.obstacle)
        exchange.objection = None
        await until(lambda: life.executor.obstacle is None)
        life.stop()

    run_virtually(scene)


def test_an_account_that_cannot_be_examined_says_why_nothing_is_bought() -> None:
    async def scene(loop: VirtualLoop) -> None:
        exchange = ScriptedExchange(loop.time, trouble=0.99)
        life = Life(loop, exchange)
        await until(lambda: "502" in str(life.executor.obstacle))
        exchange.trouble = 0.0
        await until(lambda: life.executor.obstacle is None)
        life.stop()

    run_virtually(scene)
