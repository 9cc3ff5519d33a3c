"""Performance is told at each closed trade, and in between when the interval is over and something changed."""

from __future__ import annotations

from decimal import Decimal

from engine_scenes import BUY, SELL, at, file_data, flat, live, scripted, spec_for, ticket_for, write_bars

from common.wire.ticket import TradeRow
from worker.engine.metrics_schedule import MetricsSchedule

D = Decimal
ALWAYS = 1e-9
"""Seconds: over at every bar but a life's first, which begins the count."""
KEYS = {
    "total_trades",
    "winning_trades",
    "losing_trades",
    "win_rate",
    "total_pnl",
    "total_pnl_pct",
    "max_drawdown",
    "current_drawdown",
    "peak_balance",
    "current_balance",
    "last_updated",
}


def metrics(folder, rows, script, interval, **more):
    data = file_data(write_bars(folder, rows))
    life = live(spec_for(data), scripted(script), ticket=ticket_for(metrics_interval=interval, **more))
    return life.record


def times(record):
    return [fact.calculated_at for fact in record.of("metrics")]


def test_the_interval_counts_from_the_first_question():
    schedule = MetricsSchedule(10.0)
    assert [schedule.is_due(now) for now in (100.0, 109.9, 110.0, 119.9, 120.5, 130.4, 130.5)] == [
        False,
        False,
        True,
        False,
        True,
        False,
        True,
    ]
    assert not any(MetricsSchedule(0.0).is_due(now) for now in (0.0, 1e9))


def test_each_closed_trade_tells_its_metrics_once_whatever_the_schedule(tmp_path):
    rows = [flat(10), flat(10), flat(12), flat(12), flat(12), flat(9)]
    script = {0: BUY, 1: SELL, 3: BUY, 4: SELL}
    for interval in (0.0, 300.0):
        record = metrics(tmp_path, rows, script, interval)
        assert times(record) == [at(2), at(5)]
        first, second = (fact.metrics for fact in record.of("metrics"))
        assert set(first) == KEYS
        assert (first["total_trades"], first["winning_trades"], first["losing_trades"]) == (1, 1, 0)
        assert (first["total_pnl"], first["total_pnl_pct"], first["win_rate"]) == (100.0, 10.0, 100.0)
        assert (second["total_trades"], second["losing_trades"], second["win_rate"]) == (2, 1, 50.0)
        assert second["last_updated"] == at(5).isoformat()
    assert times(metrics(tmp_path, rows, script, ALWAYS)).count(at(2)) == 1


def test_a_trade_without_gain_or_loss_counts_in_the_total_only(tmp_path):
    (fact,) = metrics(tmp_path, [flat(10)] * 4, {0: BUY, 1: SELL}, 300.0).of("metrics")
    assert [fact.metrics[key] for key in ("total_trades", "winning_trades", "losing_trades", "win_rate")] == [
        1,
        0,
        0,
        0,
    ]


def test_between_trades_only_what_changed_is_told(tmp_path):
    rows = [flat(10), flat(10), flat(10), flat(9), flat(9), flat(8), flat(8), flat(8)]
    record = metrics(tmp_path, rows, {0: BUY}, ALWAYS)
    assert times(record) == [at(3), at(5)]  # equity 950, then 900, of a peak of 1000
    assert [fact.metrics["current_drawdown"] for fact in record.of("metrics")] == [5.0, 10.0]


def test_a_bot_that_never_traded_has_nothing_to_tell(tmp_path):
    assert times(metrics(tmp_path, [flat(10)] * 6, {}, ALWAYS)) == []


def test_a_new_life_does_not_repeat_what_is_known(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 4))
    first = live(spec_for(data), scripted({0: BUY, 1: SELL})).record
    write_bars(tmp_path, [flat(10)] * 12)
    ticket = ticket_for(2, metrics_interval=ALWAYS)
    assert times(live(spec_for(data), scripted({}), checkpoint=first.newest, ticket=ticket).record) == []


def test_the_first_schedule_of_a_bot_of_the_earlier_service_tells_what_its_trades_amount_to(tmp_path):
    row = TradeRow(
        row_id=1,
        symbol="BTCUSDT",
        direction="long",
        status="closed",
        size=D(10),
        entry_time=at(0),
        entry_price=D(10),
        exit_time=at(1),
        net_pnl=D(-50),
        commission=D(0),
    )
    data = file_data(write_bars(tmp_path, [flat(10)] * 6))
    record = live(spec_for(data), scripted({}), ticket=ticket_for(trades=[row], metrics_interval=ALWAYS)).record
    (fact,) = record.of("metrics")
    assert (fact.metrics["total_trades"], fact.metrics["current_balance"]) == (1, 950.0)
