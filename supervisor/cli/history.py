"""A config as it is traded over history: the bot's own, with what the command line says laid over it. Pure."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from common.spec.credentials import blanked
from common.spec.data import FILE_FIELDS, PATH
from common.spec.intervals import interval_seconds

SIMULATED_START = datetime(2024, 1, 1, tzinfo=UTC)
"""Bar 0 of the simulated market where nothing else is said."""
_KEPT_FOR_A_FILE = ("interval", "symbol", "lookback_bars", "history", *(f.name for f in FILE_FIELDS if f is not PATH))
_SILENT = {"error_notifications": False, "bot_events": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the command line says about a back-test."""

    file: Path | None = None
    """Candle file to use instead of the config's data."""
    start: str | None = None
    """ISO, inclusive."""
    end: str | None = None
    """ISO, inclusive."""
    bars: int | None = None
    """Number of bars of the simulated market, warm-up included."""
    fees: float | None = None
    """Commission rate, fraction of the notional."""
    slippage: float | None = None
    """Fraction of the price."""


def over_history(config: dict[str, Any], history: History) -> dict[str, Any]:
    """`config` as a paper bot that trades this history as fast as it can and tells nobody. The result is unread."""
    result = deepcopy(blanked(config))
    result |= {"enabled": True, "notifications": dict(_SILENT)}
    result["data"] = _data(_section(result, "data"), history)
    broker = _section(result, "broker")
    if broker:
        result["broker"] = _broker(broker, history)
    return result


def _data(data: dict[str, Any], history: History) -> dict[str, Any]:
    if history.file is not None:
        data = {key: value for key, value in data.items() if key in _KEPT_FOR_A_FILE}
        data |= {"data_source": "file", "file_path": str(history.file.absolute())}
    data = {key: value for key, value in data.items() if key not in ("simulate_realtime", "realtime_interval")}
    data["speed"] = 0
    if history.start is not None:
        data["fromdate"] = history.start
    if history.end is not None:
        data["todate"] = history.end
    if history.bars is not None:
        data |= _counted(data, history.bars)
    return data


def _counted(data: dict[str, Any], bars: int) -> dict[str, Any]:
    """The end date that makes so many bars; nothing where start or interval cannot be read, which is told elsewhere."""
    said = data.get("fromdate")
    try:
        start = SIMULATED_START if said is None else datetime.fromisoformat(str(said))
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        length = timedelta(seconds=interval_seconds(str(data.get("interval", "1h"))))
        return {"todate": (start + (bars - 1) * length).isoformat()}
    except (ValueError, OverflowError):
        return {}


def _broker(broker: dict[str, Any], history: History) -> dict[str, Any]:
    if broker.get("trading_mode") == "live":
        broker["trading_mode"] = "paper"
    paper = _section(broker, "paper_trading_config")
    if history.fees is not None:
        broker["commission"] = history.fees
        paper.pop("commission_rate", None)
    if history.slippage is not None:
        if paper.get("mode") == "disabled":
            paper = {key: paper[key] for key in ("initial_balance", "commission_rate", "seed") if key in paper}
        paper |= {"base_slippage": history.slippage, "slippage_model": "fixed"}
    if paper:
        broker["paper_trading_config"] = paper
    return broker


def _section(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return dict(value) if isinstance(value, dict) else {}
