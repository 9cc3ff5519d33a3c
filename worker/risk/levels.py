"""Percent stop, trailing stop and take profit of a long position, tested against one bar.

The levels are known before the bar. A bar after the fill bar that opens at or above the target takes the
target at its open; then the stop is tested, then the target within the range. A level the bar opens beyond
fills at the open, else at the level.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from common.spec import RiskSpec

_HUNDRED = Decimal(100)
LevelReason = Literal["stop_loss", "trailing_stop", "take_profit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A level that a bar reached, and the price it fills at before slippage."""

    reason: LevelReason
    level: Decimal
    price: Decimal


def has_levels(risk: RiskSpec) -> bool:
    """Whether any level can close a position at all."""
    return risk.stop_loss_pct is not None or risk.take_profit_pct is not None or risk.trailing_stop


def stop_of(risk: RiskSpec, entry: Decimal, highest: Decimal) -> tuple[Decimal, LevelReason] | None:
    """The higher of percent stop and trailing level, and its name; the percent stop's on a tie. None without any.

    `highest` is the highest price since entry through the previous bar, the entry price included.
    """
    stop: tuple[Decimal, LevelReason] | None = None
    if risk.stop_loss_pct is not None:
        stop = entry * (_HUNDRED - risk.stop_loss_pct) / _HUNDRED, "stop_loss"
    if risk.trailing_stop and risk.trailing_stop_pct is not None:
        activation = risk.trailing_stop_activation_pct
        if activation is None or (highest - entry) * _HUNDRED >= activation * entry:
            trail = highest * (_HUNDRED - risk.trailing_stop_pct) / _HUNDRED
            if stop is None or trail > stop[0]:
                stop = trail, "trailing_stop"
    return stop


def target_of(risk: RiskSpec, entry: Decimal) -> Decimal | None:
    """The price at which the profit is taken; None without a target."""
    return None if risk.take_profit_pct is None else entry * (_HUNDRED + risk.take_profit_pct) / _HUNDRED


def level_hit(
    risk: RiskSpec, entry: Decimal, highest: Decimal, bar: tuple[Decimal, Decimal, Decimal], fill_bar: bool
) -> Hit | None:
    """The level that `bar` (open, high, low) reaches; None when it reaches none.

    On the fill bar nothing is taken at the open: the position did not exist before it.
    """
    open_, high, low = bar
    target = target_of(risk, entry)
    if target is not None and not fill_bar and open_ >= target:
        return Hit(reason="take_profit", level=target, price=open_)
    stop = stop_of(risk, entry, highest)
    if stop is not None and low <= stop[0]:
        return Hit(reason=stop[1], level=stop[0], price=min(open_, stop[0]))
    if target is not None and high >= target:
        return Hit(reason="take_profit", level=target, price=target)
    return None
