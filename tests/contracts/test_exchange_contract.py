"""What every exchange behind the port does: a real one through its client, and the account on paper."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.clock import SystemClock
from common.errors import ConfigurationError
from common.spec.model import BrokerSpec
from common.trading.order import Order
from common.wire.ticket import Credentials, ExchangeTicket
from worker.exchange_sim.setup import AccountSetup, MarketSetup, SimSetup
from worker.exchange_sim.sim import ExchangeSim
from worker.venue.exchange.exchange import CcxtExchange
from worker.venue.exchange_port import (
    Accepted,
    Doubtful,
    Exchange,
    ExchangeAuthenticationError,
    ExchangeUnavailable,
    InstrumentKind,
    MarginTerms,
    OrderReport,
    Refused,
)
from worker.venue.paper import PaperExchange

SYMBOL = "BTC/USDT"
NAMES: dict[InstrumentKind, str] = {"spot": SYMBOL, "linear": "BTC/USDT:USDT"}
PATIENCE = 20.0


@dataclass
class Scene:
    """A stand-in exchange, and the port to it in one form or the other."""

    sim: ExchangeSim
    kind: str
    """`live` or `paper`."""
    market_type: InstrumentKind
    folder: Path

    @property
    def name(self) -> str:
        """Of the instrument."""
        return NAMES[self.market_type]

    def exchange(self, **changes: Any) -> Exchange:
        account = self.sim.setup.accounts[0]
        keys = Credentials(api_key=account.api_key, secret=changes.pop("secret", account.secret))
        options = self.sim.ccxt_options(keys=False) | {"timeout": 1000}
        live = self.kind == "live"
        ticket = ExchangeTicket(
            exchange="binance",
            mode="live" if live else "public",
            options=options,
            credentials=keys if live else None,
            bucket_dir=self.folder / "rates",
        )
        clock = SystemClock()
        symbol, interval = changes.get("symbol", SYMBOL), changes.get("interval", "1s")
        market = CcxtExchange(ticket, symbol, self.market_type, interval, clock, changes.get("terms"))
        return market if live else PaperExchange(market, BrokerSpec(type="binance"), clock)

    def run(self, play: Callable[[Exchange], Awaitable[None]], **changes: Any) -> None:
        async def played() -> None:
            exchange = self.exchange(**changes)
            await exchange.open()
            try:
                await play(exchange)
            finally:
                await exchange.close()

        asyncio.run(asyncio.wait_for(played(), 3 * PATIENCE))


@contextmanager
def a_scene(kind: str, market_type: InstrumentKind, folder: Path, **account: Any) -> Iterator[Scene]:
    setup = SimSetup(markets=(MarketSetup(symbol=NAMES[market_type]),), accounts=(AccountSetup(**account),))
    with ExchangeSim(setup) as sim:
        sim.set_price(SYMBOL, 100)
        yield Scene(sim, kind, market_type, folder)


@pytest.fixture(params=["live spot", "live linear", "paper spot", "paper linear"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    kind, market_type = request.param.split()
    with a_scene(kind, market_type, tmp_path) as made:
        yield made


@pytest.fixture(params=["spot", "linear"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with a_scene("live", request.param, tmp_path) as made:
        yield made


@pytest.fixture
def perpetual(tmp_path: Path) -> Iterator[Scene]:
    with a_scene("live", "linear", tmp_path) as made:
        yield made


def an_order(key: str = "tag1bot1000001", side: str = "buy", quantity: str = "0.5", **more: Any) -> Order:
    now = datetime.now(UTC)
    fields = {"order_type": "market", "purpose": "entry" if side == "buy" else "exit", **more}
    return Order(
        client_order_id=key,
        symbol=SYMBOL,
        side=side,  # type: ignore[arg-type]
        quantity=Decimal(quantity),
        created_at=now,
        updated_at=now,
        reason="test",
        correlation_id=key,
        **fields,
    )


async def final(exchange: Exchange, order: Order) -> OrderReport:
    """The order's report once it is over, by news and by asking."""
    async with asyncio.timeout(PATIENCE):
        while True:
            report = await exchange.order(order)
            assert report is not None
            if report.status != "open":
                return report
            await exchange.next_quote()


def test_the_market_has_rules_candles_and_prices(scene: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        market = exchange.market
        assert (market.symbol, market.base, market.quote) == (scene.name, "BTC", "USDT")
        assert market.amount_step > 0
        assert market.price_step > 0
        since = datetime.now(UTC) - timedelta(seconds=20)
        candles = await exchange.candles("1s", since, 50)
        opened = [candle.opened_at for candle in candles]
        assert opened == sorted(set(opened))
        assert opened[0] >= since - timedelta(seconds=1)
        assert await exchange.candles("1s", since, 5)
        quote = await exchange.quote()
        assert 0 < quote.bid <= quote.last <= quote.ask
        assert (await exchange.next_quote()).bid > 0
        assert await exchange.next_candles("1s")

    scene.run(play)


def test_a_market_order_is_filled_and_its_executions_add_up(scene: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        order = an_order()
        submission = await exchange.submit(order)
        assert isinstance(submission, Accepted)
        report = await final(exchange, order)
        assert (report.status, report.filled, report.client_order_id) == ("filled", order.quantity, "tag1bot1000001")
        fills = await exchange.executions(order.created_at - timedelta(minutes=1))
        assert sum((fill.quantity for fill in fills), Decimal(0)) == order.quantity
        assert {fill.exchange_order_id for fill in fills} == {report.exchange_order_id}
        assert all(fill.fee > 0 and fill.fee_currency in ("BTC", "USDT") for fill in fills)
        assert await exchange.executions(order.created_at - timedelta(minutes=1), "another") == []

    scene.run(play)


def test_a_resting_order_is_listed_found_and_taken_back_once(scene: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        order = an_order(order_type="limit", limit_price=Decimal(50))
        assert isinstance(await exchange.submit(order), Accepted)
        (listed,) = await exchange.open_orders()
        assert (listed.client_order_id, listed.status, listed.price) == (order.client_order_id, "open", Decimal(50))
        assert await exchange.cancel(order) == "cancelled"
        assert await exchange.cancel(order) == "gone"
        assert (await final(exchange, order)).status == "cancelled"
        assert await exchange.open_orders() == []

    scene.run(play)


def test_a_limit_that_the_price_reaches_is_filled_no_worse(scene: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        order = an_order(order_type="limit", limit_price=Decimal(90))
        assert isinstance(await exchange.submit(order), Accepted)
        scene.sim.set_price(SYMBOL, 80)
        report = await final(exchange, order)
        assert report.status == "filled"
        assert report.average_price is not None
        assert report.average_price <= Decimal(90)

    scene.run(play)


def test_news_of_an_order_comes_by_itself(scene: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        listening = asyncio.ensure_future(exchange.next_order_news())
        order = an_order()
        async with asyncio.timeout(PATIENCE):
            for number in range(40):
                # A subscription begins a moment after it is asked for; what was before it is not told.
                await exchange.submit(an_order(f"tag1bot10001{number:02d}"))
                if listening in (await asyncio.wait({listening}, timeout=0.25))[0]:
                    break
        assert all(report.client_order_id != order.client_order_id for report in listening.result())
        assert all(str(report.client_order_id).startswith("tag1bot10001") for report in listening.result())

    scene.run(play)


@pytest.mark.parametrize(("quantity", "why"), [("0.0000001", "step"), ("0.001", "worth")])
def test_what_the_market_does_not_take_is_refused_with_its_reason(scene: Scene, quantity: str, why: str) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.quote()
        submission = await exchange.submit(an_order(quantity=quantity))
        assert isinstance(submission, Refused)
        assert why in submission.reason

    scene.run(play)
    assert scene.sim.orders() == []


def test_an_order_that_was_never_sent_is_not_there(scene: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        assert await exchange.order(an_order("tag1bot1999999")) is None

    scene.run(play)


def test_an_order_that_rested_when_its_life_ended_is_there_in_the_next(scene: Scene) -> None:
    placed: list[str] = []

    async def first(exchange: Exchange) -> None:
        submission = await exchange.submit(an_order(order_type="limit", limit_price=Decimal(50)))
        assert isinstance(submission, Accepted)
        placed.append(submission.report.exchange_order_id)

    async def second(exchange: Exchange) -> None:
        order = an_order(order_type="limit", limit_price=Decimal(50), venue_order_id=placed[0], status="accepted")
        report = await exchange.order(order)
        assert report is not None
        assert report.status == "open"
        assert await exchange.cancel(order) == "cancelled"

    scene.run(first)
    scene.run(second)


@pytest.mark.parametrize("change", [{"symbol": "NO/SUCH"}, {"interval": "7s"}])
def test_what_the_exchange_does_not_have_is_named(scene: Scene, change: dict[str, str]) -> None:
    async def play(exchange: Exchange) -> None:
        pytest.fail("it must not open")

    with pytest.raises(ConfigurationError, match=next(iter(change.values()))):
        scene.run(play, **change)


def test_a_wrong_key_is_an_error_of_authentication(live: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        pytest.fail("it must not open")

    with pytest.raises(ExchangeAuthenticationError):
        live.run(play, secret="wrong")


@pytest.mark.parametrize(
    ("fault", "more", "verdict", "there"),
    [
        ("hang_up", {"when": "after"}, Doubtful, True),
        ("hang_up", {"when": "before"}, Doubtful, False),
        ("error", {"status": 502}, Doubtful, True),
        ("late", {"seconds": 2.0}, Doubtful, True),
        ("empty", {}, Doubtful, True),
        ("malformed", {}, Doubtful, True),
        ("too_many", {"retry_after": 1}, Refused, False),
        ("reject", {}, Refused, False),
    ],
)
def test_whatever_becomes_of_the_answer_the_verdict_claims_no_more_than_is_known(
    live: Scene, fault: str, more: dict[str, Any], verdict: type, there: bool
) -> None:
    async def play(exchange: Exchange) -> None:
        live.sim.fault(fault, "order.create", next=1, **more)
        order = an_order()
        assert isinstance(await exchange.submit(order), verdict)
        live.sim.clear_faults()

    live.run(play)
    assert len(live.sim.orders()) == there


def test_a_question_is_repeated_and_one_order_is_not(live: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        live.sim.fault("error", "account", next=2)
        assert (await exchange.balance()).total["USDT"] == Decimal(10000)
        live.sim.fault("hang_up", "order.create", when="before")
        await exchange.submit(an_order())

    live.run(play)
    assert sum(request["kind"] == "order.create" for request in live.sim.requests()) == 1


def test_after_too_many_requests_nobody_asks_until_the_time_that_was_named(live: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        live.sim.fault("too_many", "*", next=1, retry_after=30)
        before = len(live.sim.requests())
        refused = await exchange.submit(an_order())
        assert isinstance(refused, Refused)
        again = await exchange.submit(an_order("tag1bot1000002"))
        assert isinstance(again, Refused)
        assert "fewer calls" in again.reason
        assert len(live.sim.requests()) == before + 1

    live.run(play)


def test_an_exchange_that_does_not_answer_is_not_asked_by_everybody(live: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        live.sim.fault("maintenance", "*")
        for _ in range(5):
            with pytest.raises(ExchangeUnavailable):
                await exchange.balance()
        before = len(live.sim.requests())
        with pytest.raises(ExchangeUnavailable, match="not asked"):
            await exchange.balance()
        assert len(live.sim.requests()) == before

    live.run(play)


def test_the_instrument_is_described_once_and_anew_after_a_refusal(live: Scene) -> None:
    async def nothing(exchange: Exchange) -> None:
        assert exchange.market.symbol == live.name

    async def refused(exchange: Exchange) -> None:
        assert isinstance(await exchange.submit(an_order(quantity="100000")), Refused)

    def asked() -> int:
        return sum(request["kind"] == "exchange_info" for request in live.sim.requests())

    counts = []
    for play in (nothing, nothing, refused, nothing):
        live.run(play)
        counts.append(asked())
    assert counts == [1, 1, 1, 2]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"symbol": "BTC/USDT"}'])
def test_a_damaged_description_is_asked_for_again(live: Scene, content: str) -> None:
    async def play(exchange: Exchange) -> None:
        assert exchange.market.amount_step > 0

    live.run(play)
    (kept,) = (live.folder / "rates" / "markets").iterdir()
    kept.write_text(content)
    live.run(play)


def test_a_skewed_clock_is_measured(live: Scene) -> None:
    live.sim.set_skew(30.0)

    async def play(exchange: Exchange) -> None:
        assert abs(exchange.clock_offset - timedelta(seconds=30)) < timedelta(seconds=2)
        assert isinstance(await exchange.submit(an_order()), Accepted)

    live.run(play)


def test_what_is_bought_is_held_and_what_is_sold_is_not(live: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        assert await exchange.holding() == 0
        assert isinstance(await exchange.submit(an_order()), Accepted)
        held = await exchange.holding()
        assert Decimal("0.499") <= held <= Decimal("0.5")  # spot: less a fee in what was bought
        sold = an_order("tag1bot1000002", "sell", quantity="0.3")
        assert isinstance(await exchange.submit(sold), Accepted)
        assert await exchange.holding() == held - Decimal("0.3")

    live.run(play)


def test_a_short_position_is_held_below_nothing(perpetual: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        perpetual.sim.set_position("rehearsal", SYMBOL, "-0.25")
        assert await exchange.holding() == Decimal("-0.25")

    perpetual.run(play)


def test_an_order_that_leaves_a_position_never_opens_one(perpetual: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        assert isinstance(await exchange.submit(an_order("tag1bot1000001", "sell")), Refused)
        assert isinstance(await exchange.submit(an_order("tag1bot1000002", quantity="0.2")), Accepted)
        leaving = an_order("tag1bot1000003", "sell", quantity="0.5")
        assert isinstance(await exchange.submit(leaving), Accepted)
        assert (await final(exchange, leaving)).filled == Decimal("0.2")
        assert await exchange.holding() == 0

    perpetual.run(play)


def settings_of(scene: Scene) -> tuple[str, str]:
    (position,) = scene.sim.positions()["rehearsal"]
    return position["leverage"], position["marginType"]


def test_the_account_is_set_to_the_terms_and_only_what_differs_is_sent(perpetual: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        assert await exchange.agree() is None
        assert settings_of(perpetual) == ("3", "isolated")

    terms = MarginTerms(leverage=Decimal(3), margin_mode="isolated")
    perpetual.run(play, terms=terms)
    perpetual.run(play, terms=terms)
    kinds = [request["kind"] for request in perpetual.sim.requests()]
    assert (kinds.count("leverage.set"), kinds.count("margin_mode.set")) == (1, 1)


def test_without_terms_the_account_stays_as_it_is(perpetual: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        assert await exchange.agree() is None

    perpetual.run(play)
    assert settings_of(perpetual) == ("20", "cross")


def test_an_account_in_hedge_mode_is_objected_to(tmp_path: Path) -> None:
    async def play(exchange: Exchange) -> None:
        assert "hedge mode" in str(await exchange.agree())

    with a_scene("live", "linear", tmp_path, hedged=True) as scene:
        scene.run(play, terms=MarginTerms())


def test_terms_that_the_exchange_refuses_are_objected_to_with_their_remedy(perpetual: Scene) -> None:
    async def too_much(exchange: Exchange) -> None:
        assert "trading.leverage" in str(await exchange.agree())

    async def while_held(exchange: Exchange) -> None:
        perpetual.sim.set_position("rehearsal", SYMBOL, "0.1")
        assert "broker.margin_mode" in str(await exchange.agree())

    perpetual.run(too_much, terms=MarginTerms(leverage=Decimal(500)))
    perpetual.run(while_held, terms=MarginTerms(margin_mode="isolated"))


def test_an_exchange_that_does_not_answer_about_the_terms_is_no_objection(perpetual: Scene) -> None:
    async def play(exchange: Exchange) -> None:
        perpetual.sim.fault("hang_up", "leverage.set")
        with pytest.raises(ExchangeUnavailable):
            await exchange.agree()

    perpetual.run(play, terms=MarginTerms(leverage=Decimal(2)))
