"""What a paper account may suffer when its config asks for it: slippage, impact, latency, rejects, partial fills.

Everything random about an order is drawn from a generator seeded with (seed, time of the decision bar, side,
ordinal), so that a life that computes the same order again draws the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from common.spec import PaperSpec
from common.trading.money import decimal_of
from common.trading.order import Order

LARGEST_DEVIATION = Decimal("0.05")
"""An order that would fill farther than this fraction from the reference is rejected."""
SLIPPAGE_STEP = Decimal("0.0000000001")
"""Keeps the digits of fill prices few enough for sums of money to stay exact."""
_THOUSAND = Decimal(1000)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What is in store for one order."""

    reject: bool = False
    latency: float = 0.0
    """Seconds until it reaches the venue."""
    slippage: Decimal = Decimal(0)
    """Fraction of the price, against the order."""
    first_share: Decimal | None = None
    """Share of the quantity that the first execution fills; None: all."""


IDEAL = Fate()


def fate_of(order: Order, paper: PaperSpec) -> Fate:
    """What happens to `order` under `paper`; the same for the same order, always."""
    slips = paper.base_slippage is not None or paper.market_impact_factor is not None
    chancy = slips or paper.latency_on or paper.partial_fill_probability > 0 or paper.reject_probability > 0
    if not chancy:
        return IDEAL
    chance = random.Random(f"{paper.seed}/{order.created_at.isoformat()}/{order.side}/{order.ordinal}")
    refused, late, slipped, parted, share = (chance.random() for _ in range(5))
    return Fate(
        reject=refused < paper.reject_probability,
        latency=(paper.min_latency_ms + (paper.max_latency_ms - paper.min_latency_ms) * late) / 1000.0,
        slippage=_slippage(order.quantity, paper, decimal_of(0.5 + slipped)) if slips else Decimal(0),
        first_share=decimal_of(0.5 + 0.45 * share) if parted < paper.partial_fill_probability else None,
    )


def _slippage(quantity: Decimal, paper: PaperSpec, luck: Decimal) -> Decimal:
    """Base part by model plus market impact, times luck, as a fraction of the price with 10 decimals."""
    base, model = paper.base_slippage or Decimal(0), paper.slippage_model
    if model == "sqrt":
        base *= 1 + (quantity / _HUNDRED).sqrt()
    elif model == "linear":
        base *= 1 + quantity / _THOUSAND
    slippage = (base + (paper.market_impact_factor or Decimal(0)) * quantity) * luck
    return slippage.quantize(SLIPPAGE_STEP)


def slipped(price: Decimal, order: Order, fate: Fate) -> Decimal:
    """`price` moved against the order: up for buys, down for sells."""
    return price * (1 + fate.slippage) if order.side == "buy" else price * (1 - fate.slippage)


def grade(fate: Fate, paper: PaperSpec) -> str | None:
    """Quality by slippage in basis points: below 10 excellent, 50 good, 100 fair, else poor; None when off."""
    if not paper.enable_execution_quality:
        return None
    points = fate.slippage * 10_000
    for bound, word in ((10, "excellent"), (50, "good"), (100, "fair")):
        if points < bound:
            return word
    return "poor"
