"""The ledger by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from common.trading.order import IllegalTransition, Order
from worker.book.book import Book, BookError, Fill
from worker.book.day import Day
from worker.book.labels import Labels

D = Decimal
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LABELS = Labels(
    symbol="BTCUSDT",
    interval="1h",
    trade_type="paper",
    strategy_name="CustomStrategy",
    entry_logic_name="E",
    exit_logic_name="X",
    details={"entry_logic": {"name": "E", "params": {"n": 1}}},
)


def book():
    return Book(LABELS, D(1000), D("0.001"))


def order(name, side="buy", quantity=10, **changes):
    values = {
        "client_order_id": name,
        "symbol": "BTCUSDT",
        "side": side,
        "order_type": "market",
        "purpose": "entry" if side == "buy" else "exit",
        "quantity": D(quantity),
        "created_at": NOON,
        "updated_at": NOON,
        "reason": f"why {name}",
        "correlation_id": name,
    }
    return Order(**{**values, **changes})


def place(ledger, made):
    ledger.intend(made)
    ledger.pass_on(made.client_order_id, "submitted", "accepted")


def fill(name, quantity, price, hours=1):
    at = NOON + timedelta(hours=hours)
    return Fill(client_order_id=name, quantity=D(quantity), price=D(price), at=at, bar=hours)


def test_two_fills_in_and_two_out_make_one_trade_at_average_prices():
    ledger = book()
    place(ledger, order("in"))
    ledger.apply(fill("in", 4, 10))
    ledger.apply(fill("in", 6, 20, 2))
    place(ledger, order("out", "sell"))
    ledger.apply(fill("out", 5, 18, 3))
    assert ledger.trade is not None
    half_way = ledger.trade.position_fact(LABELS)
    assert (half_way.qty_open, half_way.avg_price, half_way.realized_pnl) == (D(5), D(16), D(10))
    assert ledger.apply(fill("out", 5, 22, 4)).closed
    row = [fact for fact in ledger.collect(NOON) if fact.kind == "trade"][-1]
    assert (row.size, row.entry_price, row.exit_price) == (D(10), D(16), D(20))
    assert row.gross_pnl == D(40)
    assert row.commission == D("0.16") + D("0.2")
    assert ledger.cash == ledger.balance == D(1000) + row.net_pnl
    assert row.entry_time == NOON + timedelta(hours=1)


def test_a_close_is_told_with_order_fill_trade_position_account_and_metrics():
    ledger = book()
    place(ledger, order("in"))
    ledger.apply(fill("in", 10, 10))
    ledger.collect(NOON)
    place(ledger, order("out", "sell"))
    ledger.apply(fill("out", 10, 11, 2))
    kinds = [fact.kind for fact in ledger.collect(NOON)]
    assert kinds == ["order", "order", "fill", "trade", "position", "account", "metrics"]
    assert ledger.collect(NOON) == ()


def test_a_trade_carries_the_parameters_it_was_made_under():
    ledger = book()
    place(ledger, order("in"))
    ledger.apply(fill("in", 10, 10))
    (trade,) = [fact for fact in ledger.collect(NOON) if fact.kind == "trade"]
    assert trade.details["entry_logic"] == {"name": "E", "params": {"n": 1}}
    assert trade.details["entry_reason"] == "why in"


def test_what_cannot_be_is_refused():
    ledger = book()
    place(ledger, order("in"))
    with pytest.raises(BookError, match="never reused"):
        ledger.intend(order("in"))
    with pytest.raises(IllegalTransition):
        ledger.apply(fill("in", 11, 10))
    with pytest.raises(BookError, match="no open order"):
        ledger.apply(fill("other", 1, 10))
    place(ledger, order("out", "sell"))
    with pytest.raises(BookError, match="with 0 held"):
        ledger.apply(fill("out", 10, 10))


def test_a_book_restored_from_its_state_is_the_same_book():
    ledger = book()
    place(ledger, order("in"))
    ledger.apply(fill("in", 4, "0.1234567890123456789"))
    ledger.saw_high(D("0.2"))
    ledger.mark(D("0.05"))
    ledger.collect(NOON)
    state = ledger.state()
    other = book()
    other.restore(json.loads(json.dumps(state)))
    assert other.state() == state
    for each in (ledger, other):
        each.apply(fill("in", 6, 1))
    assert other.collect(NOON) == ledger.collect(NOON)


def test_a_day_forgets_yesterday_and_never_counts_backwards():
    day = Day()
    day.entered(NOON)
    day.closed(NOON, D(-5))
    assert (day.entries_on(NOON), day.net_on(NOON)) == (1, D(-5))
    tomorrow = NOON + timedelta(days=1)
    assert (day.entries_on(tomorrow), day.net_on(tomorrow)) == (0, D(0))
    day.entered(tomorrow)
    day.entered(NOON)
    assert (day.entries_on(tomorrow), day.entries_on(NOON)) == (1, 0)
    assert Day.from_state(day.state()) == day
