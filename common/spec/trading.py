"""Reading `trading`: how many positions, which orders, what happens at a stop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from common.spec.fields import Choice, Field, Flag, Number, Real, Unfit, Whole
from common.spec.model import OnStop, OrderType, TradingSpec
from common.spec.section import Section
from common.spec.symbol_text import SymbolText

SHOWN_ONLY = "is read and shown, but not enforced on a single bot"
_STOP_POLICIES: tuple[OnStop, ...] = ("keep", "cancel_orders", "close_position")

POSITION_SIZE = Number(
    name="position_size",
    above=0,
    high=1,
    unit="fraction of cash",
    note="used when strategy.parameters.position_size is absent",
    default_note="0.1",
)
MAX_POSITIONS = Whole(name="max_positions", low=1, high=100, default=1, note="above 10 is worth a warning")
ORDER_TYPE: Choice[OrderType] = Choice(
    name="order_type",
    options=("market", "limit"),
    default="market",
    note="limit: entries only, at the decision's close",
)
LIMIT_TIMEOUT = Real(
    name="limit_timeout", above=0, unit="seconds", default_note="one interval", note="live orders only"
)
ON_STOP: Choice[OnStop] = Choice(
    name="on_stop",
    aliases=("close_on_stop",),
    options=_STOP_POLICIES,
    default="cancel_orders",
    note="when the bot is stopped or disabled for good",
)
SYMBOL = SymbolText(
    name="symbol", blank_is_absent=True, default_note="the bot's symbol", note="orders are always for the bot's symbol"
)
MAX_DRAWDOWN = Number(
    name="max_drawdown_pct", low=0, high=100, unit="percent of peak equity", default_note="off", note="0 = off"
)
MAX_EXPOSURE = Number(name="max_exposure", low=0, high=1_000_000, unit="fraction", note=SHOWN_ONLY)
ALLOW_SHORT = Flag(name="allow_short", default=False, note="no strategy of this version opens shorts")
LEVERAGE = Number(
    name="leverage",
    above=0,
    high=1000,
    default=Decimal(1),
    note=f"of live linear orders, set at the exchange; else it {SHOWN_ONLY}",
)


class CloseOnStop(Field[OnStop]):
    """The older spelling of `on_stop`: a flag, or one of the same words."""

    __slots__ = ()
    kind = "true/false"

    def parse(self, value: object) -> OnStop:
        if isinstance(value, bool):
            return "close_position" if value else "cancel_orders"
        try:
            return ON_STOP.parse(value)
        except Unfit:
            raise Unfit(self.rule()) from None

    def rule(self) -> str:
        return "must be true (close_position), false (cancel_orders), or one of: " + ", ".join(_STOP_POLICIES)


CLOSE_ON_STOP = CloseOnStop(name="close_on_stop", note="older spelling of on_stop; on_stop wins")
FIELDS: tuple[Field[Any], ...] = (
    POSITION_SIZE,
    MAX_POSITIONS,
    ORDER_TYPE,
    LIMIT_TIMEOUT,
    ON_STOP,
    CLOSE_ON_STOP,
    SYMBOL,
    MAX_DRAWDOWN,
    MAX_EXPOSURE,
    ALLOW_SHORT,
    LEVERAGE,
)


def read_trading(trading: Section, risk: Section, symbol: str, *, leveraged: bool = False) -> TradingSpec:
    """The trading section; `risk_management.max_drawdown_pct` stands in when it is not given here.

    `leveraged`: the bot trades live where there is leverage.
    """
    drawdown = trading.get(MAX_DRAWDOWN)
    from_risk = risk.get(MAX_DRAWDOWN)
    positions, leverage, exposure = trading.value(MAX_POSITIONS), trading.value(LEVERAGE), trading.get(MAX_EXPOSURE)
    short = trading.value(ALLOW_SHORT)
    if positions > 10:
        trading.warning(MAX_POSITIONS.name, "is more than 10", "a bot holds one position at a time")
    if leverage != 1 and not leveraged:
        trading.warning(LEVERAGE.name, SHOWN_ONLY)
    if exposure is not None and exposure < 1:
        trading.warning(MAX_EXPOSURE.name, SHOWN_ONLY)
    if short:
        trading.warning(ALLOW_SHORT.name, "has no effect: no strategy of this version opens shorts")
    if (trading.get(SYMBOL) or symbol).strip() != symbol:
        trading.warning(SYMBOL.name, f"has no effect: orders are for the bot's symbol {symbol}")
    spec = TradingSpec(
        max_positions=positions,
        order_type=trading.value(ORDER_TYPE),
        limit_timeout=trading.get(LIMIT_TIMEOUT),
        on_stop=_on_stop(trading),
        allow_short=short,
        leverage=leverage,
        max_exposure=exposure,
        max_drawdown_pct=(from_risk if drawdown is None else drawdown) or None,
    )
    trading.warn_unknown(FIELDS)
    return spec


def _on_stop(trading: Section) -> OnStop:
    older = trading.get(CLOSE_ON_STOP)
    policy = trading.get(ON_STOP)
    if older is not None and policy is not None and older != policy:
        trading.warning(CLOSE_ON_STOP.name, f"has no effect: on_stop is {policy}")
    if policy is not None:
        return policy
    return trading.value(ON_STOP) if older is None else older
