"""Low RSI and a close at the lower Bollinger band, and what the rules built of these two share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.strategies.chart import Chart
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.mixins.pieces import flag, indicator, number, period, rsi_level
from worker.strategies.parameters import Parameter, Values

RSI = "entry_rsi"
LOWER = "entry_bb_lower"

RSI_PERIOD = period("rsi_period", 14, "bars of the RSI")
RSI_OVERSOLD = rsi_level("rsi_oversold", 30.0, "the RSI is low at or below this", synonyms=("oversold",))
BB_PERIOD = period("bb_period", 20, "bars of the bands")
BB_DEV = number("bb_dev", 2.0, "width of the bands in standard deviations")
USE_BB_TOUCH = flag("use_bb_touch", True, "true: a close on the lower band counts; false: only one below it")

RSI_BLUEPRINT = indicator("RSI", {"rsi": RSI}, timeperiod="rsi_period")
BB_BLUEPRINT = indicator(
    "BBANDS",
    {"upperband": "entry_bb_upper", "middleband": "entry_bb_middle", "lowerband": LOWER},
    timeperiod="bb_period",
    nbdevup="bb_dev",
    nbdevdn="bb_dev",
)


def at_lower_band(close: float, lower: float, touch_counts: bool) -> bool:
    """Whether the close is on (when that counts) or below the lower band."""
    return close <= lower if touch_counts else close < lower


class RSIBBEntryMixin(EntryMixin):
    """The RSI part and the band part, at most one signal per cooldown.

    RSI part: RSI ≤ rsi_oversold, or with rsi_cross the RSI rising above it on this bar. Band part: close at or below
    the lower band, or with bb_reentry close above it. A signal is a bar on which the answer was yes; one that the
    cooldown suppressed does not start it again.
    """

    parameters = (
        RSI_PERIOD,
        RSI_OVERSOLD,
        BB_PERIOD,
        BB_DEV,
        USE_BB_TOUCH,
        flag("rsi_cross", False, "true: the RSI must rise above rsi_oversold on this bar; false: be at or below it"),
        flag("bb_reentry", False, "true: the close must be above the lower band; use_bb_touch is then not read"),
        Parameter(
            name="cooldown_bars",
            kind="integer",
            default=0,
            minimum=0,
            meaning="bars from one signal to the next, at least; 0 = no cooldown",
        ),
    )
    blueprint = (RSI_BLUEPRINT, BB_BLUEPRINT)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._oversold = float(values["rsi_oversold"])
        self._touch_counts = bool(values["use_bb_touch"])
        self._cross = bool(values["rsi_cross"])
        self._reentry = bool(values["bb_reentry"])
        self._cooldown = int(values["cooldown_bars"])
        self._last_signal: int | None = None
        self._reason = ""

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """RSI and lower band."""
        return (RSI, LOWER)

    def should_enter(self, chart: Chart) -> bool:
        """The parts on the current bar, unless the cooldown runs."""
        rsi, band = self._rsi_part(chart), self._band_part(chart)
        if not self._together(rsi, band) or self._cooling(chart.number):
            return False
        self._last_signal = chart.number
        self._reason = self._words(rsi, band)
        return True

    def get_entry_reason(self) -> str:
        """The parts that held."""
        return self._reason

    def _together(self, rsi: bool, band: bool) -> bool:
        return rsi and band

    def _words(self, rsi: bool, band: bool) -> str:
        return "RSI Oversold + BB Lower Touch"

    def _cooling(self, number: int) -> bool:
        return self._last_signal is not None and number - self._last_signal < self._cooldown

    def _rsi_part(self, chart: Chart) -> bool:
        if self._cross:
            return chart.before(RSI) <= self._oversold < chart.now(RSI)
        return chart.now(RSI) <= self._oversold

    def _band_part(self, chart: Chart) -> bool:
        if self._reentry:
            return chart.now("close") > chart.now(LOWER)
        return at_lower_band(chart.now("close"), chart.now(LOWER), self._touch_counts)

    def state(self) -> dict[str, Any]:
        """The bar of the last signal."""
        return {"last_signal": self._last_signal}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with the cooldown."""
        last = state.get("last_signal")
        self._last_signal = None if last is None else int(last)
