"""What indicators cost: each one alone, and all of them through a warm-up inside backtrader."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.candles import candle_file
from benchmarks.context import Context
from benchmarks.figure import Figure, Spread

from worker.engine.backtrader_import import bt
from worker.strategies.indicators.adapter import computed
from worker.strategies.indicators.calculator import Calculator
from worker.strategies.indicators.catalogue import INDICATORS
from worker.strategies.parameters import Values

COLUMNS = ("open", "high", "low", "close", "volume")
WARM_UP = 500
USUAL: Mapping[str, Values] = {
    "ATR": {"timeperiod": 14},
    "BBANDS": {"timeperiod": 20, "nbdevup": 2.0, "nbdevdn": 2.0},
    "EMA": {"timeperiod": 20},
    "EOM": {"timeperiod": 14},
    "ICHIMOKU": {"tenkan": 9, "kijun": 26, "senkou": 52, "lead": 26},
    "MACD": {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9},
    "RSI": {"timeperiod": 14},
    "SMA": {"timeperiod": 20},
    "STOCH": {"fastk_period": 14, "slowk_period": 3, "slowd_period": 3},
    "SUPERTREND": {"length": 10, "multiplier": 3.0},
    "SupportResistance": {"lookback_bars": 2, "max_swings": 50},
}
"""The parameters measured; one entry for every type."""

Series = Mapping[str, Sequence[float]]


def measure(context: Context) -> list[Figure]:
    """Each type over the whole file, then the first bars of it with all of them."""
    series = _series(candle_file(context.folder))
    rounds = 3 if context.quick else 15
    alone = [_alone(name, series, rounds) for name in sorted(INDICATORS)]
    return [*alone, _together(series, rounds)]


def _alone(name: str, series: Series, rounds: int) -> Figure:
    spread = Spread.of([_microseconds(_fresh(name), series) for _ in range(rounds)])
    return Figure(
        name=f"indicator_{name}",
        label=f"{name}, alone, per bar",
        value=spread.median,
        unit="µs",
        detail=", ".join(f"{key} {value}" for key, value in USUAL[name].items()),
        samples={"us_per_bar": spread.as_json()},
    )


def _together(series: Series, rounds: int) -> Figure:
    spread = Spread.of([_milliseconds(series, sorted(INDICATORS)) for _ in range(rounds)])
    bare = Spread.of([_milliseconds(series, []) for _ in range(rounds)])
    return Figure(
        name="indicators_warm_up",
        label=f"warm-up of {WARM_UP} bars in backtrader, all {len(INDICATORS)} indicators",
        value=spread.median,
        unit="ms",
        at_most=100,
        detail=f"{bare.median:.1f} ms without any; {spread.text()}",
        samples={"ms": spread.as_json(), "ms_without_indicators": bare.as_json()},
    )


def _fresh(name: str) -> Calculator:
    return INDICATORS[name].from_values(USUAL[name])


def _column(name: str) -> str:
    return "close" if name == "series" else name


def _microseconds(calculator: Calculator, series: Series) -> float:
    bars = list(zip(*(series[_column(name)] for name in calculator.inputs), strict=True))
    update = calculator.update
    began = time.perf_counter()
    for bar in bars:
        update(*bar)
    return (time.perf_counter() - began) / len(bars) * 1e6


def _milliseconds(series: Series, names: Sequence[str]) -> float:
    cerebro = bt.Cerebro(stdstats=False, exactbars=1)
    cerebro.adddata(_Candles(series=series))
    cerebro.addstrategy(_Watcher, names=names)
    began = time.perf_counter()
    cerebro.run()
    return (time.perf_counter() - began) * 1e3


def _series(path: Path) -> dict[str, list[float]]:
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {column: [float(row[column]) for row in rows] for column in COLUMNS}


class _Candles(bt.feed.DataBase):  # type: ignore[misc]
    """The first bars of the series, one by one, as a live feed delivers them."""

    params = (("series", None),)

    def start(self) -> None:
        super().start()
        self._bar = 0

    def islive(self) -> bool:
        return True

    def _load(self) -> bool:
        if self._bar == WARM_UP:
            return False
        self.lines.datetime[0] = 730_000.0 + self._bar / 288
        for column in COLUMNS:
            getattr(self.lines, column)[0] = self.p.series[column][self._bar]
        self.lines.openinterest[0] = 0.0
        self._bar += 1
        return True


class _Watcher(bt.Strategy):  # type: ignore[misc]
    """Attaches the named indicators and does nothing with them."""

    params = (("names", ()),)

    def __init__(self) -> None:
        self.attached: list[Any] = []
        for name in self.p.names:
            sources = [getattr(self.data.lines, _column(column)) for column in INDICATORS[name].inputs]
            self.attached.append(computed(self.data, _fresh(name), sources))
