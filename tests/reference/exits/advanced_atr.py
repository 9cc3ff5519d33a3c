"""A stop in three phases, told in multiples of the risk at entry."""

from __future__ import annotations

from reference.chart import Block
from reference.exits.atr import atr_block
from reference.exits.rule import ExitRule
from reference.logic import Holding, Logic


class AdvancedAtr(ExitRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        fast, slow = logic.count("p_fast", 7), logic.count("p_slow", 21)
        return [
            atr_block(fast, "exit_atr_fast"),
            atr_block(slow, "exit_atr_slow"),
            atr_block(max(fast, slow), "exit_atr_htf"),
        ]

    def reads(self) -> list[str]:
        self._use_htf = self.logic.flag("use_htf_atr", True)
        return ["exit_atr_fast", "exit_atr_slow"] + (["exit_atr_htf"] if self._use_htf else [])

    def further_lookback(self) -> int:
        return 2 * self.logic.count("swing_lookback", 10)

    def prepare(self) -> None:
        number, self._anchor = self.logic.number, self.logic.get("anchor", "high")
        self._k_init, self._k_run, self._k_phase2 = number("k_init", 2.5), number("k_run", 2.0), number("k_phase2", 1.5)
        self._alphas = number("alpha_fast", 1.0), number("alpha_slow", 1.0), number("alpha_htf", 1.0)
        self._floor = number("atr_floor", 0.0)
        self._arm_at, self._phase2_at = number("arm_at_R", 1.0), number("phase2_at_R", 2.0)
        self._even_offset = number("breakeven_offset_atr", 0.0)
        self._ratchet, self._swing = (
            self.logic.flag("use_swing_ratchet", True),
            self.logic.count("swing_lookback", 10),
        )
        self._buffer, self._noise = number("struct_buffer_atr", 0.25), number("noise_filter_atr", 0.0)
        self._step, self._every = number("min_stop_step", 0.0), self.logic.count("max_trail_freq", 1)

    def _atr(self, i: int) -> float:
        fast, slow, higher = self._alphas
        ranges = [fast * self.chart["exit_atr_fast"][i], slow * self.chart["exit_atr_slow"][i], self._floor]
        if self._use_htf:
            ranges.append(higher * self.chart["exit_atr_htf"][i])
        return max(ranges)

    def begin(self, held: Holding) -> None:
        self._risk = self._k_init * self._atr(held.decision_bar)
        self._stop = held.entry_price - self._risk
        self._phase, self._k = 0, self._k_init
        self._highest = held.entry_price
        self._updated: int | None = None

    def reason(self, i: int, held: Holding) -> str | None:
        self._highest = max(self._highest, self.chart["high"][i])
        if self.chart["low"][i] <= self._stop:
            return "stop_hit"
        atr = self._atr(i)
        if (self._updated is None or i - self._updated >= self._every) and not self._is_noise(i, atr):
            self._updated = i
            self._update(i, held.entry_price, atr)
        return None

    def _is_noise(self, i: int, atr: float) -> bool:
        return self.chart["high"][i] - self.chart["low"][i] < self._noise * atr

    def _update(self, i: int, entry: float, atr: float) -> None:
        armed = self._next_phase(self.chart["close"][i], entry)
        candidate = self._anchor_price(i) - self._k * atr
        if self._ratchet:
            lowest = min(self.chart["low"][max(0, i + 1 - self._swing) : i + 1])
            candidate = max(candidate, lowest - self._buffer * atr)
        if armed:
            candidate = max(candidate, entry + self._even_offset * atr)
        if candidate - self._stop >= self._step:
            self._stop = max(self._stop, candidate)

    def _next_phase(self, close: float, entry: float) -> bool:
        """Whether the trade left its first phase on this bar; it may pass through both later ones at once."""
        profit = (close - entry) / self._risk if self._risk else 0.0
        armed = self._phase == 0 and profit >= self._arm_at
        if armed:
            self._phase, self._k = 1, self._k_run
        if self._phase == 1 and profit >= self._phase2_at:
            self._phase, self._k = 2, self._k_phase2
        return armed

    def _anchor_price(self, i: int) -> float:
        if self._anchor == "high":
            return self._highest
        if self._anchor == "close":
            return self.chart["close"][i]
        if self._anchor == "mid":
            return (self.chart["high"][i] + self.chart["low"][i]) / 2
        raise ValueError(f"the reference knows no anchor {self._anchor}")
