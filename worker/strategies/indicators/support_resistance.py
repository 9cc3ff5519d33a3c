"""Support and resistance."""

from __future__ import annotations

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, Calculator, period
from worker.strategies.indicators.swings import SwingHighs
from worker.strategies.parameters import Parameter, Values

_WAIT = 5


class SupportResistance(Calculator):
    """The nearest swing high above the close and the nearest swing low below it; NaN = no such level.

    A swing high is a bar whose high is strictly above every high of the `lookback_bars` bars before and after it;
    an equal high disqualifies it; it is known `lookback_bars` bars later. Swing lows mirror that. A swing less than
    0.01 % away from the last one kept of its kind is dropped. The last `max_swings` of each kind are kept. A level
    may exist from bar 2 x lookback_bars on.
    """

    type_name = "SupportResistance"
    inputs = ("high", "low", "close")
    outputs = ("resistance", "support")
    parameters = (
        period("lookback_bars", "bars on each side that a swing must stand out from"),
        Parameter(
            name="max_swings",
            kind="integer",
            default=50,
            minimum=1,
            maximum=MAXIMUM_PERIOD,
            meaning="swings of each kind that are kept",
        ),
    )

    def __init__(self, reach: int, max_swings: int = 50) -> None:
        self._reach = reach
        self._highs = SwingHighs(reach, max_swings)
        self._mirrored_lows = SwingHighs(reach, max_swings)

    @classmethod
    def from_values(cls, values: Values) -> SupportResistance:
        """A fresh calculator from `lookback_bars` and `max_swings`."""
        return cls(int(values["lookback_bars"]), int(values["max_swings"]))

    @property
    def lookback(self) -> int:
        """Five times `lookback_bars`: a few swings have had the time to form."""
        return self._reach * _WAIT

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Resistance and support at this bar's close, with the swings that are known by now."""
        self._highs.take(high)
        self._mirrored_lows.take(-low)
        return self._highs.above(close), -self._mirrored_lows.above(-close)
