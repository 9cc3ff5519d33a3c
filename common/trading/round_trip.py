"""A round trip as its row tells it: what reports are computed from."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict


class RoundTrip(BaseModel):
    """One row of `trading_trades`. Money is rounded to 8 places, percent to 4; times are the bars' (aware UTC).

    An open trade has no exit, P&L, percent or reason, and the commission of its entry only.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    trade_type: str
    strategy_name: str
    entry_logic_name: str
    exit_logic_name: str
    symbol: str
    interval: str
    direction: str
    status: Literal["open", "closed"]
    entry_time: datetime
    entry_price: Decimal
    entry_value: Decimal
    size: Decimal
    commission: Decimal
    exit_time: datetime | None = None
    exit_price: Decimal | None = None
    exit_value: Decimal | None = None
    gross_pnl: Decimal | None = None
    net_pnl: Decimal | None = None
    pnl_percentage: Decimal | None = None
    exit_reason: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether everything entered was left again."""
        return self.status == "closed"

    @property
    def entry_commission(self) -> Decimal:
        """The entry's part of the commission, which is proportional to what was turned over."""
        if self.exit_value is None:
            return self.commission
        turnover = self.entry_value + self.exit_value
        return self.commission * self.entry_value / turnover if turnover else Decimal(0)
