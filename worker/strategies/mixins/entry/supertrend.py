"""The direction of the SuperTrend, as several entry rules ask for it."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.pieces import indicator, number, period
from worker.strategies.parameters import Form

DIRECTION = "entry_supertrend_direction"
ST_PERIOD = period("st_period", 10, "true ranges in the SuperTrend's mean", forms=("e_supertrend_period",))
ST_MULTIPLIER = number(
    "st_multiplier",
    3.0,
    "distance of the SuperTrend's bands in mean true ranges",
    forms=(Form(name="e_supertrend_multiplier"),),
)
SUPERTREND_BLUEPRINT = indicator(
    "SUPERTREND",
    {"super_trend": "entry_supertrend", "direction": DIRECTION},
    length="st_period",
    multiplier="st_multiplier",
)


def is_up(chart: Chart) -> bool:
    """Whether the SuperTrend runs below the price."""
    return chart.now(DIRECTION) == 1.0
