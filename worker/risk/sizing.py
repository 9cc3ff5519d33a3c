"""Size of an entry: a fraction of the cash at the decision's close, capped in money, rounded down to the step."""

from __future__ import annotations

from decimal import Decimal

from common.spec import RiskSpec, StrategySpec
from common.trading.money import MONEY_STEP, decimal_of, round_down

WHOLE_SHARE = Decimal(1)
_ALL = Decimal(1)


def step_of(strategy: StrategySpec) -> Decimal:
    """Smallest quantity: whole shares for stocks, 8 decimals for crypto."""
    return WHOLE_SHARE if strategy.asset_type == "stock" else MONEY_STEP


def entry_fraction(
    strategy: StrategySpec,
    confidence: float | Decimal,
    risk_multiplier: float | Decimal,
    position_size: Decimal | None = None,
) -> Decimal:
    """position_size × confidence × risk_multiplier, clamped only by the clamps that are given: upper first, then lower.

    `position_size`: in place of the strategy's. Raises ValueError for a confidence or multiplier that is not a
    finite number.
    """
    base = strategy.position_size if position_size is None else position_size
    fraction = base * decimal_of(confidence) * decimal_of(risk_multiplier)
    if strategy.max_position_size is not None:
        fraction = min(fraction, strategy.max_position_size)
    if strategy.min_position_size is not None:
        fraction = max(fraction, strategy.min_position_size)
    return fraction


def entry_quantity(strategy: StrategySpec, risk: RiskSpec, cash: Decimal, close: Decimal, fraction: Decimal) -> Decimal:
    """Quantity to order at a decision: never negative, a multiple of the step, 0 when nothing can be bought.

    `cash` and `close` in quote currency; quantity × close stays within the money cap and the cash.
    """
    quantity = cash * min(fraction, _ALL) / close
    if risk.max_position_size is not None:
        quantity = min(quantity, risk.max_position_size / close)
    return round_down(quantity, step_of(strategy)) if quantity > 0 else Decimal(0)


def given_quantity(strategy: StrategySpec, risk: RiskSpec, cash: Decimal, close: Decimal, wanted: Decimal) -> Decimal:
    """`wanted` units, cut to the caps and to what the cash covers at the close, rounded down to the step."""
    share = _ALL if strategy.max_position_size is None else min(strategy.max_position_size, _ALL)
    most = cash * share / close
    if risk.max_position_size is not None:
        most = min(most, risk.max_position_size / close)
    quantity = min(wanted, most)
    return round_down(quantity, step_of(strategy)) if quantity > 0 else Decimal(0)


def affordable(cash: Decimal, price: Decimal, rate: Decimal, wanted: Decimal, step: Decimal) -> Decimal:
    """`wanted`, or the largest quantity whose price and commission `cash` covers; 0 when there is none."""
    unit = price * (1 + rate)
    if wanted * unit <= cash:
        return wanted
    return round_down(cash / unit, step) if cash > 0 else Decimal(0)
