"""A stop in three phases, each nearer to the price, made of several average true ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.exit.advanced_atr_parameters import FAST, PARAMETERS, SLOW, WIDE
from worker.strategies.mixins.memory import kept, recalled
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import indicator
from worker.strategies.parameters import Values

INIT, PHASE1, PHASE2 = 0, 1, 2
_FLOATS = ("risk", "stop", "highest")


@dataclass(frozen=True, slots=True)
class _Trail:
    """What the rule knows of the open trade."""

    risk: float
    """R: distance of the first stop from the entry price."""
    stop: float
    highest: float
    phase: int = INIT
    updated: int | None = None
    """Number of the bar of the last update."""


class AdvancedATRExitMixin(ExitMixin):
    """Low ≤ stop, tested before the stop is moved; reason `stop_hit`. The stop never falls.

    ATR_eff = the greatest of alpha x ATR of each length and atr_floor. First stop = entry - R, R = k_init x ATR_eff of
    the decision bar. On each bar that may update: a gain of arm_at_R x R leads to phase 1 (k = k_run, and the stop goes
    at least to entry + breakeven_offset_atr x ATR_eff), of phase2_at_R x R to phase 2 (k = k_phase2), both on one bar
    if it be so; then the stop goes to anchor - k x ATR_eff, or to the lowest low of the last swing_lookback bars -
    struct_buffer_atr x ATR_eff if that is higher, provided it moves by at least min_stop_step. A bar whose range is
    below noise_filter_atr x ATR_eff updates nothing.
    """

    parameters = PARAMETERS

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._k = {phase: float(values[name]) for phase, name in enumerate(("k_init", "k_run", "k_phase2"))}
        self._uses_wide = bool(values["use_htf_atr"])
        self._swing = int(values["swing_lookback"]) if values["use_swing_ratchet"] else 0
        self._every = int(values["max_trail_freq"])
        self._anchor = str(values["anchor"])
        self._trail: _Trail | None = None

    @classmethod
    def blueprint_for(cls, values: Values) -> tuple[Mapping[str, Any], ...]:
        """The fast and the slow range, and the wide one when it is used."""
        both = (
            indicator("ATR", {"atr": FAST}, timeperiod="p_fast"),
            indicator("ATR", {"atr": SLOW}, timeperiod="p_slow"),
        )
        if not values["use_htf_atr"]:
            return both
        longer = max(int(values["p_fast"]), int(values["p_slow"]))
        return (*both, indicator("ATR", {"atr": WIDE}, timeperiod=longer))

    @classmethod
    def history_needed(cls, values: Values) -> int:
        """Twice the swing_lookback."""
        return 2 * int(values["swing_lookback"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """The ranges that count."""
        return (FAST, SLOW, WIDE) if values["use_htf_atr"] else (FAST, SLOW)

    def on_entry(
        self, chart: Chart, entry_price: float, entry_time: datetime, size: float, direction: Literal["long", "short"]
    ) -> None:
        """R and the first stop, from the ranges of the decision bar."""
        self._trail = self._begun(chart, entry_price)

    def on_bar(self, chart: Chart, position: OpenPosition) -> None:
        """Take the bar's high in; the stop is moved after it was tested."""
        trail = self._trail or self._begun(chart, float(position.entry_price))
        if trail is not None:
            self._trail = replace(trail, highest=max(trail.highest, chart.now("high")))

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Low at or below the stop; if not, the stop may move."""
        trail = self._trail
        if trail is None:
            return False
        if chart.now("low") <= trail.stop:
            return True
        if trail.updated is None or chart.number - trail.updated >= self._every:
            self._trail = self._updated(trail, chart, float(position.entry_price))
        return False

    def get_exit_reason(self) -> str:
        """`stop_hit`."""
        return "stop_hit"

    def reset(self) -> None:
        """Forget the trade."""
        self._trail = None

    def state(self) -> dict[str, Any]:
        """Everything about the open trade."""
        if self._trail is None:
            return {}
        known = asdict(self._trail)
        return known | {name: kept(known[name]) for name in _FLOATS}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with it."""
        floats = {name: recalled(state.get(name)) for name in _FLOATS}
        if None in floats.values():
            self._trail = None
        else:
            self._trail = _Trail(**floats, phase=int(state["phase"]), updated=state["updated"])  # type: ignore[arg-type]

    def _begun(self, chart: Chart, entry: float) -> _Trail | None:
        """None while the ranges do not exist (a position found open at start)."""
        risk = self._k[INIT] * self._range(chart)
        return None if math.isnan(risk) else _Trail(risk=risk, stop=entry - risk, highest=entry)

    def _range(self, chart: Chart) -> float:
        """ATR_eff; NaN when a range that counts does not exist."""
        values = self.values
        parts = [float(values["alpha_fast"]) * chart.now(FAST), float(values["alpha_slow"]) * chart.now(SLOW)]
        if self._uses_wide:
            parts.append(float(values["alpha_htf"]) * chart.now(WIDE))
        return math.nan if any(math.isnan(part) for part in parts) else max(*parts, float(values["atr_floor"]))

    def _updated(self, trail: _Trail, chart: Chart, entry: float) -> _Trail:
        span = self._range(chart)
        noise = float(self.values["noise_filter_atr"])
        if noise > 0.0 and chart.now("high") - chart.now("low") < noise * span:
            return trail
        phase = self._phase(trail, chart.now("close") - entry)
        candidate = self._anchored(trail, chart) - self._k[phase] * span
        if self._swing and chart.number + 1 >= self._swing:
            ratchet = chart.lowest("low", self._swing) - float(self.values["struct_buffer_atr"]) * span
            candidate = max(candidate, ratchet)
        if trail.phase == INIT and phase != INIT:
            candidate = max(candidate, entry + float(self.values["breakeven_offset_atr"]) * span)
        moves = candidate > trail.stop and candidate - trail.stop >= float(self.values["min_stop_step"])
        return replace(trail, stop=candidate if moves else trail.stop, phase=phase, updated=chart.number)

    def _phase(self, trail: _Trail, gain: float) -> int:
        """The phase that a gain leads to; the steps are tested one after the other."""
        phase = trail.phase
        if trail.risk == 0.0:
            multiple = math.copysign(math.inf, gain) if gain else 0.0
        else:
            multiple = gain / trail.risk
        if phase == INIT and multiple >= float(self.values["arm_at_R"]):
            phase = PHASE1
        if phase == PHASE1 and multiple >= float(self.values["phase2_at_R"]):
            phase = PHASE2
        return phase

    def _anchored(self, trail: _Trail, chart: Chart) -> float:
        match self._anchor:
            case "close":
                return chart.now("close")
            case "mid":
                return (chart.now("high") + chart.now("low")) / 2.0
        return trail.highest
