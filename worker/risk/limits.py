"""The limits that refuse an entry, checked at the decision in a fixed order; the first that is broken speaks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.spec import RiskSpec, StrategySpec, TradingSpec
from common.trading.money import round_money
from worker.risk.denial import Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySituation:
    """What the limits look at, at the close of the decision bar."""

    paused: bool
    busy: bool
    """A position is open or an order waits for its fill."""
    entries_today: int
    """Entries filled on the UTC date of the decision bar."""
    net_today: Decimal
    """Σ net P&L of the trades closed on that date."""
    equity: Decimal
    peak: Decimal
    """Highest equity so far, start balance included."""
    blocked: str | None = None
    """Why nothing may be bought although no limit says so; None: nothing is in the way."""


def check_entry(risk: RiskSpec, trading: TradingSpec, now: EntrySituation) -> Denial | None:
    """The first limit that refuses an entry in this situation; None when all allow it."""
    if now.paused:
        return Denial(rule="paused", message="the bot is paused: positions are managed, none is opened")
    if now.blocked is not None:
        return Denial(rule="blocked", message=now.blocked)
    if now.busy:
        message = "one position at a time: a position is open or an order waits for its fill"
        return Denial(rule="max_positions", message=message, limit=str(trading.max_positions), value="1")
    if risk.max_position_size is not None and risk.max_position_size <= 0:
        return Denial(
            rule="max_position_size",
            message="a largest position of 0 allows no entry",
            limit=str(risk.max_position_size),
        )
    return _daily(risk, now) or _drawdown(trading, now)


def check_quantity(strategy: StrategySpec, quantity: Decimal, close: Decimal) -> Denial | None:
    """Why `quantity` at `close` is too small to be ordered; None when it is not."""
    if quantity <= 0:
        least = "one share" if strategy.asset_type == "stock" else "0.00000001"
        message = f"cash, fraction and caps leave less than {least} at a close of {close}"
        return Denial(rule="position_size", message=message, value=str(quantity))
    if strategy.asset_type == "stock" and quantity * close < strategy.min_order_value:
        message = f"{quantity} shares at {close} are worth less than the smallest order"
        limit, value = str(strategy.min_order_value), str(quantity * close)
        return Denial(rule="min_order_value", message=message, limit=limit, value=value)
    return None


def _daily(risk: RiskSpec, now: EntrySituation) -> Denial | None:
    most = risk.max_daily_trades
    if most is not None and now.entries_today >= most:
        message = f"{now.entries_today} entries today (UTC); allowed are {most}"
        return Denial(rule="max_daily_trades", message=message, limit=str(most), value=str(now.entries_today))
    loss = -now.net_today
    if risk.max_daily_loss is not None and loss > 0 and loss >= risk.max_daily_loss:
        lost = str(round_money(loss))
        message = f"a net loss of {lost} today (UTC) reaches the limit of {risk.max_daily_loss:f}"
        return Denial(rule="max_daily_loss", message=message, limit=str(risk.max_daily_loss), value=lost)
    return None


def _drawdown(trading: TradingSpec, now: EntrySituation) -> Denial | None:
    limit = trading.max_drawdown_pct
    if limit is None or limit <= 0 or now.peak <= 0:
        return None
    lost = (now.peak - now.equity) * 100
    if lost < limit * now.peak:
        return None
    percent = lost / now.peak
    message = f"equity is {percent:.4f} % below its peak; entries stop at {limit:f} %"
    return Denial(rule="max_drawdown_pct", message=message, limit=str(limit), value=f"{percent:.4f}")
