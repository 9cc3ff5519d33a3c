"""Conditions that several rules share. A comparison with NaN is false, so a value that does not exist is no signal."""

from __future__ import annotations

from worker.strategies.chart import Chart


def crosses_above(chart: Chart, name: str, other: str) -> bool:
    """`name` was at or below `other` at the bar before and is above it now."""
    return chart.before(name) <= chart.before(other) and chart.now(name) > chart.now(other)


def crosses_below(chart: Chart, name: str, other: str) -> bool:
    """`name` was at or above `other` at the bar before and is below it now."""
    return chart.before(name) >= chart.before(other) and chart.now(name) < chart.now(other)


def rises(chart: Chart, name: str) -> bool:
    """`name` is greater than at the bar before."""
    return chart.now(name) > chart.before(name)


def falls(chart: Chart, name: str) -> bool:
    """`name` is less than at the bar before."""
    return chart.now(name) < chart.before(name)
