"""What becomes of a sound entry signal: an order of some size, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.spec import BotSpec
from worker.risk.denial import Denial
from worker.risk.instrument import Instrument
from worker.risk.limits import EntrySituation, check_entry, check_quantity
from worker.risk.signal_check import SoundSignal
from worker.risk.sizing import affordable, entry_fraction, entry_quantity, given_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An entry is to be made."""

    quantity: Decimal
    limit_price: Decimal | None
    """None: a market order."""


def decide_entry(
    spec: BotSpec,
    signal: SoundSignal,
    now: EntrySituation,
    cash: Decimal,
    close: Decimal,
    instrument: Instrument | None = None,
) -> Decision | Denial:
    """The limits in their order, then the size; `cash` and `close` in quote currency.

    `instrument`: the rules of the market that the order goes to; None: of the simulated one, which takes anything.
    """
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
    limit = signal.price if spec.trading.order_type == "limit" else None
    if instrument is None:
        return Decision(quantity=quantity, limit_price=limit)
    limit = limit and instrument.price(limit)
    rate = spec.broker.commission_rate
    quantity = instrument.amount(affordable(cash, limit or close, rate, quantity, instrument.amount_step))
    return instrument.refuses(quantity, limit or close) or Decision(quantity=quantity, limit_price=limit)
