"""The report of a back-test or replay as one document: what `--json` prints and everything else is drawn from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from common.spec import BotSpec
from common.trading.equity_figures import EquityFigures
from common.trading.money import decimal_of, round_money, round_percent
from common.trading.round_trip import RoundTrip
from common.trading.trade_figures import TradeFigures, trade_figures

_PERCENT = ("win_rate", "average_trade_pct")
_RATIO = ("profit_factor",)


def report_of(
    spec: BotSpec, trades: Sequence[RoundTrip], equity: EquityFigures, denials: dict[str, int]
) -> dict[str, Any]:
    """Money rounded to 8 places, percents and ratios to 4; None where a figure has no meaning."""
    figures = trade_figures(trades)
    return {
        "bot": spec.name,
        "symbol": spec.symbol,
        "interval": spec.data.interval,
        "data": spec.data.file.path if spec.data.file else f"simulated market, seed {spec.data.seed}",
        "from": equity.first_bar_at,
        "to": equity.last_bar_at,
        "conditions": _conditions(spec),
        "figures": {**_trade_part(figures), **_equity_part(equity, figures)},
        "exit_reasons": [asdict(reason) for reason in figures.exit_reasons],
        "open_trade": _open_trade(trades, equity),
        "denials": dict(sorted(denials.items())),
        "trades": [trade.model_dump() for trade in trades],
    }


def _conditions(spec: BotSpec) -> dict[str, Any]:
    paper = spec.broker.paper
    return {
        "start_balance": spec.broker.start_balance,
        "commission_rate": spec.broker.commission_rate,
        "base_slippage": paper.base_slippage,
        "slippage_model": paper.slippage_model if paper.base_slippage is not None else None,
        "seed": paper.seed,
    }


def _trade_part(figures: TradeFigures) -> dict[str, Any]:
    part = {name: value for name, value in asdict(figures).items() if name != "exit_reasons"}
    for name, value in part.items():
        if isinstance(value, Decimal):
            part[name] = round_percent(value) if name in _PERCENT + _RATIO else round_money(value)
    return part


def _equity_part(equity: EquityFigures, figures: TradeFigures) -> dict[str, Any]:
    held = equity.buy_and_hold_pct
    return {
        "closed_return_pct": round_percent(figures.net_pnl * 100 / equity.start_balance),
        "end_equity": round_money(equity.end_equity),
        "return_pct": round_percent(equity.return_pct),
        "buy_and_hold_pct": None if held is None else round_percent(decimal_of(held)),
        "max_drawdown_pct": round_percent(equity.max_drawdown_pct),
        "longest_drawdown_seconds": equity.longest_drawdown_seconds,
        "sharpe": None if equity.sharpe is None else round(equity.sharpe, 4),
        "sortino": None if equity.sortino is None else round(equity.sortino, 4),
        "days": equity.days,
        "bars": equity.bars,
        "exposure_pct": None if equity.exposure_pct is None else round_percent(equity.exposure_pct),
    }


def _open_trade(trades: Sequence[RoundTrip], equity: EquityFigures) -> dict[str, Any] | None:
    """The trade that the data's end left open, at the last close; the commission of an exit is not in it."""
    held = next((trade for trade in reversed(trades) if not trade.is_closed), None)
    if held is None or equity.last_close is None:
        return None
    close = decimal_of(equity.last_close)
    unrealised = held.size * close - held.entry_value - held.commission
    return {
        "entry_time": held.entry_time,
        "entry_price": held.entry_price,
        "size": held.size,
        "last_close": close,
        "unrealised_pnl": round_money(unrealised),
        "unrealised_pct": round_percent(unrealised * 100 / held.entry_value),
    }
