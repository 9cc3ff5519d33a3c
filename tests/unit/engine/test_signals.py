"""A strategy's signals on their way: followed, or refused and recorded; every stage told under one id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from engine_scenes import (
    BUY,
    SELL,
    Killed,
    Record,
    at,
    file_data,
    flat,
    live,
    play,
    scripted,
    spec_for,
    ticket_for,
    write_bars,
)
from loguru import logger

from common.errors import BotvisorError
from common.spec import PaperSpec, RiskSpec, TradingSpec
from common.wire.ticket import TradeRow
from worker.strategies.contract import BotStrategy, Signal

D = Decimal


def emit(**changes: Any) -> Any:
    """A line of a script: a sound signal of the bar's close, but for `changes`."""

    def decide(strategy: Any) -> None:
        desk = strategy.desk
        values = {
            "side": "buy",
            "symbol": strategy.spec.symbol,
            "price": strategy.data.close[0],
            "time": desk.bar_time,
            "reason": "pattern",
        }
        desk.signal(Signal(**values | changes))

    return decide


def rules(record: Record) -> list[str]:
    return [denial.rule for denial in record.denials()]


def test_a_signal_is_traded_as_its_shorthand_is(tmp_path):
    rows = [flat(10), flat(11), flat(12), flat(12)]
    signalled = play(tmp_path, rows, {0: emit(reason="signal"), 1: emit(side="sell", reason="done")})
    shorthand = play(tmp_path, rows, {0: BUY, 1: SELL})
    assert signalled.facts == shorthand.facts
    assert [trade.status for trade in signalled.trades()] == ["closed"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"quantity": -1.0}, "signal_size"),
        ({"fraction": float("nan")}, "signal_size"),
        ({"price": float("inf")}, "signal_price"),
        ({"confidence": 1.5}, "signal_confidence"),
        ({"side": "hold"}, "signal_side"),
        ({"symbol": "ETHUSDT"}, "signal_symbol"),
        ({"reason": None}, "signal_reason"),
        ({"time": at(1) - timedelta(seconds=1)}, "signal_stale"),
        ({"time": at(3) + timedelta(seconds=1)}, "signal_future"),
        ({"side": "sell"}, "signal_short"),
    ],
)
def test_an_unsound_signal_makes_no_order_and_is_recorded(tmp_path, change, rule):
    answers: list[bool] = []

    def decide(strategy: Any) -> None:
        values = {"side": "buy", "symbol": "BTCUSDT", "price": 10.0, "time": at(2), "reason": "r"}
        answers.append(strategy.desk.signal(Signal(**values | change)))

    record = play(tmp_path, [flat(10)] * 5, {2: decide})
    (denial,) = record.denials()
    assert (denial.rule, denial.decided_at) == (rule, at(2))
    assert denial.message
    assert denial.denial_key == denial.correlation_id
    assert answers == [False]
    assert record.orders() == []


def test_the_bar_before_is_still_news_and_the_one_before_that_is_stale(tmp_path):
    record = play(tmp_path, [flat(10)] * 6, {2: emit(time=at(0)), 3: emit(time=at(2))})
    assert rules(record) == ["signal_stale"]
    assert [trade.buy_order_created for trade in record.trades()] == [at(3)]


def test_a_repeated_purchase_on_one_bar_is_refused_and_the_first_stands(tmp_path):
    def twice(strategy: Any) -> None:
        emit()(strategy)
        emit()(strategy)

    record = play(tmp_path, [flat(10)] * 3, {0: twice})
    assert rules(record) == ["signal_duplicate"]
    assert len(record.orders()) == 1


def test_the_next_bar_may_ask_for_the_same_side_again(tmp_path):
    record = play(tmp_path, [flat(10)] * 8, {0: emit(), 1: SELL, 2: emit(), 3: SELL})
    assert rules(record) == []
    assert len(record.trades()) == 2


def test_a_corrected_signal_is_no_repetition_of_the_unsound_one(tmp_path):
    def again(strategy: Any) -> None:
        emit(quantity=-5, signal_id="a")(strategy)
        emit(quantity=5, signal_id="a")(strategy)

    record = play(tmp_path, [flat(10)] * 3, {0: again})
    assert rules(record) == ["signal_size"]
    assert [trade.size for trade in record.trades()] == [D(5)]


def test_an_id_is_followed_once_also_by_the_next_life(tmp_path):
    class Dying(Record):
        def commit(self, facts: Any, checkpoint: Any, *, deliver: bool = False, **_: bool) -> None:
            super().commit(facts, checkpoint, deliver=deliver)
            if any(fact.kind == "trade" and fact.status == "closed" for fact in facts):
                raise Killed

    data = file_data(write_bars(tmp_path, [flat(10)] * 8))
    script = {0: emit(signal_id="a"), 1: SELL, 4: emit(signal_id="a"), 5: emit(signal_id="b")}
    record = Dying()
    with pytest.raises(Killed):
        live(spec_for(data), scripted(script), record=record)
    after = live(spec_for(data), scripted(script), checkpoint=record.newest, ticket=ticket_for(2)).record
    assert rules(after) == ["signal_duplicate"]
    assert [trade.buy_order_created for trade in after.trades()] == [at(5)]


def test_a_refused_exit_is_recorded_under_its_trade_and_the_position_stays(tmp_path):
    record = play(tmp_path, [flat(10)] * 5, {0: emit(), 2: emit(side="sell", quantity=1)})
    (denial,), (trade,) = record.denials(), record.trades()
    assert (denial.rule, denial.side, trade.status) == ("signal_size", "sell", "open")
    assert denial.correlation_id == trade.details["correlation_id"] != denial.denial_key


def test_fraction_and_quantity_size_the_order(tmp_path):
    for size, expected in (({"fraction": 0.2}, 20), ({"quantity": 3}, 3), ({"quantity": 3000}, 100), ({}, 50)):
        (trade,) = play(tmp_path, [flat(10)] * 3, {0: emit(**size)}).trades()
        assert trade.size == expected


def test_the_price_of_a_signal_is_the_limit_of_a_limit_entry(tmp_path):
    rows = [flat(10), (10, 10, 9, 10), flat(10)]
    for price, statuses in ((9.5, ["filled"]), (8.5, ["expired"])):
        record = play(tmp_path, rows, {0: emit(price=price)}, trading=TradingSpec(order_type="limit"))
        assert [order.status for order in record.orders()] == statuses
        assert [order.limit_price for order in record.orders()] == [D(str(price))]


def test_signals_are_made_in_on_bar_and_are_signals(tmp_path):
    class Hasty(BotStrategy):
        def on_bar(self) -> None:
            self.desk.enter("now")

        def on_entry(self, position: Any) -> None:
            emit()(self)

    data = file_data(write_bars(tmp_path, [flat(10)] * 3))
    with pytest.raises(BotvisorError, match=r"desk\.signal was called outside on_bar"):
        live(spec_for(data), Hasty)
    with pytest.raises(BotvisorError, match=r"takes a worker\.strategies\.contract\.Signal"):
        live(spec_for(data), scripted({0: lambda s: s.desk.signal({"side": "buy"})}))


@pytest.fixture
def stages() -> Iterator[list[tuple[str, str | None]]]:
    """(stage, correlation id) of each line that tells one."""
    told: list[tuple[str, str | None]] = []

    def take(message: Any) -> None:
        extra = message.record["extra"]
        if "stage" in extra:
            told.append((extra["stage"], extra.get("correlation_id")))

    sink = logger.add(take, level="DEBUG")
    yield told
    logger.remove(sink)


ENTRY = ["signal", "validated", "risk", "decision", "order", "fill", "position"]


def test_every_stage_of_a_round_trip_is_told_under_one_id(tmp_path, stages):
    record = play(tmp_path, [flat(10)] * 4, {0: BUY, 1: SELL})
    (trade,) = record.trades()
    told = trade.details["correlation_id"]
    assert stages == [(stage, told) for stage in [*ENTRY, *ENTRY, "metrics"]]
    assert {order.correlation_id for order in record.orders()} == {told}
    assert {position.correlation_id for position in record.of("position")} == {told}


def test_a_stop_is_told_under_the_id_of_its_trade(tmp_path, stages):
    record = play(tmp_path, [flat(10), flat(10), flat(8)], {0: BUY}, risk=RiskSpec(stop_loss_pct=D(10)))
    told = record.trades()[0].details["correlation_id"]
    assert stages == [(stage, told) for stage in [*ENTRY, "order", "fill", "position", "metrics"]]


def test_every_piece_of_a_fill_is_told(tmp_path, stages):
    pieces = PaperSpec(partial_fill_probability=1.0, seed=3)
    record = play(tmp_path, [flat(10)] * 4, {0: BUY}, paper=pieces)
    assert len(record.of("fill")) == 2
    assert [stage for stage, _ in stages] == [*ENTRY, "fill", "position"]


def test_a_refusal_ends_the_way_of_its_signal(tmp_path, stages):
    unsound = play(tmp_path, [flat(10)] * 2, {0: emit(quantity=-1)}).denials()[0].correlation_id
    assert stages == [("signal", unsound), ("decision", unsound)]
    stages.clear()
    limited = play(tmp_path, [flat(10)] * 2, {0: BUY}, risk=RiskSpec(max_position_size=D(0))).denials()[0]
    assert stages == [(stage, limited.correlation_id) for stage in ("signal", "validated", "decision")]


def test_an_adopted_trade_gets_the_id_of_its_first_exit(tmp_path, stages):
    row = TradeRow(
        row_id=2,
        symbol="BTCUSDT",
        direction="long",
        status="open",
        size=D(10),
        entry_time=at(3),
        entry_price=D(10),
        exit_time=None,
        net_pnl=None,
        commission=None,
    )
    data = file_data(write_bars(tmp_path, [flat(10)] * 8))
    ticket = ticket_for(trades=[row])
    record = live(spec_for(data), scripted({5: SELL}), ticket=ticket).record
    (order,), (trade,) = record.orders(), record.trades()
    assert trade.details["correlation_id"] == order.correlation_id == order.client_order_id
    assert {told for _, told in stages} == {order.correlation_id}
