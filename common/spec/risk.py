"""Reading `risk_management`: limits checked before each entry, and levels that end a position."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from common.spec.fields import Choice, Field, Flag, Money, Number, Whole
from common.spec.model import BrokerSpec, RiskSpec
from common.spec.section import Section
from common.spec.trading import MAX_DRAWDOWN, SHOWN_ONLY

_CEILING = 10**15
"""Far above any account; keeps sums within the precision of money."""

STOP_LOSS = Number(
    name="stop_loss_pct", low=0, high=100, unit="percent of entry price", note="0 = off", default_note="off"
)
TAKE_PROFIT = Number(
    name="take_profit_pct", low=0, high=1000, unit="percent of entry price", note="0 = off", default_note="off"
)
STOP_LOSS_ON = Flag(name="stop_loss_enabled", default=True, note="false switches stop_loss_pct off")
TAKE_PROFIT_ON = Flag(name="take_profit_enabled", default=True, note="false switches take_profit_pct off")
TRAILING = Flag(name="trailing_stop", default=False, note="needs a trailing_stop_pct above 0")
TRAILING_PCT = Number(
    name="trailing_stop_pct", low=0, high=100, unit="percent of the highest price", note="0 = off", default_note="off"
)
ACTIVATION = Number(
    name="trailing_stop_activation_pct",
    low=0,
    high=100_000,
    unit="percent of profit",
    note="arms the trailing stop; absent: armed from the fill",
)
MAX_SIZE = Money(
    name="max_position_size",
    aliases=("max_position_size_usd",),
    low=0,
    unit="money",
    note="cap of an entry's notional; 0 refuses every entry",
    below=_CEILING,
)
MAX_SIZE_USD = Money(
    name="max_position_size_usd", low=0, unit="money", note="read when max_position_size is absent", below=_CEILING
)
MAX_LOSS = Money(
    name="max_daily_loss",
    low=0,
    unit="money",
    note="net loss of a UTC day that stops entries until the next",
    below=_CEILING,
)
MAX_TRADES = Whole(
    name="max_daily_trades", low=1, high=1000, unit="entries per UTC day", note="above 100 is worth a warning"
)
PORTFOLIO_RISK = Number(name="max_portfolio_risk", low=0, high=1, unit="fraction", note=SHOWN_ONLY)
SIZING: Choice[str] = Choice(
    name="position_sizing_method",
    options=("fixed_dollar", "percentage", "kelly", "volatility_adjusted"),
    note="entries are sized by position_size (percentage); the others have no effect",
)
FIELDS: tuple[Field[Any], ...] = (
    MAX_SIZE,
    MAX_SIZE_USD,
    STOP_LOSS,
    STOP_LOSS_ON,
    TAKE_PROFIT,
    TAKE_PROFIT_ON,
    MAX_LOSS,
    MAX_TRADES,
    TRAILING,
    TRAILING_PCT,
    ACTIVATION,
    MAX_DRAWDOWN,
    PORTFOLIO_RISK,
    SIZING,
)


def read_risk(risk: Section) -> RiskSpec:
    """The limits in force, flags and zeros applied."""
    stop, target = _levels(risk)
    trailing, activation = _trailing(risk)
    portfolio = risk.get(PORTFOLIO_RISK)
    sizing, trades = risk.get(SIZING), risk.get(MAX_TRADES)
    size, size_usd = risk.get(MAX_SIZE), risk.get(MAX_SIZE_USD)
    if trades is not None and trades > 100:
        risk.warning(MAX_TRADES.name, "is more than 100 entries a day")
    if portfolio is not None:
        risk.warning(PORTFOLIO_RISK.name, SHOWN_ONLY)
    if sizing not in (None, "percentage"):
        risk.warning(SIZING.name, "has no effect: entries are sized by position_size")
    risk.warn_unknown(FIELDS)
    return RiskSpec(
        stop_loss_pct=stop,
        take_profit_pct=target,
        trailing_stop=trailing is not None,
        trailing_stop_pct=trailing,
        trailing_stop_activation_pct=activation,
        max_position_size=size_usd if size is None else size,
        max_daily_loss=risk.get(MAX_LOSS),
        max_daily_trades=trades,
        max_portfolio_risk=portfolio,
    )


def stricter(risk: RiskSpec, broker: BrokerSpec | None) -> RiskSpec:
    """`risk` within the limits that a live broker is given besides; the smaller of two holds."""
    if broker is None:
        return risk
    return risk.model_copy(
        update={
            "max_position_size": _smaller(risk.max_position_size, broker.max_position_size),
            "max_daily_loss": _smaller(risk.max_daily_loss, broker.max_daily_loss),
        }
    )


def _smaller(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _levels(risk: Section) -> tuple[Decimal | None, Decimal | None]:
    stop, target = risk.get(STOP_LOSS), risk.get(TAKE_PROFIT)
    stop = stop if risk.value(STOP_LOSS_ON) and stop else None
    target = target if risk.value(TAKE_PROFIT_ON) and target else None
    if stop is not None and target is not None and target <= stop:
        risk.warning(TAKE_PROFIT.name, f"is not above stop_loss_pct {stop}")
    return stop, target


def _trailing(risk: Section) -> tuple[Decimal | None, Decimal | None]:
    wanted, pct, activation = risk.value(TRAILING), risk.get(TRAILING_PCT), risk.get(ACTIVATION)
    if wanted and pct:
        return pct, activation
    if wanted:
        risk.warning(TRAILING.name, "has no effect without a trailing_stop_pct above 0")
    elif pct:
        risk.warning(TRAILING_PCT.name, "has no effect while trailing_stop is not true")
    return None, None
