"""A limit on how long a trade lasts."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.parameters import Form, Parameter, Values


class TimeBasedExitMixin(ExitMixin):
    """Bars since the bar of the entry fill ≥ max_bars, or with use_time minutes between the two bars' timestamps."""

    parameters = (
        Parameter(
            name="max_bars",
            kind="integer",
            default=20,
            minimum=0,
            forms=(Form(name="x_max_hold_bars"),),
            meaning="bars a trade may last, the bar of the entry fill being 0",
        ),
        Parameter(name="use_time", kind="flag", default=False, meaning="true: count minutes instead of bars"),
        Parameter(
            name="max_minutes",
            kind="number",
            default=60.0,
            minimum=0,
            meaning="minutes of market time a trade may last",
        ),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._by_minutes = bool(values["use_time"])
        self._max_bars = int(values["max_bars"])
        self._max_minutes = float(values["max_minutes"])

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Whether the limit is reached at this bar."""
        if self._by_minutes:
            return (chart.time - position.entry_time).total_seconds() / 60.0 >= self._max_minutes
        return chart.number - position.entry_bar >= self._max_bars

    def get_exit_reason(self) -> str:
        """`time_limit_bars` or `time_limit_minutes`."""
        return "time_limit_minutes" if self._by_minutes else "time_limit_bars"
