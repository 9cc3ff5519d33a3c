"""What becomes of a sound entry signal: an order of some size, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.spec import BotSpec
from worker.risk.denial import Denial
from worker.risk.limits import EntrySituation, check_entry, check_quantity
from worker.risk.signal_check import SoundSignal
from worker.risk.sizing import entry_fraction, entry_quantity, given_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An entry is to be made."""

    quantity: Decimal
    limit_price: Decimal | None
    """None: a market order."""


def decide_entry(
    spec: BotSpec, signal: SoundSignal, now: EntrySituation, cash: Decimal, close: Decimal
) -> Decision | Denial:
    """The limits in their order, then the size; `cash` and `close` in quote currency."""
    denial = check_entry(spec.risk, spec.trading, now)
    if denial is not None:
        return denial
    strategy, risk = spec.strategy, spec.risk
    if signal.quantity is not None:
        quantity = given_quantity(strategy, risk, cash, close, signal.quantity)
    else:
        fraction = entry_fraction(strategy, signal.confidence, signal.risk_multiplier, signal.fraction)
        quantity = entry_quantity(strategy, risk, cash, close, fraction)
    refused = check_quantity(strategy, quantity, close)
    if refused is not None:
        return refused
    limited = spec.trading.order_type == "limit"
    return Decision(quantity=quantity, limit_price=signal.price if limited else None)
