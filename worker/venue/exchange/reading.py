"""What ccxt's answers say, in the port's words. Pure.

ccxt gives numbers as floats; they are read by their shortest decimal form, which is what the exchange wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from common.trading.money import decimal_of
from worker.venue.exchange.client_ids import Carriage
from worker.venue.exchange.rules import step_of
from worker.venue.exchange_port import (
    Balance,
    Candle,
    Execution,
    InstrumentKind,
    Market,
    OrderReport,
    Quote,
    ReportStatus,
)

_STATUS: Mapping[str, ReportStatus] = {
    "open": "open",
    "closed": "filled",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "expired": "expired",
    "rejected": "rejected",
    # The client passes these on as the exchange says them: ends of orders of perpetuals.
    **dict.fromkeys(("reduce_only", "reduce_out", "position_closed", "auto_deleveraged", "liquidated"), "cancelled"),
    "stp": "cancelled",
}
_STOP_TYPES = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "STOP_MARKET", "STOP"})
_BINANCE = ("binance", "binanceus", "binanceusdm")


def number(value: Any) -> Decimal | None:
    """`value` exactly; None for nothing, for what is no number and for what is not finite."""
    if value is None or isinstance(value, bool):
        return None
    try:
        exact = decimal_of(value)
    except (ArithmeticError, ValueError, TypeError):
        return None
    return exact if exact.is_finite() else None


def moment_of(milliseconds: Any, otherwise: datetime) -> datetime:
    """A time of the exchange, aware UTC."""
    if not isinstance(milliseconds, int | float):
        return otherwise
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def market_of(market: Mapping[str, Any], kind: InstrumentKind, mode: int, exchange: str, finds: bool) -> Market:
    """The instrument as its exchange's client describes it. Raises ValueError for rules that make no sense."""
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    largest = _smallest([amount.get("max"), (limits.get("market") or {}).get("max")])
    unit = (kind == "linear" and number(market.get("contractSize"))) or Decimal(1)
    if unit < 0:
        raise ValueError(f"a contract of {unit} {market['base']} is none")
    return Market(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        kind=kind,
        amount_step=step_of(precision.get("amount"), mode) * unit,
        price_step=step_of(precision.get("price"), mode),
        min_amount=(number(amount.get("min")) or Decimal(0)) * unit,
        max_amount=largest * unit if largest else None,
        min_cost=number(cost.get("min")) or Decimal(0),
        maker_rate=_rate(market.get("maker")),
        taker_rate=_rate(market.get("taker")),
        contract_size=unit,
        # Stops of perpetuals are kept in a list of their own there, under other calls: the worker watches the price.
        keeps_stops=kind == "spot" and exchange in _BINANCE and bool(stop_types(market)),
        finds_by_client_id=finds,
    )


def stop_types(market: Mapping[str, Any]) -> frozenset[str]:
    """The kinds of stop order that the instrument takes, in binance's words."""
    named = (market.get("info") or {}).get("orderTypes") or ()
    return _STOP_TYPES & {str(each) for each in named}


def report_of(
    order: Mapping[str, Any],
    carriage: Carriage,
    now: datetime,
    known: str | None = None,
    contract_size: Decimal = Decimal(1),
) -> OrderReport:
    """The state of an order. Raises ValueError when the answer names no order."""
    if not order.get("id"):
        raise ValueError("the answer names no order")
    filled = (number(order.get("filled")) or Decimal(0)) * contract_size
    told = order.get("lastUpdateTimestamp") or order.get("lastTradeTimestamp") or order.get("timestamp")
    return OrderReport(
        exchange_order_id=str(order["id"]),
        client_order_id=carriage.decode(order, known),
        status=_STATUS.get(str(order.get("status")), "open"),
        side="sell" if order.get("side") == "sell" else "buy",
        quantity=(number(order.get("amount")) or Decimal(0)) * contract_size,
        filled=filled,
        average_price=_average(order, filled),
        at=moment_of(told, now),
        price=number(order.get("price")) or None,
        stop_price=number(order.get("stopPrice") or order.get("triggerPrice") or order.get("stopLossPrice")) or None,
    )


def execution_of(trade: Mapping[str, Any], now: datetime, contract_size: Decimal = Decimal(1)) -> Execution | None:
    """One fill; None for what lacks an id, an order, a quantity or a price."""
    quantity, price = number(trade.get("amount")), number(trade.get("price"))
    if not trade.get("id") or not trade.get("order") or not quantity or not price:
        return None
    fee = _fee(trade)
    return Execution(
        execution_id=str(trade["id"]),
        exchange_order_id=str(trade["order"]),
        side="sell" if trade.get("side") == "sell" else "buy",
        quantity=quantity * contract_size,
        price=price,
        fee=number(fee.get("cost")) or Decimal(0),
        fee_currency=fee.get("currency") if number(fee.get("cost")) is not None else None,
        at=moment_of(trade.get("timestamp"), now),
    )


def candle_of(row: Sequence[Any]) -> Candle | None:
    """One candle of ccxt's [ms, open, high, low, close, volume]; None for one that lacks a price."""
    if len(row) < 5 or any(number(value) is None for value in row[:5]):
        return None
    volume = float(row[5]) if len(row) > 5 and number(row[5]) is not None else 0.0
    opened_at = datetime.fromtimestamp(row[0] / 1000, UTC)
    return Candle(
        opened_at=opened_at,
        open=float(row[1]),
        high=float(row[2]),
        low=float(row[3]),
        close=float(row[4]),
        volume=volume,
    )


def quote_of(ticker: Mapping[str, Any], now: datetime) -> Quote | None:
    """The present price; None when the answer tells none."""
    bid, ask, last = (number(ticker.get(name)) or None for name in ("bid", "ask", "last"))
    present = last or bid or ask
    if present is None:
        return None
    return Quote(bid=bid or present, ask=ask or present, last=present, at=moment_of(ticker.get("timestamp"), now))


def balance_of(balance: Mapping[str, Any]) -> Balance:
    """What the account holds; currencies it has nothing of are left out."""

    def amounts(name: str) -> dict[str, Decimal]:
        exact = ((currency, number(value)) for currency, value in (balance.get(name) or {}).items())
        return {currency: value for currency, value in exact if value}

    return Balance(free=amounts("free"), total=amounts("total"))


def _smallest(values: Sequence[Any]) -> Decimal | None:
    """Of those that are there and not nothing."""
    return min((each for value in values if (each := number(value))), default=None)


def _rate(value: Any) -> Decimal:
    rate = number(value)
    return Decimal("0.001") if rate is None or rate < 0 else rate


def _average(order: Mapping[str, Any], filled: Decimal) -> Decimal | None:
    average = number(order.get("average"))
    if average:
        return average
    cost = number(order.get("cost"))
    return cost / filled if cost and filled else None


def _fee(trade: Mapping[str, Any]) -> Mapping[str, Any]:
    fees = [fee for fee in (trade.get("fees") or ()) if isinstance(fee, Mapping) and fee.get("currency")]
    if len(fees) == 1:
        return fees[0]
    fee = trade.get("fee")
    return fee if isinstance(fee, Mapping) else {}
