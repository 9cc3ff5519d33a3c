"""When and at what price a simulated order fills, and what the trade row says about it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_scenes import BUY, FREE, SELL, at, file_data, flat, live, play, scripted, spec_for, write_bars

from common.spec import PaperSpec, RiskSpec, StrategySpec, TradingSpec
from worker.engine.run import Outcome

D = Decimal
PAID = FREE.model_copy(update={"commission_rate": D("0.001")})


def test_a_market_order_fills_at_the_open_of_the_next_bar(tmp_path):
    rows = [flat(10), (11, 12, 10, 11), flat(11), (13, 14, 12, 13)]
    record = play(tmp_path, rows, {0: BUY, 2: SELL})
    (trade,) = record.trades()
    assert (trade.entry_price, trade.entry_time) == (D(11), at(1))
    assert (trade.exit_price, trade.exit_time, trade.exit_reason) == (D(13), at(3), "done")
    assert (trade.buy_order_created, trade.buy_order_closed) == (at(0), at(1))
    assert (trade.sell_order_created, trade.sell_order_closed) == (at(2), at(3))


def test_quantity_is_decided_at_the_close_of_the_decision_bar(tmp_path):
    record = play(tmp_path, [flat(10), flat(8), flat(8)], {0: BUY})
    assert record.trades()[0].size == D(50)
    assert record.trades()[0].entry_value == D(400)


def test_quantity_is_rounded_down_to_eight_decimals(tmp_path):
    record = play(tmp_path, [flat(3), flat(3)], {0: BUY})
    assert record.trades()[0].size == D("166.66666666")


def test_profit_counts_commission_on_both_sides(tmp_path):
    record = play(tmp_path, [flat(10), flat(10), flat(12), flat(12)], {0: BUY, 2: SELL}, broker=PAID)
    (trade,) = record.trades()
    assert trade.gross_pnl == D(100)
    assert trade.commission == D("0.5") + D("0.6")
    assert trade.net_pnl == D("98.9")
    assert trade.pnl_percentage == D("19.78")
    account = record.of("account")[-1]
    assert (account.balance, account.total_pnl) == (D("1098.9"), D("98.9"))


def test_an_open_trade_row_has_the_entry_commission_and_no_result(tmp_path):
    record = play(tmp_path, [flat(10), flat(10), flat(12)], {0: BUY}, broker=PAID)
    (trade,) = record.trades()
    assert (trade.status, trade.commission) == ("open", D("0.5"))
    assert (trade.exit_time, trade.exit_price, trade.gross_pnl, trade.net_pnl, trade.exit_reason) == (None,) * 5


def test_cash_that_does_not_cover_the_fill_cuts_the_quantity(tmp_path):
    all_in = StrategySpec(position_size=D(1))
    record = play(tmp_path, [flat(10), flat(12.5), flat(12.5)], {0: BUY}, strategy=all_in, broker=PAID)
    (trade,) = record.trades()
    assert trade.size == D("79.92007992")  # 1000 / (12.5 × 1.001), rounded down
    (order,) = record.orders()
    assert (order.status, order.quantity, order.filled_quantity) == ("filled", trade.size, trade.size)


def test_a_cut_of_shares_leaves_whole_shares(tmp_path):
    all_in = StrategySpec(position_size=D(1), asset_type="stock")
    record = play(tmp_path, [flat(10), flat(12.6), flat(12.6)], {0: BUY}, strategy=all_in)
    assert record.trades()[0].size == D(79)


def test_cash_that_covers_nothing_rejects_the_order_and_leaves_no_trade(tmp_path):
    one_share = StrategySpec(position_size=D(1), asset_type="stock")
    record = play(tmp_path, [flat(900), flat(1100), flat(1100)], {0: BUY}, strategy=one_share)
    assert record.trades() == []
    (order,) = record.orders()
    assert order.status == "rejected"
    assert "cash" in (order.reason or "")


def test_an_order_pending_when_the_data_ends_leaves_no_trade(tmp_path):
    record = play(tmp_path, [flat(10), flat(10)], {1: BUY})
    assert record.trades() == []
    assert [order.status for order in record.orders()] == ["expired"]


def test_an_exit_pending_when_the_data_ends_leaves_the_row_open(tmp_path):
    record = play(tmp_path, [flat(10), flat(10), flat(10)], {0: BUY, 2: SELL})
    assert [trade.status for trade in record.trades()] == ["open"]
    assert record.orders()[-1].status == "expired"


def test_the_end_of_the_data_finishes_the_bot_with_the_position_open(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 3))
    life = live(spec_for(data), scripted({0: BUY}))
    assert life.outcome is Outcome.FINISHED
    assert life.record.of("finished")[0].last_bar_at == at(2)
    assert life.record.delivered[-1]


def test_bars_without_volume_fill_as_any_other(tmp_path):
    record = play(tmp_path, [(*flat(10), 0.0)] * 4, {0: BUY, 1: SELL})
    assert [trade.status for trade in record.trades()] == ["closed"]


def test_entry_and_decision_to_leave_at_the_close_of_the_fill_bar(tmp_path):
    record = play(tmp_path, [flat(10), flat(11), flat(12)], {0: BUY, 1: SELL})
    (trade,) = record.trades()
    assert (trade.entry_time, trade.exit_time) == (at(1), at(2))


def test_one_correlation_id_leads_from_signal_to_order_to_trade(tmp_path):
    record = play(tmp_path, [flat(10)] * 4, {0: BUY, 1: SELL})
    entry, leave = record.orders()
    details = record.trades()[0].details
    assert (details["correlation_id"], details["exit_correlation_id"]) == (entry.correlation_id, leave.correlation_id)
    assert (details["entry_order"], details["exit_order"]) == (entry.client_order_id, leave.client_order_id)
    assert leave.parent_id == entry.client_order_id
    assert [fill.fill_id for fill in record.of("fill")] == [f"{entry.client_order_id}-1", f"{leave.client_order_id}-1"]


def test_an_intent_is_recorded_before_the_venue_can_fill_it(tmp_path):
    record = play(tmp_path, [flat(10)] * 3, {0: BUY})
    statuses = [fact.status for fact in record.of("order")]
    assert statuses == ["intended", "filled"]
    assert [len([f for f in batch if f.kind == "order"]) for batch in record.batches if batch][1:3] == [1, 1]


@pytest.mark.parametrize(
    ("next_bar", "price"),
    [
        ((10.5, 11, 9.5, 10), "10"),  # falls to the limit within the bar
        ((9, 11, 8, 10), "9"),  # opens below it: the open is better
        ((10, 11, 10, 11), "10"),  # opens at it
    ],
)
def test_a_limit_entry_fills_when_the_next_bar_reaches_it(tmp_path, next_bar, price):
    record = play(tmp_path, [flat(10), next_bar, flat(10)], {0: BUY}, trading=TradingSpec(order_type="limit"))
    (trade,) = record.trades()
    assert (trade.entry_price, trade.entry_time) == (D(price), at(1))
    assert record.orders()[0].limit_price == D(10)


def test_a_limit_entry_expires_after_the_next_bar_and_another_may_follow_at_its_close(tmp_path):
    rows = [flat(10), flat(11), flat(10.5), flat(9)]
    record = play(tmp_path, rows, {0: BUY, 1: BUY}, trading=TradingSpec(order_type="limit"))
    assert [(order.status, order.limit_price) for order in record.orders()] == [("expired", D(10)), ("filled", D(11))]
    assert record.trades()[0].entry_price == D("10.5")


def test_exits_are_market_orders_also_with_limit_entries(tmp_path):
    rows = [flat(10), flat(10), flat(10), flat(9)]
    record = play(tmp_path, rows, {0: BUY, 2: SELL}, trading=TradingSpec(order_type="limit"))
    assert record.orders()[1].order_type == "market"
    assert record.trades()[0].exit_price == D(9)


def test_fixed_slippage_moves_buys_up_and_sells_down_within_half_and_one_and_a_half(tmp_path):
    paper = PaperSpec(slippage_model="fixed", base_slippage=D("0.01"), seed=3)
    record = play(tmp_path, [flat(100)] * 4, {0: BUY, 1: SELL}, paper=paper)
    (trade,) = record.trades()
    assert D("100.5") <= trade.entry_price <= D("101.5")
    assert D("98.5") <= (trade.exit_price or D(0)) <= D("99.5")
    assert {fill.quality for fill in record.of("fill")} <= {"fair", "poor"}


def test_an_order_that_would_slip_more_than_five_percent_is_rejected(tmp_path):
    paper = PaperSpec(market_impact_enabled=True, market_impact_factor=D("0.01"), seed=1)
    record = play(tmp_path, [flat(10)] * 3, {0: BUY}, paper=paper)  # 50 units × 1 % = 50 %
    assert record.trades() == []
    assert record.orders()[0].status == "rejected"


def test_a_partial_fill_is_completed_at_the_open_after_it(tmp_path):
    paper = PaperSpec(partial_fill_probability=1.0, seed=5)
    record = play(tmp_path, [flat(10), flat(10), flat(12), flat(12)], {0: BUY}, paper=paper)
    first, second = record.of("fill")
    assert D(25) <= first.quantity <= D("47.5")
    assert (first.price, second.price) == (D(10), D(12))
    assert first.quantity + second.quantity == D(50)
    (trade,) = record.trades()
    assert trade.size == D(50)
    assert trade.entry_price == (first.quantity * 10 + second.quantity * 12) / 50
    assert [order.status for order in record.of("order")] == ["intended", "partially_filled", "filled"]


def test_latency_moves_the_fill_along_the_bar(tmp_path):
    paper = PaperSpec(min_latency_ms=900.0, max_latency_ms=900.0)
    data = {"interval": "1s", "interval_seconds": 1}
    record = play(tmp_path, [flat(10), (10, 20, 10, 20), flat(20)], {0: BUY}, paper=paper, data=data)
    assert record.trades()[0].entry_price == D(19)


def test_latency_longer_than_a_bar_waits_for_the_bar_it_ends_in(tmp_path):
    paper = PaperSpec(min_latency_ms=2500.0, max_latency_ms=2500.0)
    data = {"interval": "1s", "interval_seconds": 1}
    record = play(tmp_path, [flat(10), flat(11), flat(12), (20, 30, 20, 30), flat(9)], {0: BUY}, paper=paper, data=data)
    assert (record.trades()[0].entry_price, record.trades()[0].entry_time) == (D(25), at(3))


def test_a_certain_reject_leaves_the_bot_flat_and_free_to_try_again(tmp_path):
    paper = PaperSpec(reject_probability=1.0)
    record = play(tmp_path, [flat(10)] * 4, {0: BUY, 1: BUY}, paper=paper)
    assert [order.status for order in record.orders()] == ["rejected", "rejected"]


def test_a_stop_during_a_partial_entry_drops_its_remainder(tmp_path):
    paper = PaperSpec(partial_fill_probability=1.0, seed=5)
    record = play(
        tmp_path,
        [flat(10), (10, 10, 8, 8), flat(8), flat(8)],
        {0: BUY},
        paper=paper,
        risk=RiskSpec(stop_loss_pct=D(10)),
    )
    entry = record.orders()[0]
    assert entry.status == "cancelled"
    assert record.trades()[0].size == entry.filled_quantity
    assert record.trades()[0].exit_reason == "stop_loss"
