"""What a bot must trade on a recorded market, computed a second time and independently.

`simulate(config, csv_path)` walks the rows of the file once, in the order of the fill rules: orders at the
open, stops and targets within the bar, decisions at the close. Money is Decimal with 60 digits and is
rounded only by `Trade.columns()`, to the 8 places (percent: 4) of the table. Nothing is imported from the
product: two programs that were written apart and agree to the last digit are worth more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

from reference.mixins import Holding, entry_rule, exit_rule
from reference.recording import Row, read_rows
from reference.settings import Settings, read_settings

SIXTY_DIGITS = Context(prec=60, rounding=ROUND_HALF_EVEN)
COIN_STEP, SHARE_STEP = Decimal("0.00000001"), Decimal(1)
MONEY_COLUMNS = ["entry_price", "exit_price", "entry_value", "exit_value", "size", "commission", "gross_pnl", "net_pnl"]
TEXT_COLUMNS = [
    "trade_type",
    "strategy_name",
    "entry_logic_name",
    "exit_logic_name",
    "symbol",
    "interval",
    "direction",
    "status",
    "exit_reason",
]
TIME_COLUMNS = ["entry_time", "exit_time"]


@dataclass
class Trade:
    """One round trip, amounts unrounded."""

    settings: Settings
    entry_bar: int
    entry_time: datetime
    entry_price: Decimal
    size: Decimal
    exit_time: datetime | None = None
    exit_price: Decimal | None = None
    exit_reason: str | None = None

    @property
    def entry_value(self) -> Decimal:
        return self.entry_price * self.size

    @property
    def commission(self) -> Decimal:
        turnover = self.entry_value + (self.exit_price * self.size if self.exit_price is not None else 0)
        return turnover * self.settings.rate

    @property
    def net_pnl(self) -> Decimal:
        assert self.exit_price is not None
        return (self.exit_price - self.entry_price) * self.size - self.commission

    def columns(self) -> dict[str, Any]:
        """The row of `trading_trades`: money at 8 places, percent at 4, times naive UTC."""
        s, out = self.settings, self.exit_price
        with localcontext(SIXTY_DIGITS):
            row: dict[str, Any] = {
                "trade_type": s.trade_type,
                "strategy_name": s.strategy_type,
                "entry_logic_name": s.entry.name,
                "exit_logic_name": s.exit.name,
                "symbol": s.symbol,
                "interval": s.interval,
                "direction": "long",
                "status": "open" if out is None else "closed",
                "entry_time": self.entry_time.replace(tzinfo=None),
                "exit_time": self.exit_time.replace(tzinfo=None) if self.exit_time else None,
                "exit_reason": self.exit_reason,
                "entry_price": _places(self.entry_price, 8),
                "entry_value": _places(self.entry_value, 8),
                "size": _places(self.size, 8),
                "commission": _places(self.commission, 8),
                "exit_price": _places(out, 8),
                "exit_value": None if out is None else _places(out * self.size, 8),
                "gross_pnl": None if out is None else _places((out - self.entry_price) * self.size, 8),
                "net_pnl": None if out is None else _places(self.net_pnl, 8),
                "pnl_percentage": None if out is None else _places(self.net_pnl / self.entry_value * 100, 4),
            }
        return row


def _places(amount: Decimal | None, places: int) -> Decimal | None:
    if amount is None:
        return None
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN, context=SIXTY_DIGITS)


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
            reason = self.exit_rule.reason(i, Holding(float(self.held.entry_price), self.held.entry_bar))
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
        entries = sum(1 for trade in self.closed if trade.entry_time.date() == today)
        if limits.max_daily_trades is not None and entries >= limits.max_daily_trades:
            return "max_daily_trades"
        loss = -sum(
            (t.net_pnl for t in self.closed if t.exit_time is not None and t.exit_time.date() == today), Decimal(0)
        )
        if limits.max_daily_loss is not None and loss > 0 and loss >= limits.max_daily_loss:
            return "max_daily_loss"
        drawdown = (self.peak - equity) / self.peak * 100
        if limits.max_drawdown_pct is not None and drawdown >= limits.max_drawdown_pct:
            return "max_drawdown_pct"
        return None


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
