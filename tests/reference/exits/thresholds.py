"""Exits that compare profit, the highest close or the time held with a threshold."""

from __future__ import annotations

from reference.chart import Block
from reference.exits.atr import atr_block
from reference.exits.rule import ExitRule
from reference.logic import Holding, Logic


class FixedRatio(ExitRule):
    def prepare(self) -> None:
        self._take, self._stop = self.logic.number("take_profit", 0.1), self.logic.number("stop_loss", 0.05)

    def reason(self, i: int, held: Holding) -> str | None:
        ratio = (self.chart["close"][i] - held.entry_price) / held.entry_price
        if ratio >= self._take:
            return "take_profit"
        return "stop_loss" if ratio <= -self._stop else None


class TimeLimit(ExitRule):
    def prepare(self) -> None:
        self._by_minutes = self.logic.flag("use_time", False)
        self._bars, self._minutes = self.logic.number("max_bars", 20), self.logic.number("max_minutes", 60)

    def reason(self, i: int, held: Holding) -> str | None:
        if self._by_minutes:
            elapsed = self.rows[i].at - self.rows[held.entry_bar].at
            return "time_limit_minutes" if elapsed.total_seconds() / 60 >= self._minutes else None
        return "time_limit_bars" if i - held.entry_bar >= self._bars else None


class TrailingStop(ExitRule):
    """Trails the highest close by a fraction of it or by average true ranges; silent below the activation."""

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        return [atr_block(logic.count("atr_period", 14), "exit_atr")] if logic.flag("use_atr", False) else []

    def reads(self) -> list[str]:
        self._by_atr = self.logic.flag("use_atr", False)
        return ["exit_atr"] if self._by_atr else []

    def prepare(self) -> None:
        self._fraction, self._activation = (
            self.logic.number("trail_pct", 0.02),
            self.logic.number("activation_pct", 0.0),
        )
        self._multiple = self.logic.number("atr_multiplier", 2.0)

    def begin(self, held: Holding) -> None:
        self._highest = held.entry_price

    def reason(self, i: int, held: Holding) -> str | None:
        close = self.chart["close"][i]
        self._highest = max(self._highest, close)
        if self._activation > 0 and (close - held.entry_price) / held.entry_price < self._activation:
            return None
        if self._by_atr:
            stop = self._highest - self.chart["exit_atr"][i] * self._multiple
        else:
            stop = self._highest * (1 - self._fraction)
        return "trailing_stop" if close < stop else None
