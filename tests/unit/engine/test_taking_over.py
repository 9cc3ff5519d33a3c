"""Where a life takes up: history, changed data, changed strategies, bots of the earlier service."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from engine_scenes import (
    BUY,
    HOUR,
    SELL,
    START,
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

from common.errors import ConfigurationError
from common.spec import DataSpec, LogicSpec, RiskSpec, StrategySpec
from common.wire.ticket import TradeRow
from worker.engine.run import Outcome

D = Decimal


def row(row_id=1, **changes):
    values = {
        "row_id": row_id,
        "symbol": "BTCUSDT",
        "direction": "long",
        "status": "closed",
        "size": D(10),
        "entry_time": at(1),
        "entry_price": D(10),
        "exit_time": at(2),
        "net_pnl": D(-50),
        "commission": D("0.2"),
    }
    return TradeRow(**{**values, **changes})


def open_row(row_id=1, **changes):
    return row(row_id, **{"status": "open", "exit_time": None, "net_pnl": None, "commission": D("0.1"), **changes})


def adopted(tmp_path, trades, script, bars=8, **parts):
    data = file_data(write_bars(tmp_path, [flat(10)] * 3 + [flat(12)] * (bars - 3)))
    return live(spec_for(data, **parts), scripted(script), ticket=ticket_for(trades=trades))


def test_history_bars_never_trade(tmp_path):
    data = {"history": True, "lookback_bars": 3}
    record = play(tmp_path, [flat(10)] * 8, {1: BUY, 3: BUY}, data=data)
    assert [trade.buy_order_created for trade in record.trades()] == [at(3)]


def test_a_file_no_longer_than_its_history_has_none(tmp_path):
    data = {"history": True, "lookback_bars": 4}
    assert play(tmp_path, [flat(10)] * 4, {0: BUY}, data=data).trades() != []
    assert play(tmp_path, [flat(10)] * 5, {0: BUY}, data=data).trades() == []


def test_a_first_life_says_what_the_account_holds_before_any_bar(tmp_path):
    record = play(tmp_path, [flat(10)], {})
    assert [(fact.balance, fact.total_pnl) for fact in record.batches[0]] == [(D(1000), D(0))]
    assert record.checkpoints[0].bar_at is None


def test_other_data_starts_at_its_beginning_with_money_counters_and_position_kept(tmp_path):
    spec = spec_for(file_data(write_bars(tmp_path, [flat(10), flat(10), flat(12), flat(12), flat(12), flat(12)])))
    record = live(spec, scripted({0: BUY, 1: SELL, 2: BUY, 5: SELL})).record
    assert record.of("account")[-1].balance == D(1100)
    (folder := tmp_path / "other").mkdir()
    other = spec_for(file_data(write_bars(folder, [flat(20)] * 4), market_identity="another market"))
    strategy = scripted({0: SELL})
    life = live(other, strategy, record=record, ticket=ticket_for(2), checkpoint=record.newest)
    assert strategy.seen[0] == ("entry", -3)  # held for bars 3, 4 and 5 already
    assert record.trades()[1].exit_price == D(20)
    assert life.outcome is Outcome.FINISHED
    assert record.of("account")[-1].balance == D(1100) + record.trades()[1].net_pnl


def test_orders_for_other_data_are_cancelled(tmp_path):
    spec = spec_for(file_data(write_bars(tmp_path, [flat(10)] * 4)))
    record = live(spec, scripted({0: BUY})).record
    waiting = record.checkpoints[1]
    other = spec_for(file_data(write_bars(tmp_path, [flat(20)] * 4), market_identity="another market"))
    record = live(other, scripted({}), ticket=ticket_for(2), checkpoint=waiting).record
    assert [order.status for order in record.orders()] == ["cancelled"]
    assert record.trades() == []


def test_a_position_in_another_symbol_is_refused_with_the_remedy(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 4))
    record = live(spec_for(data), scripted({0: BUY})).record
    with pytest.raises(ConfigurationError, match="set the symbol back to BTCUSDT"):
        live(spec_for(data, symbol="ETHUSDT"), scripted({}), ticket=ticket_for(2), checkpoint=record.newest)


def test_another_strategy_gets_to_know_the_position_at_the_bar_of_its_fill(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5))
    record = live(spec_for(data), scripted({1: BUY})).record
    write_bars(tmp_path, [flat(10)] * 8)
    changed = StrategySpec(exit=LogicSpec(name="OtherExitMixin"))
    strategy = scripted({})
    live(spec_for(data, strategy=changed), strategy, ticket=ticket_for(2), checkpoint=record.newest)
    assert strategy.seen == [("entry", 2), ("bar", 5), ("bar", 6), ("bar", 7)]


def test_a_file_that_lost_its_first_rows_goes_on_by_time(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5))
    record = live(spec_for(data), scripted({1: BUY})).record
    write_bars(tmp_path, [flat(10)] * 6, start=at(1))
    strategy = scripted({})
    live(spec_for(data), strategy, ticket=ticket_for(2), checkpoint=record.newest)
    assert strategy.seen == [("entry", 1), ("bar", 4), ("bar", 5)]


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 2))
    newest = live(spec_for(data), scripted({})).record.newest
    assert newest is not None
    future = newest.model_copy(update={"state": {**newest.state, "version": 99}})
    with pytest.raises(ConfigurationError, match="99"):
        live(spec_for(data), scripted({}), checkpoint=future)


def test_an_open_trade_of_the_earlier_service_is_managed_to_its_end_in_its_row(tmp_path):
    life = adopted(tmp_path, [row(), open_row(2, entry_time=at(3))], {5: SELL})
    (trade,) = life.record.trades()
    assert (trade.adopted_row_id, trade.status, trade.entry_time, trade.exit_time) == (2, "closed", at(3), at(6))
    assert trade.entry_value == D(100)
    assert trade.exit_value == D(120)
    assert trade.net_pnl == D(20) - D("0.1")
    assert life.record.of("account")[0].balance == D(950)
    assert life.record.of("account")[-1].balance == D(950) + D("19.9")


def test_the_earlier_service_decided_the_bars_up_to_the_entry(tmp_path):
    strategy = scripted({0: BUY, 3: BUY})
    data = file_data(write_bars(tmp_path, [flat(10)] * 6))
    live(spec_for(data), strategy, ticket=ticket_for(trades=[open_row(entry_time=at(3))]))
    assert strategy.seen == [("entry", 3), ("bar", 4), ("bar", 5)]


def test_without_an_open_trade_it_goes_on_after_the_last_exit(tmp_path):
    strategy = scripted({0: BUY})
    data = file_data(write_bars(tmp_path, [flat(10)] * 5))
    record = live(spec_for(data), strategy, ticket=ticket_for(trades=[row()])).record
    assert strategy.seen == [("bar", 3), ("bar", 4)]
    assert record.of("account")[0].balance == D(950)


def test_trades_outside_the_data_let_it_start_at_its_beginning(tmp_path):
    later = START + timedelta(days=400)
    strategy = scripted({2: SELL})
    data = file_data(write_bars(tmp_path, [flat(10)] * 4))
    trades = [open_row(entry_time=later)]
    record = live(spec_for(data), strategy, ticket=ticket_for(trades=trades)).record
    assert strategy.seen[:2] == [("entry", 0), ("bar", 0)]
    assert record.trades()[0].exit_time == at(3)


def test_a_takeover_that_is_killed_before_its_first_bar_goes_on_from_the_same_place(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 6))
    trades = [open_row(entry_time=at(3))]
    first = live(spec_for(data), scripted({}), ticket=ticket_for(trades=trades)).record.checkpoints[0]
    strategy = scripted({})
    live(spec_for(data), strategy, ticket=ticket_for(2), checkpoint=first)
    assert strategy.seen == [("entry", 3), ("bar", 4), ("bar", 5)]


def test_daily_limits_remember_the_trades_of_the_earlier_service(tmp_path):
    limits = RiskSpec(max_daily_loss=D(50), max_daily_trades=9)
    assert [d.rule for d in adopted(tmp_path, [row()], {4: BUY}, risk=limits).record.denials()] == ["max_daily_loss"]
    limits = RiskSpec(max_daily_trades=1)
    assert [d.rule for d in adopted(tmp_path, [row()], {4: BUY}, risk=limits).record.denials()] == ["max_daily_trades"]


def test_metrics_count_the_trades_of_the_earlier_service(tmp_path):
    record = adopted(tmp_path, [row(), row(2, net_pnl=D(10))], {4: BUY, 5: SELL}).record
    metrics = record.of("metrics")[-1].metrics
    assert (metrics["total_trades"], metrics["winning_trades"], metrics["losing_trades"]) == (3, 1, 1)


def test_of_several_open_trades_the_newest_is_managed_and_the_others_are_named(tmp_path):
    record = adopted(tmp_path, [open_row(1), open_row(2, entry_time=at(2))], {5: SELL}).record
    assert [trade.adopted_row_id for trade in record.trades()] == [2]
    assert [incident.details["row_id"] for incident in record.of("incident")] == [1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"direction": "short"}, "not long"),
        ({"size": None}, "lacks"),
        ({"entry_time": None}, "lacks"),
        ({"symbol": "ETHUSDT"}, "set the symbol back"),
    ],
)
def test_an_open_trade_that_cannot_be_managed_is_refused(tmp_path, changes, said):
    with pytest.raises(ConfigurationError, match=said):
        adopted(tmp_path, [open_row(**changes)], {})


def test_a_simulated_market_warms_up_on_a_bounded_past():
    data = DataSpec(
        source="simulated", symbol="BTCUSDT", history=True, todate=START + 30_000 * HOUR, market_identity="s"
    )
    spec = spec_for(data)
    trades = [row(exit_time=START + 29_000 * HOUR)]
    life = live(spec, scripted({}), ticket=ticket_for(trades=trades, checkpoint_bars=100_000))
    assert life.progress.bars == 30_001 - 29_001 + 5000
