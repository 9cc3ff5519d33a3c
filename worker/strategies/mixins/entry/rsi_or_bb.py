"""Low RSI or a close at the lower Bollinger band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.strategies.chart import Chart
from worker.strategies.mixins.entry.rsi_bb import (
    BB_BLUEPRINT,
    BB_DEV,
    BB_PERIOD,
    LOWER,
    RSI,
    RSI_BLUEPRINT,
    RSI_OVERSOLD,
    RSI_PERIOD,
    USE_BB_TOUCH,
    at_lower_band,
)
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.parameters import Parameter, Values


class RSIOrBBEntryMixin(EntryMixin):
    """The RSI part or the band part, at most one signal per cooldown.

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
        Parameter(
            name="rsi_cross",
            kind="flag",
            default=False,
            meaning="true: the RSI must rise above rsi_oversold on this bar; false: be at or below it",
        ),
        Parameter(
            name="bb_reentry",
            kind="flag",
            default=False,
            meaning="true: the close must be above the lower band; use_bb_touch is then not read",
        ),
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
        """Either part on the current bar, unless the cooldown runs."""
        rsi, band = self._rsi_part(chart), self._band_part(chart)
        if not (rsi or band) or self._cooling(chart.number):
            return False
        self._last_signal = chart.number
        self._reason = " + ".join(["RSI oversold"] * rsi + ["lower band"] * band)
        return True

    def get_entry_reason(self) -> str:
        """The parts that held."""
        return self._reason

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
