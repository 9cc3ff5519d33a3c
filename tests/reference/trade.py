"""One round trip as the reference keeps it, and as a row of the trades' table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

from reference.settings import Settings

SIXTY_DIGITS = Context(prec=60, rounding=ROUND_HALF_EVEN)
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
    def exit_date(self) -> date | None:
        return self.exit_time.date() if self.exit_time else None

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
                "entry_logic_name": s.entry.written_name,
                "exit_logic_name": s.exit.written_name,
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
