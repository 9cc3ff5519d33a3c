"""Running calculators over whole series, and comparing what comes out."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from typing import Any

import pytest
from builders import RECORDED
from tape import Bar

from worker.strategies.indicators.calculator import Calculator
from worker.strategies.parameters import Values

RECORDED_FILES = ("ETH_BTC-5m.csv", "XRP_USDT-1h.csv")

SAMPLE_VALUES: dict[str, Values] = {
    "ATR": {"timeperiod": 4},
    "BBANDS": {"timeperiod": 5, "nbdevup": 2.0, "nbdevdn": 2.0},
    "EMA": {"timeperiod": 5},
    "EOM": {"timeperiod": 4},
    "ICHIMOKU": {"tenkan": 2, "kijun": 4, "senkou": 6, "lead": 3},
    "MACD": {"fastperiod": 2, "slowperiod": 4, "signalperiod": 3},
    "RSI": {"timeperiod": 4},
    "SMA": {"timeperiod": 6},
    "STOCH": {"fastk_period": 4, "slowk_period": 2, "slowd_period": 3},
    "SUPERTREND": {"length": 4, "multiplier": 2.0},
    "SupportResistance": {"lookback_bars": 2, "max_swings": 3},
}
"""Parameters of a short example of every type."""


def run(calculator: Calculator, *inputs: Sequence[float]) -> list[tuple[float, ...]]:
    return [calculator.update(*bar) for bar in zip(*inputs, strict=True)]


def run_on_bars(calculator: Calculator, bars: Sequence[Bar]) -> list[tuple[float, ...]]:
    """With the inputs that it names; one that reads a series of the config's choice gets the closes."""
    names = ["close" if name == "series" else name for name in calculator.inputs]
    return run(calculator, *columns(bars, *names))


def columns(bars: Sequence[Bar], *names: str) -> list[list[float]]:
    return [[getattr(bar, name) for bar in bars] for name in names]


def output(values: list[tuple[float, ...]], index: int = 0) -> list[float]:
    return [row[index] for row in values]


def first_valid(values: Sequence[float]) -> int:
    return next(i for i, value in enumerate(values) if not math.isnan(value))


def assert_same(ours: Sequence[float], theirs: Sequence[Any], scale: float = 1.0) -> None:
    """Within 1e-9 of `scale`, and valid at the same bars."""
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        missing = b is None or (isinstance(b, float) and math.isnan(b))
        assert math.isnan(a) == missing, (i, a, b)
        if not missing:
            assert abs(a - float(b)) <= 1e-9 * scale, (i, a, b)


def recorded_bars(name: str) -> list[Bar]:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"the recorded candles {path} are not on this machine")
    with path.open(newline="") as file:
        return [
            Bar(*(float(row[column]) for column in ("open", "high", "low", "close", "volume")))
            for row in csv.DictReader(file)
        ]
