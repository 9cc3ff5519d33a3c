"""The levels a position is held under, and whether a stop that rests at the venue still keeps them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.spec import RiskSpec
from common.trading.order import Order
from worker.book.trade import Trade
from worker.risk.instrument import Instrument
from worker.risk.levels import LevelReason, stop_of, target_of

WORTH_MOVING = Decimal("0.001")
"""Fraction by which a trailing level must have moved before a resting stop follows: each step is a moment without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The levels of a position at one moment; None: no such level."""

    stop: Decimal | None
    stop_reason: LevelReason
    target: Decimal | None


def guard_of(risk: RiskSpec, trade: Trade) -> Guard:
    """The levels that `trade` is held under now."""
    stop = stop_of(risk, trade.entry_price, trade.highest)
    return Guard(
        stop=None if stop is None else stop[0],
        stop_reason="stop_loss" if stop is None else stop[1],
        target=target_of(risk, trade.entry_price),
    )


def still_fits(resting: Order, guard: Guard, held: Decimal, instrument: Instrument) -> bool:
    """Whether a resting stop protects what is held at the level it should."""
    if guard.stop is None or resting.stop_price is None:
        return False
    if resting.remaining != instrument.amount(held):
        return False
    wanted = instrument.price(guard.stop)
    return abs(wanted - resting.stop_price) < max(instrument.price_step, resting.stop_price * WORTH_MOVING)
