"""Decimal arithmetic for money and quantities.

Amounts are kept unrounded while they are computed (60 significant digits) and are rounded half-even only
where a row is written. The border from binary floating point is `repr()`: 0.1 means 0.1.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Context of every computation with money; install with `decimal.setcontext(CONTEXT.copy())` per thread."""

MONEY_STEP = Decimal("0.00000001")
PERCENT_STEP = Decimal("0.0001")


def decimal_of(value: Any) -> Decimal:
    """`value` (Decimal, int, float by its repr, or numeric text) as a Decimal.

    Raises ValueError for a bool, for anything not numeric, and for NaN or infinity: money is a finite number.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is a truth value, not a number")
    try:
        number = (
            value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else str(value))
        )
    except ArithmeticError:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return number


def round_money(amount: Decimal) -> Decimal:
    """Half-even to 8 places, as a money column holds it."""
    return amount.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN, context=CONTEXT)


def round_percent(amount: Decimal) -> Decimal:
    """Half-even to 4 places, as a percent column holds it."""
    return amount.quantize(PERCENT_STEP, rounding=ROUND_HALF_EVEN, context=CONTEXT)


def round_down(quantity: Decimal, step: Decimal = MONEY_STEP) -> Decimal:
    """The largest multiple of `step` that is not above `quantity` (which must not be negative)."""
    with localcontext(CONTEXT):
        return (quantity / step).to_integral_value(rounding=ROUND_DOWN) * step
