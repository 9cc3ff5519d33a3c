"""A bot that is killed again and again trades exactly as one that runs through."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from effort import examples
from engine_scenes import (
    BUY,
    FREE,
    SELL,
    Killed,
    Record,
    at,
    file_data,
    flat,
    live,
    scripted,
    spec_for,
    ticket_for,
    write_bars,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from common.clock import SystemClock
from common.spec import PaperSpec, RiskSpec, StrategySpec, TradingSpec
from worker.engine.run import Outcome, Trading
from worker.progress import Progress
from worker.strategies.contract import BotStrategy

D = Decimal


class Moody(BotStrategy):
    """Decides by a number that it carries along, so that a lost or repeated bar shows in every later decision."""

    def __init__(self) -> None:
        super().__init__()
        self.mood = 1

    def on_bar(self) -> None:
        self.mood = (self.mood * 48271 + self.desk.bar_number + int(self.data.close[0] * 1000)) % 2147483647
        if self.desk.pending:
            return
        if self.desk.position is None:
            if self.mood % 3 == 0:
                self.desk.enter(f"mood {self.mood}")
        elif self.mood % 4 == 0:
            self.desk.leave(f"mood {self.mood}")

    def on_entry(self, position: Any) -> None:
        self.mood += position.entry_bar

    def on_exit(self, reason: str) -> None:
        self.mood += len(reason)

    def state(self) -> dict[str, Any]:
        return {"mood": self.mood}

    def restore(self, state: dict[str, Any]) -> None:
        self.mood = state["mood"]


class Assassin(Record):
    """Kills the life at its n-th commit, before or after the commit is on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.after = False

    def aim(self, commits: int, after: bool) -> None:
        self.left, self.after = commits, after

    def commit(self, facts: Any, checkpoint: Any, *, deliver: bool = False, **_: bool) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                if self.after:
                    super().commit(facts, checkpoint, deliver=deliver)
                raise Killed
        super().commit(facts, checkpoint, deliver=deliver)


def without_ids(facts: list[Any]) -> list[dict[str, Any]]:
    """Facts with client order ids replaced by the order of their first appearance."""
    names: dict[str, str] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, str) and value.startswith("test0007"):
            head, dash, tail = value.partition("-")
            return names.setdefault(head, f"id{len(names)}") + dash + tail
        return value

    # a life killed right after the end of its data is followed by one that reports the end again
    return [plain(fact.model_dump()) for fact in facts if fact.kind != "finished"]


def random_walk(seed: int, length: int) -> list[tuple[float, float, float, float]]:
    chance, price, rows = random.Random(seed), 100.0, []
    for _ in range(length):
        open_ = round(price * chance.uniform(0.98, 1.02), 4)
        close = round(open_ * chance.uniform(0.94, 1.06), 4)
        high = round(max(open_, close) * chance.uniform(1, 1.03), 4)
        low = round(min(open_, close) * chance.uniform(0.97, 1), 4)
        rows.append((open_, high, low, close))
        price = close
    return rows


RISKS = st.builds(
    RiskSpec,
    stop_loss_pct=st.sampled_from([None, D(2), D(5)]),
    take_profit_pct=st.sampled_from([None, D(3), D(8)]),
    trailing_stop=st.just(True),
    trailing_stop_pct=st.sampled_from([D(3), D(60)]),
    trailing_stop_activation_pct=st.sampled_from([None, D(2)]),
    max_daily_trades=st.sampled_from([None, 2, 5]),
    max_daily_loss=st.sampled_from([None, D(20)]),
)
PAPERS = st.sampled_from(
    [
        PaperSpec(),
        PaperSpec(
            slippage_model="sqrt", base_slippage=D("0.001"), partial_fill_probability=0.5, reject_probability=0.3
        ),
        PaperSpec(min_latency_ms=100.0, max_latency_ms=5000.0, partial_fill_probability=0.4, seed=9),
    ]
)


@settings(max_examples=examples(25), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kills=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=8),
    risk=RISKS,
    paper=PAPERS,
    limited=st.booleans(),
    checkpoint_bars=st.sampled_from([1, 3, 64]),
)
def test_kills_at_any_commit_change_nothing(seed, kills, risk, paper, limited, checkpoint_bars):
    with TemporaryDirectory() as folder:
        data = file_data(write_bars(Path(folder), random_walk(seed, 60)), interval="1s", interval_seconds=2)
        broker = FREE.model_copy(update={"commission_rate": D("0.001")})
        trading = TradingSpec(order_type="limit" if limited else "market", max_drawdown_pct=D(30))
        spec = spec_for(data, broker=broker, risk=risk, paper=paper, trading=trading)
        whole = live(spec, Moody, ticket=ticket_for(checkpoint_bars=checkpoint_bars)).record
        torn = Assassin()
        for life, (commits, after) in enumerate(kills, start=1):
            torn.aim(commits, after)
            try:
                ticket = ticket_for(life, checkpoint_bars=checkpoint_bars)
                live(spec, Moody, record=torn, ticket=ticket, checkpoint=torn.newest)
            except Killed:
                continue
            break
        torn.left = None
        if not torn.of("finished"):
            last = ticket_for(99, checkpoint_bars=checkpoint_bars)
            live(spec, Moody, record=torn, ticket=last, checkpoint=torn.newest)
    assert without_ids(torn.facts) == without_ids(whole.facts)
    assert [c.revision for c in torn.checkpoints] == list(range(1, len(torn.checkpoints) + 1))


@settings(max_examples=examples(20), deadline=None)
@given(seed=st.integers(0, 10**6), risk=RISKS)
def test_the_money_always_adds_up(seed, risk):
    with TemporaryDirectory() as folder:
        data = file_data(write_bars(Path(folder), random_walk(seed, 60)))
        broker = FREE.model_copy(update={"commission_rate": D("0.001")})
        whole = StrategySpec(position_size=D(1))
        record = live(spec_for(data, broker=broker, risk=risk, strategy=whole), Moody).record
    trades, fills = record.trades(), record.of("fill")
    net = sum((trade.net_pnl for trade in trades if trade.net_pnl is not None), D(0))
    spent = sum(
        (fill.quantity * fill.price * (1 if fill.side == "buy" else -1) + fill.commission for fill in fills), D(0)
    )
    held = sum((trade.entry_value + trade.commission for trade in trades if trade.status == "open"), D(0))
    state = record.checkpoints[-1].state["book"]
    assert D(state["cash"]) == 1000 - spent == 1000 + net - held >= 0
    assert record.of("account")[-1].balance == 1000 + net
    for closed in (trade for trade in trades if trade.status == "closed"):
        assert closed.net_pnl == closed.exit_value - closed.entry_value - closed.commission
    for position in record.of("position"):
        assert (position.qty_open == 0) == (position.status == "closed")


def test_a_stop_between_bars_and_a_new_life_are_one_run(tmp_path):
    data = file_data(write_bars(tmp_path, random_walk(5, 40)))
    whole = live(spec_for(data), Moody).record
    torn = Record()

    class Stopping(Moody):
        def on_bar(self) -> None:
            super().on_bar()
            if self.desk.bar_number % 7 == 3:
                trading.request_stop()

    outcome, incarnation = Outcome.STOPPED, 0
    while outcome is Outcome.STOPPED:
        incarnation += 1
        ticket = ticket_for(incarnation)
        trading = Trading(
            spec_for(data), ticket, torn.newest, torn.commit, Progress(), SystemClock(), strategy=Stopping
        )
        outcome = trading.run()
        assert torn.delivered[-1]
    assert incarnation == 7
    # a life that stops with an order under way says that the venue has it
    told = [fact for fact in torn.facts if getattr(fact, "status", None) != "accepted"]
    assert without_ids(told) == without_ids(whole.facts)


def test_a_decision_that_waits_for_the_open_survives(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10), flat(11), flat(12), flat(13)]))
    torn = Assassin()
    torn.aim(1, after=True)  # the opening commit, then the bar that decided
    with pytest.raises(Killed):
        live(spec_for(data), scripted({0: BUY}), record=torn)
    torn.left = None
    assert torn.newest is not None
    assert torn.newest.bar_at == at(0)
    second = scripted({2: SELL})
    live(spec_for(data), second, record=torn, ticket=ticket_for(2), checkpoint=torn.newest)
    (trade,) = torn.trades()
    assert (trade.entry_time, trade.entry_price, trade.exit_price) == (at(1), D(11), D(13))
    assert second.seen[:2] == [("entry", 1), ("bar", 1)]


def test_decided_bars_only_warm_up(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 6))
    first = live(spec_for(data), scripted({}), ticket=ticket_for(checkpoint_bars=1)).record
    third = first.checkpoints[3]  # after the opening commit: bars 0, 1, 2
    again = scripted({})
    life = live(spec_for(data), again, ticket=ticket_for(2), checkpoint=third)
    assert again.seen == [("bar", 3), ("bar", 4), ("bar", 5)]
    assert life.progress.bars == 6


def test_a_bar_without_facts_is_checkpointed_now_and_then(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 10))
    record = live(spec_for(data), scripted({}), ticket=ticket_for(checkpoint_bars=4)).record
    assert [c.bar_at for c in record.checkpoints] == [None, at(3), at(7), at(9)]
    assert record.delivered == [True, False, False, True]


def test_a_failing_strategy_ends_the_life_and_its_bar_is_decided_again(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5))
    record = Record()

    def fail(_: Any) -> None:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        live(spec_for(data), scripted({0: BUY, 1: fail}), record=record)
    assert record.trades() == []
    live(spec_for(data), scripted({1: SELL}), record=record, ticket=ticket_for(2), checkpoint=record.newest)
    assert [(trade.entry_time, trade.exit_time) for trade in record.trades()] == [(at(1), at(2))]


def test_a_finished_bot_started_again_finishes_again_without_trading(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 4))
    record = live(spec_for(data), scripted({0: BUY})).record
    again = live(spec_for(data), scripted({0: BUY, 3: SELL}), ticket=ticket_for(2), checkpoint=record.newest)
    assert again.outcome is Outcome.FINISHED
    assert [fact.kind for fact in again.record.facts] == ["finished"]


def test_a_file_that_grew_goes_on_after_the_last_decided_bar(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 3))
    record = live(spec_for(data), scripted({0: BUY})).record
    write_bars(tmp_path, [flat(10)] * 3 + [flat(12)] * 3)
    live(spec_for(data), scripted({3: SELL}), record=record, ticket=ticket_for(2), checkpoint=record.newest)
    (trade,) = record.trades()
    assert (trade.exit_time, trade.exit_price) == (at(4), D(12))
