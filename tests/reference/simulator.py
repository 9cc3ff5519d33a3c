"""What a bot must trade on a recorded market, computed a second time and independently.

`simulate(config, csv_path)` walks the rows of the file once, in the order of the fill rules: orders at the
open, stops and targets within the bar, decisions at the close. Money is Decimal with 60 digits and is
rounded only by `Trade.columns()`, to the 8 places (percent: 4) of the table. Nothing is imported from the
product: two programs that were written apart and agree to the last digit are worth more than one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal, localcontext
from pathlib import Path
from typing import Any

from reference.entries import entry_rule
from reference.exits import exit_rule
from reference.logic import Holding
from reference.recording import Row, read_rows
from reference.settings import Settings, read_settings
from reference.trade import SIXTY_DIGITS, Trade

COIN_STEP, SHARE_STEP = Decimal("0.00000001"), Decimal(1)


@dataclass(frozen=True)
class Denial:
    at: datetime
    rule: str


@dataclass
class Result:
    trades: list[dict[str, Any]]
    """Closed round trips in order, as columns."""
    open_trade: dict[str, Any] | None
    denials: list[Denial]
    balance: Decimal
    """Start balance + net P&L of the closed trades, unrounded."""
    start_balance: Decimal
    rows: int

    @property
    def all_trades(self) -> list[dict[str, Any]]:
        return self.trades + ([self.open_trade] if self.open_trade else [])


@dataclass
class Order:
    """Decided at a close; lives through the next bar only."""

    side: str
    quantity: Decimal = Decimal(0)
    limit: Decimal | None = None
    reason: str = ""


@dataclass
class Simulation:
    settings: Settings
    rows: Sequence[Row]
    cash: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    held: Trade | None = None
    order: Order | None = None
    highest: Decimal = Decimal(0)
    closed: list[Trade] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cash = self.peak = self.settings.start_balance
        self.entry_rule = entry_rule(self.settings.entry, self.rows)
        self.exit_rule = exit_rule(self.settings.exit, self.rows)
        self.lookback = max(self.entry_rule.lookback, self.exit_rule.lookback)
        if len(self.rows) > self.settings.history_bars:
            self.lookback = max(self.lookback, self.settings.history_bars)

    def run(self) -> None:
        for i, row in enumerate(self.rows):
            self._at_the_open(i, row)
            self._within(i, row)
            self._at_the_close(i, row)

    # --- (a) orders at the open ---

    def _at_the_open(self, i: int, row: Row) -> None:
        order, self.order = self.order, None
        if order is None:
            return
        if order.side == "sell":
            self._exit(row, row.money("open"), order.reason)
            return
        price = row.money("open")
        if order.limit is not None and price > order.limit:
            if row.money("low") > order.limit:
                return
            price = order.limit
        self._enter(i, row, price, order.quantity)

    def _enter(self, i: int, row: Row, price: Decimal, quantity: Decimal) -> None:
        unit_cost = price * (1 + self.settings.rate)
        if quantity * unit_cost > self.cash:
            quantity = self._rounded_down(self.cash / unit_cost)
        if quantity <= 0:
            self.denials.append(Denial(row.at, "cash"))
            return
        self.cash -= quantity * unit_cost
        self.held = Trade(self.settings, i, row.at, price, quantity)
        self.highest = price
        self.exit_rule.begin(self._holding())

    def _holding(self) -> Holding:
        assert self.held is not None
        return Holding(float(self.held.entry_price), self.held.entry_bar - 1, self.held.entry_bar)

    def _exit(self, row: Row, price: Decimal, reason: str) -> None:
        trade = self.held
        assert trade is not None
        trade.exit_time, trade.exit_price, trade.exit_reason = row.at, price, reason
        self.cash += price * trade.size * (1 - self.settings.rate)
        self.closed.append(trade)
        self.held = None

    # --- (b) levels known before the bar, against its range ---

    def _within(self, i: int, row: Row) -> None:
        trade = self.held
        if trade is None:
            return
        stop, reason = self._stop_level(trade)
        limits, first, low, high = self.settings.limits, row.money("open"), row.money("low"), row.money("high")
        target = None if limits.take_profit_pct is None else trade.entry_price * (1 + limits.take_profit_pct / 100)
        if target is not None and i > trade.entry_bar and first >= target:
            self._exit(row, first, "take_profit")
        elif stop is not None and low <= stop:
            gapped = i > trade.entry_bar and first <= stop
            self._exit(row, first if gapped else stop, reason)
        elif target is not None and high >= target:
            self._exit(row, target, "take_profit")
        else:
            self.highest = max(self.highest, high)

    def _stop_level(self, trade: Trade) -> tuple[Decimal | None, str]:
        limits, entry = self.settings.limits, trade.entry_price
        stop = None if limits.stop_loss_pct is None else entry * (1 - limits.stop_loss_pct / 100)
        if limits.trailing_pct is not None:
            gained = (self.highest - entry) / entry * 100
            if limits.activation_pct is None or gained >= limits.activation_pct:
                trailing = self.highest * (1 - limits.trailing_pct / 100)
                if stop is None or trailing > stop:
                    return trailing, "trailing_stop"
        return stop, "stop_loss"

    # --- (c) decisions at the close ---

    def _at_the_close(self, i: int, row: Row) -> None:
        equity = self.cash + (self.held.size * row.money("close") if self.held else 0)
        self.peak = max(self.peak, equity)
        if i + 1 <= self.lookback or not (self.entry_rule.ready(i) and self.exit_rule.ready(i)):
            return
        if self.held is not None:
            reason = self.exit_rule.reason(i, self._holding())
            if reason is not None:
                self.order = Order("sell", reason=reason)
        elif self.entry_rule.should_enter(i):
            self._decide_entry(row, equity)

    def _decide_entry(self, row: Row, equity: Decimal) -> None:
        close = row.money("close")
        quantity = self._quantity(close)
        rule = self._refusal(row.at.date(), equity) or ("size" if quantity is None else None)
        if rule is not None or quantity is None:
            self.denials.append(Denial(row.at, rule or "size"))
            return
        self.order = Order("buy", quantity, close if self.settings.limit_entries else None)

    def _quantity(self, close: Decimal) -> Decimal | None:
        s = self.settings
        wanted = self.cash * s.fraction / close
        if s.limits.max_position_size is not None:
            wanted = min(wanted, s.limits.max_position_size / close)
        quantity = self._rounded_down(wanted)
        if quantity <= 0 or (s.stock and quantity * close < s.min_order_value):
            return None
        return quantity

    def _rounded_down(self, quantity: Decimal) -> Decimal:
        step = SHARE_STEP if self.settings.stock else COIN_STEP
        return (quantity / step).to_integral_value(rounding=ROUND_DOWN) * step

    def _refusal(self, today: date, equity: Decimal) -> str | None:
        limits = self.settings.limits
        recent = self._closed_on(today)
        entries = sum(1 for trade in recent if trade.entry_time.date() == today)
        if limits.max_daily_trades is not None and entries >= limits.max_daily_trades:
            return "max_daily_trades"
        if limits.max_daily_loss is not None:
            loss = -sum((trade.net_pnl for trade in recent), Decimal(0))
            if loss > 0 and loss >= limits.max_daily_loss:
                return "max_daily_loss"
        drawdown = (self.peak - equity) / self.peak * 100
        if limits.max_drawdown_pct is not None and drawdown >= limits.max_drawdown_pct:
            return "max_drawdown_pct"
        return None

    def _closed_on(self, today: date) -> list[Trade]:
        """Trades that ended today, among them all that began today: whoever asks is flat."""
        return list(itertools.takewhile(lambda trade: trade.exit_date == today, reversed(self.closed)))


def simulate(config: dict[str, Any], csv_path: str | Path) -> Result:
    """The trades that `config` must make on the rows of `csv_path`, whatever `data.file_path` says."""
    settings = read_settings(config)
    with localcontext(SIXTY_DIGITS):
        run = Simulation(settings, read_rows(Path(csv_path), settings.data))
        run.run()
        return Result(
            trades=[trade.columns() for trade in run.closed],
            open_trade=run.held.columns() if run.held else None,
            denials=run.denials,
            balance=settings.start_balance + sum((trade.net_pnl for trade in run.closed), Decimal(0)),
            start_balance=settings.start_balance,
            rows=len(run.rows),
        )
