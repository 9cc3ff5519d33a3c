"""What a strategy wishes for, before anybody has looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.trading.order import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Buy: open a long position. Sell: close the whole position.

    A signal is made by anybody's code and is believed only after it was checked. What is missing counts as a
    mistake of that one signal, which is refused and recorded; it does not end the bot.
    """

    side: Side | None = None
    """Needed."""
    symbol: str | None = None
    """Needed: the bot's symbol, as its config spells it."""
    price: float | Decimal | None = None
    """Needed: the price it was decided at, in quote currency; the limit of a limit entry."""
    time: datetime | None = None
    """Needed, aware: the moment of the market that it is about, such as the bar's timestamp."""
    reason: str | None = None
    """Needed: why, in a few words; goes into orders, trades and logs."""
    confidence: float | Decimal = 1.0
    """How sure the strategy is, above 0 and at most 1; scales the size."""
    risk_multiplier: float | Decimal = 1.0
    """Above 0; scales the size."""
    fraction: float | Decimal | None = None
    """Share of the cash to put in, above 0 and at most 1, in place of the config's `position_size`."""
    quantity: float | Decimal | None = None
    """Units to buy, in place of a share of the cash; confidence and multiplier do not scale it."""
    signal_id: str | None = None
    """The strategy's own name for it; a name that was used before marks a repetition."""
