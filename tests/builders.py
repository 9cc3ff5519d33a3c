"""Small worlds for tests: bot configs, candles and CSV files whose set-up is known beforehand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

RECORDED = Path(os.environ.get("BOTVISOR_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
"""Folder of recorded market data; tests that want it skip, saying so, where it is absent."""

START = datetime(2024, 1, 1, tzinfo=UTC)


class Candle(NamedTuple):
    open: float
    high: float
    low: float
    close: float
    volume: float = 100.0


WHOLE = ("entry_logic", "exit_logic")


def merged(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """`base` with `override` laid over it, object by object; mixins replace whole, a value of `...` removes the key."""
    result = deepcopy(base)
    for key, value in override.items():
        if value is ...:
            result.pop(key, None)
        elif key not in WHOLE and isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = deepcopy(value)
    return result


def a_bot(csv: Path | str | None = None, **override: Any) -> dict[str, Any]:
    """Config of a bot that trades often: enters on a low RSI or band, leaves after five bars.

    With `csv` it replays that file, without it trades the built-in market (seed 7) at 600 market seconds a second.
    Keywords are laid over the result object by object: `a_bot(csv, broker={"cash": 100})`.
    """
    if csv is not None:
        data: dict[str, Any] = {"data_source": "file", "file_path": str(csv), "interval": "5m"}
    else:
        data = {"data_source": "simulated", "interval": "1m", "seed": 7, "speed": 600, "lookback_bars": 20}
    return merged(
        {
            "id": "dipper",
            "name": "Dip buyer",
            "enabled": True,
            "symbol": "ETHBTC",
            "broker": {"type": "paper", "trading_mode": "paper", "name": "desk", "cash": 10000.0, "commission": 0.001},
            "strategy": {
                "type": "CustomStrategy",
                "parameters": {
                    "entry_logic": an_entry(rsi_period=5, rsi_oversold=35, bb_period=10, bb_dev=1.5),
                    "exit_logic": {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 5}},
                    "position_size": 0.1,
                },
            },
            "data": data,
        },
        override,
    )


def an_entry(name: str = "RSIOrBBEntryMixin", **plain: Any) -> dict[str, Any]:
    """An entry block in the older spelling: each parameter with its `e_` prefix."""
    return {"name": name, "params": {f"e_{key}": value for key, value in plain.items()}}


def an_exit(name: str, **plain: Any) -> dict[str, Any]:
    """An exit block in the older spelling: each parameter with its `x_` prefix."""
    return {"name": name, "params": {f"x_{key}": value for key, value in plain.items()}}


def parameters(**override: Any) -> dict[str, Any]:
    """Shorthand for the `strategy` section with these parameters."""
    return {"parameters": override}


BUY_ON_ANY_FALL = {
    "name": "RSIOrBBEntryMixin",
    "params": {"e_rsi_period": 2, "e_rsi_oversold": 0.0, "e_bb_period": 2, "e_bb_dev": 0.0},
}
"""Enters whenever a close is not above the mean of the last two closes; first answer on the third bar."""


def candles_of(closes: Sequence[float], volume: float = 100.0) -> list[Candle]:
    """Candles that open at the close before and have no wicks."""
    opens = [closes[0], *closes[:-1]]
    return [Candle(o, max(o, c), min(o, c), c, volume) for o, c in zip(opens, closes, strict=True)]


def a_rise_then_a_dip(rise: int = 30, dip: float = 0.9, after: Iterable[float] = ()) -> list[Candle]:
    """`rise` closes that climb from 100 by 0.1, one down to `dip` of the last on threefold volume, then `after`."""
    climb = [100.0 + 0.1 * i for i in range(rise)]
    bottom = round(climb[-1] * dip, 8)
    candles = candles_of([*climb, bottom, *after])
    candles[rise] = candles[rise]._replace(volume=300.0)
    return candles


def a_csv(
    path: Path,
    candles: Sequence[Sequence[float]],
    *,
    start: datetime = START,
    seconds: int = 300,
    header: Sequence[str] = ("timestamp", "open", "high", "low", "close", "volume"),
    separator: str = ",",
) -> Path:
    """Writes candles as rows with the candle's opening time in milliseconds."""
    lines = [separator.join(header)]
    for number, candle in enumerate(candles):
        moment = int((start + timedelta(seconds=seconds * number)).timestamp() * 1000)
        volume = candle[4] if len(candle) > 4 else 100.0
        lines.append(separator.join([str(moment), *(repr(float(value)) for value in (*candle[:4], volume))]))
    path.write_text("\n".join(lines) + "\n")
    return path


def as_json(config: object) -> str:
    return json.dumps(config, indent=2)
