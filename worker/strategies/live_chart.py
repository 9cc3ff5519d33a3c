"""The chart of a running strategy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from worker.strategies.blueprint import IndicatorPlan
from worker.strategies.chart import COLUMNS
from worker.strategies.contract import Desk
from worker.strategies.indicators.adapter import computed


class LiveChart:
    """A chart over backtrader's data, with the indicators of one mixin; made while the strategy is constructed."""

    def __init__(self, data: Any, desk: Desk, plans: Iterable[IndicatorPlan]) -> None:
        self._desk = desk
        self._lines: dict[str, Any] = {column: getattr(data.lines, column) for column in COLUMNS}
        for plan in plans:
            indicator = computed(data, plan.calculator(), [self._lines[source] for source in plan.sources])
            for output, alias in plan.aliases.items():
                self._lines[alias] = indicator.lines[plan.indicator.outputs.index(output)]

    @property
    def number(self) -> int:
        """Row index of the bar in the data, from 0."""
        return self._desk.bar_number

    @property
    def time(self) -> datetime:
        """Timestamp of the bar as in the data, aware UTC."""
        return self._desk.bar_time

    def now(self, name: str) -> float:
        """The column or the aliased indicator value `name` at the current bar; NaN before the first bar."""
        try:
            value: float = self._lines[name][0]
        except IndexError:
            # A position found open is introduced at the open of the first bar, before any indicator has a value.
            return math.nan
        return value

    def before(self, name: str) -> float:
        """The same at the bar before; NaN at the first bar."""
        line = self._lines[name]
        return line[-1] if len(line) > 1 else math.nan

    def lowest(self, name: str, bars: int) -> float:
        """The least of the last `bars` values, the current bar's included; NaN when there are fewer bars."""
        line = self._lines[name]
        return min(line.get(size=bars)) if len(line) >= bars else math.nan
