"""Limits that refuse or cut an entry, as a bot meets them bar by bar."""

from __future__ import annotations

from decimal import Decimal

from engine_scenes import BUY, SELL, file_data, flat, live, play, scripted, spec_for, ticket_for, write_bars

from common.spec import RiskSpec, StrategySpec, TradingSpec

D = Decimal


def rules(record):
    return [denial.rule for denial in record.denials()]


def test_the_money_cap_counts_at_the_decision(tmp_path):
    record = play(tmp_path, [flat(10), flat(12), flat(12)], {0: BUY}, risk=RiskSpec(max_position_size=D(100)))
    (trade,) = record.trades()
    assert (trade.size, trade.entry_value) == (D(10), D(120))


def test_a_cap_of_nothing_refuses_every_entry(tmp_path):
    record = play(tmp_path, [flat(10)] * 3, {0: BUY, 1: BUY}, risk=RiskSpec(max_position_size=D(0)))
    assert rules(record) == ["max_position_size"] * 2
    assert record.trades() == []


def test_a_second_entry_is_refused_while_one_is_open_or_pending(tmp_path):
    def twice(strategy):
        assert strategy.desk.enter("first")
        assert not strategy.desk.enter("second")

    record = play(tmp_path, [flat(10)] * 5, {0: twice, 1: BUY, 2: BUY})
    assert rules(record) == ["signal_duplicate", "max_positions", "max_positions"]
    assert len(record.trades()) == 1


def test_entries_of_a_day_are_counted_by_the_date_of_their_fill(tmp_path):
    # bars 22, 23 are the evening of 1 January; 24 is midnight
    script = {20: BUY, 21: SELL, 22: BUY, 23: SELL, 24: BUY, 25: SELL, 26: BUY}
    record = play(tmp_path, [flat(10)] * 30, script, risk=RiskSpec(max_daily_trades=1))
    assert rules(record) == ["max_daily_trades"] * 2
    assert [denial.decided_at.hour for denial in record.denials()] == [22, 2]
    assert [trade.entry_time.hour for trade in record.trades()] == [21, 1]


def test_an_entry_decided_before_midnight_counts_for_the_day_of_its_fill(tmp_path):
    script = {23: BUY, 24: SELL, 25: BUY}
    record = play(tmp_path, [flat(10)] * 30, script, risk=RiskSpec(max_daily_trades=1))
    assert [denial.decided_at.hour for denial in record.denials()] == [1]


def test_the_daily_loss_stops_entries_until_the_next_day(tmp_path):
    rows = [flat(10), flat(10), flat(10), flat(6), *[flat(6)] * 27]
    script = {0: BUY, 2: SELL, 5: BUY, 24: BUY}
    record = play(tmp_path, rows, script, risk=RiskSpec(max_daily_loss=D(200)))
    assert rules(record) == ["max_daily_loss"]  # lost 50 × 4 = 200
    assert len(record.trades()) == 2


def test_wins_offset_the_daily_loss(tmp_path):
    rows = [flat(10), flat(10), flat(12), flat(12), flat(12), flat(10), flat(10)]
    # +100, then 1100 × 0.5 / 12 = 45.83.. × −2 = −91.67
    record = play(tmp_path, rows, {0: BUY, 1: SELL, 3: BUY, 4: SELL, 5: BUY}, risk=RiskSpec(max_daily_loss=D(50)))
    assert rules(record) == []


def test_drawdown_of_marked_equity_refuses_entries(tmp_path):
    all_in = StrategySpec(position_size=D(1))
    rows = [flat(10), flat(10), flat(9), flat(9), flat(9)]
    limits = TradingSpec(max_drawdown_pct=D(10))
    record = play(tmp_path, rows, {0: BUY, 1: SELL, 2: BUY}, strategy=all_in, trading=limits)
    assert rules(record) == ["max_drawdown_pct"]
    record = play(
        tmp_path, rows, {0: BUY, 1: SELL, 2: BUY}, strategy=all_in, trading=TradingSpec(max_drawdown_pct=D(11))
    )
    assert rules(record) == []


def test_too_few_shares_are_refused_and_recorded(tmp_path):
    stock = StrategySpec(position_size=D("0.1"), asset_type="stock", min_order_value=D(50))
    assert rules(play(tmp_path, [flat(101)] * 2, {0: BUY}, strategy=stock)) == ["position_size"]
    assert rules(play(tmp_path, [flat(40)] * 2, {0: BUY}, strategy=stock)) == []
    small = stock.model_copy(update={"min_order_value": D(90)})
    assert rules(play(tmp_path, [flat(40)] * 2, {0: BUY}, strategy=small)) == ["min_order_value"]


def test_a_signal_that_is_no_number_is_refused_with_its_reason(tmp_path):
    record = play(tmp_path, [flat(10)] * 2, {0: lambda s: s.desk.enter("odd", confidence=float("nan"))})
    assert rules(record) == ["signal_confidence"]
    record = play(tmp_path, [flat(10)] * 2, {0: lambda s: s.desk.enter("odd", confidence=-1.0)})
    assert rules(record) == ["signal_confidence"]


def test_a_paused_bot_opens_nothing_and_still_leaves(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5))
    record = live(spec_for(data), scripted({0: BUY}), ticket=ticket_for(paused=True)).record
    assert rules(record) == ["paused"]


def test_a_denial_carries_the_correlation_of_its_signal(tmp_path):
    record = play(tmp_path, [flat(10)] * 3, {0: BUY, 1: BUY}, risk=RiskSpec(max_position_size=D(0)))
    first, second = record.denials()
    assert first.denial_key == first.correlation_id != second.correlation_id
