"""Longer bars of the bot's own symbol, joined from its bars for a strategy that asks for them.

A longer bar is there together with the bar that closes it: the one that reaches its end, or where that one is
missing the next bar at all. Until then nothing of it is seen.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from common.errors import ConfigurationError
from common.spec.intervals import Interval
from worker.strategies.indicators.calculator import SERIES, Calculator
from worker.strategies.indicators.catalogue import INDICATORS
from worker.strategies.parameters import resolve_plain


class Series:
    """Values of the newest bars: `[0]` of the last completed one, `[-1]` of the one before; NaN where there is none."""

    def __init__(self, kept: int) -> None:
        self._values: deque[float] = deque(maxlen=kept)

    def __getitem__(self, ago: int) -> float:
        if ago > 0:
            raise IndexError(f"[{ago}] lies in the future; 0 is the last completed bar, negative numbers are before it")
        at = len(self._values) - 1 + ago
        return self._values[at] if at >= 0 else math.nan

    def __len__(self) -> int:
        return len(self._values)

    def append(self, value: float) -> None:
        """Take the value of the bar that has been completed."""
        self._values.append(value)


@dataclass(slots=True)
class _Growing:
    """A bar that is not complete yet."""

    opened_at: datetime
    end: datetime
    open: float
    high: float
    low: float
    close: float
    volumes: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class _Computation:
    calculator: Calculator
    sources: list[Series]
    results: dict[str, Series]

    def update(self) -> None:
        values = self.calculator.update(*[source[0] for source in self.sources])
        for series, value in zip(self.results.values(), values, strict=True):
            series.append(value)


class Timeframe:
    """Completed bars of one longer interval; `open`, `high`, `low`, `close` and `volume` are series."""

    def __init__(self, interval: Interval, bars: Interval, kept: int) -> None:
        """Of `interval`, joined from bars of the interval `bars`; `kept` values of each series.

        Raises ConfigurationError when these cannot be joined.
        """
        broken = interval.why_not_of(bars)
        if broken:
            raise ConfigurationError(f"the strategy reads {interval.text} bars, but data.interval {bars.text} {broken}")
        self.interval = interval
        self.completed = 0
        """How many bars have been completed."""
        self.opened_at: datetime | None = None
        """Timestamp of the last completed bar, aware UTC."""
        self.open, self.high, self.low, self.close, self.volume = (Series(kept) for _ in range(5))
        self._bars = bars
        self._kept = kept
        self._growing: _Growing | None = None
        self._computations: dict[tuple[Any, ...], _Computation] = {}

    def indicator(
        self, type_name: str, output: str | None = None, *, source: str = "close", **parameters: Any
    ) -> Series:
        """An indicator of the config's catalogue over these bars, made in the strategy's `__init__`.

        `output` chooses one of several results, `source` the column that a one-series indicator reads. Raises
        ConfigurationError for an unknown indicator, result, column or parameter.
        """
        key = (type_name, source, *sorted(parameters.items()))
        computation = self._computations.get(key)
        if computation is None:
            computation = self._computation(type_name, source, parameters)
            self._computations[key] = computation
        names = list(computation.results)
        if output is None and len(names) == 1:
            output = names[0]
        if output not in computation.results:
            raise ConfigurationError(
                f"{type_name} over {self.interval.text} needs an output, one of {', '.join(names)}"
            )
        return computation.results[output]

    def take(self, opened_at: datetime, values: tuple[float, float, float, float, float]) -> None:
        """Take in a closed bar of the bot: its timestamp, then open, high, low, close, volume."""
        growing = self._growing
        if growing is not None and opened_at >= growing.end:
            self._complete(growing)
            growing = None
        open_, high, low, close, volume = values
        if growing is None:
            first = self.interval.opening(opened_at)
            growing = _Growing(first, self.interval.closing(first), open_, high, low, close)
        growing.high, growing.low, growing.close = max(growing.high, high), min(growing.low, low), close
        growing.volumes.append(volume)
        self._growing = growing
        if self._bars.closing(opened_at) >= growing.end:
            self._complete(growing)
            self._growing = None

    def _complete(self, bar: _Growing) -> None:
        self.open.append(bar.open)
        self.high.append(bar.high)
        self.low.append(bar.low)
        self.close.append(bar.close)
        self.volume.append(math.fsum(bar.volumes))
        self.opened_at = bar.opened_at
        self.completed += 1
        for computation in self._computations.values():
            computation.update()

    def _computation(self, type_name: str, source: str, parameters: Mapping[str, Any]) -> _Computation:
        indicator = INDICATORS.get(type_name)
        if indicator is None:
            raise ConfigurationError(f"{type_name} is not an indicator; known: {', '.join(sorted(INDICATORS))}")
        reading = resolve_plain(indicator.parameters, parameters, f"{self.interval.text} {type_name}", type_name)
        if reading.problems:
            raise ConfigurationError("; ".join(problem.message for problem in reading.problems))
        columns = [self._column(name) for name in ((source,) if indicator.inputs == SERIES else indicator.inputs)]
        results = {name: Series(self._kept) for name in indicator.outputs}
        return _Computation(indicator.from_values(reading.values), columns, results)

    def _column(self, name: str) -> Series:
        columns = {
            "open": self.open,
            "high": self.high,
            "low": self.low,
            "close": self.close,
            "volume": self.volume,
        }
        if name not in columns:
            raise ConfigurationError(f"{name} is not a column of a bar; known: {', '.join(columns)}")
        return columns[name]
