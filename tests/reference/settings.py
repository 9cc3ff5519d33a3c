"""The bot's config as the reference reads it: only what changes a simulated run, every spelling it knows.

A key that would change the run but is not understood here raises, so that the reference never agrees with
anything by silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reference.logic import Logic

CRYPTO = [
    "BTC",
    "ETH",
    "USDT",
    "USDC",
    "BNB",
    "ADA",
    "SOL",
    "DOT",
    "MATIC",
    "AVAX",
    "LINK",
    "UNI",
    "LTC",
    "BCH",
    "XRP",
    "DOGE",
    "SHIB",
    "BUSD",
]

DETERMINISTIC_PAPER_KEYS = {"initial_balance", "commission_rate", "mode", "latency_simulation", "realistic_fills"}


def exact(value: Any) -> Decimal | None:
    """A number of the config as the decimal that it shows; None stays None."""
    return None if value is None else Decimal(repr(value) if isinstance(value, float) else str(value))


@dataclass(frozen=True, kw_only=True)
class Limits:
    stop_loss_pct: Decimal | None
    take_profit_pct: Decimal | None
    trailing_pct: Decimal | None
    activation_pct: Decimal | None
    max_position_size: Decimal | None
    max_daily_loss: Decimal | None
    max_daily_trades: int | None
    max_drawdown_pct: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Settings:
    symbol: str
    interval: str
    trade_type: str
    strategy_type: str
    start_balance: Decimal
    rate: Decimal
    fraction: Decimal
    stock: bool
    min_order_value: Decimal
    limit_entries: bool
    history_bars: int
    entry: Logic
    exit: Logic
    limits: Limits
    data: dict[str, Any]


def read_settings(config: dict[str, Any]) -> Settings:
    broker, data, trading = config["broker"], config.get("data") or {}, config.get("trading") or {}
    paper = broker.get("paper_trading_config") or {}
    if unknown := set(paper) - DETERMINISTIC_PAPER_KEYS:
        raise ValueError(f"the reference knows no imperfect fills: {sorted(unknown)}")
    if trading.get("limit_timeout") is not None:
        raise ValueError("the reference knows no trading.limit_timeout")
    parameters = config["strategy"].get("parameters") or {}
    symbol = data.get("symbol") or config["symbol"]
    return Settings(
        symbol=symbol,
        interval=data.get("interval", "1h"),
        trade_type=broker["trading_mode"],
        strategy_type=config["strategy"].get("type", "CustomStrategy"),
        start_balance=_first(paper.get("initial_balance"), broker.get("cash"), broker.get("initial_balance"), 10000),
        rate=_first(paper.get("commission_rate"), broker.get("commission"), 0.001),
        fraction=_fraction(parameters, trading),
        stock=_is_stock(parameters.get("asset_type"), symbol),
        min_order_value=_first(parameters.get("min_order_value"), 0),
        limit_entries=trading.get("order_type", "market") == "limit",
        history_bars=data.get("lookback_bars", 500) if data.get("history") else 0,
        entry=Logic(parameters["entry_logic"], "e_"),
        exit=Logic(parameters["exit_logic"], "x_"),
        limits=_limits(config.get("risk_management") or {}, trading),
        data=data,
    )


def _first(*values: Any) -> Decimal:
    found = exact(next(value for value in values if value is not None))
    assert found is not None
    return found


def _fraction(parameters: dict[str, Any], trading: dict[str, Any]) -> Decimal:
    fraction = _first(parameters.get("position_size"), trading.get("position_size"), 0.1)
    if (most := exact(parameters.get("max_position_size"))) is not None:
        fraction = min(fraction, most)
    if (least := exact(parameters.get("min_position_size"))) is not None:
        fraction = max(fraction, least)
    return fraction


def _is_stock(asset_type: str | None, symbol: str) -> bool:
    if asset_type is not None:
        return asset_type == "stock"
    return not any(coin in symbol for coin in CRYPTO)


def _limits(risk: dict[str, Any], trading: dict[str, Any]) -> Limits:
    trails = bool(risk.get("trailing_stop"))
    cap = risk.get("max_position_size")
    return Limits(
        stop_loss_pct=_percent(risk.get("stop_loss_pct")) if risk.get("stop_loss_enabled", True) else None,
        take_profit_pct=_percent(risk.get("take_profit_pct")) if risk.get("take_profit_enabled", True) else None,
        trailing_pct=_percent(risk.get("trailing_stop_pct")) if trails else None,
        activation_pct=_percent(risk.get("trailing_stop_activation_pct")),
        max_position_size=exact(cap if cap is not None else risk.get("max_position_size_usd")),
        max_daily_loss=exact(risk.get("max_daily_loss")),
        max_daily_trades=risk.get("max_daily_trades"),
        max_drawdown_pct=_percent(trading.get("max_drawdown_pct", risk.get("max_drawdown_pct"))),
    )


def _percent(value: Any) -> Decimal | None:
    """A percent limit; 0 and null are off."""
    return exact(value) or None
