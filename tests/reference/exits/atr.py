"""Stops at a multiple of the average true range of the current bar."""

from __future__ import annotations

import math

from reference.chart import Block, block
from reference.exits.rule import ExitRule
from reference.logic import Holding, Logic


def atr_block(period: int, alias: str) -> Block:
    return block("ATR", {"timeperiod": period}, {"atr": alias})


class AtrStop(ExitRule):
    """Trails the highest high and never falls."""

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        return [atr_block(logic.count("atr_period", 14), "exit_atr")]

    def reads(self) -> list[str]:
        return ["exit_atr"]

    def prepare(self) -> None:
        self._multiple = self.logic.number("sl_multiplier", 2.0)

    def begin(self, held: Holding) -> None:
        self._highest, self._stop = held.entry_price, -math.inf

    def reason(self, i: int, held: Holding) -> str | None:
        self._highest = max(self._highest, self.chart["high"][i])
        self._stop = max(self._stop, self._highest - self.chart["exit_atr"][i] * self._multiple)
        return "stop_loss" if self.chart["close"][i] <= self._stop else None


class SimpleAtr(ExitRule):
    """Trails the close, starting below the entry; goes to break-even once the close is far enough above it."""

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        return [atr_block(logic.count("atr_period", 14), "exit_atr")]

    def reads(self) -> list[str]:
        return ["exit_atr"]

    def prepare(self) -> None:
        self._multiple = self.logic.number("atr_multiplier", 2.0)
        self._even_at = self.logic.number("breakeven_atr", 1.0)
        self._use_even = self.logic.flag("use_breakeven", True)

    def begin(self, held: Holding) -> None:
        self._stop = held.entry_price - self.chart["exit_atr"][held.decision_bar] * self._multiple
        self._evened = False

    def reason(self, i: int, held: Holding) -> str | None:
        atr, close = self.chart["exit_atr"][i], self.chart["close"][i]
        if self._use_even and not self._evened and close >= held.entry_price + atr * self._even_at:
            self._stop, self._evened = max(self._stop, held.entry_price), True
        self._stop = max(self._stop, close - atr * self._multiple)
        return "atr_trailing_stop" if close <= self._stop else None


class MultiLevelAtr(ExitRule):
    """The highest so far of a wide stop below the entry, one that trails the highest high, and one above the entry."""

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        blocks = [
            atr_block(logic.count("ltf_atr_period", 14), "exit_atr_ltf"),
            atr_block(logic.count("htf_atr_period", 14), "exit_atr_htf"),
            atr_block(logic.count("micro_atr_period", 14), "exit_atr_micro"),
        ]
        if logic.flag("use_dynamic_k", False):
            period = logic.count("vol_sma_period", 50)
            blocks.append(block("SMA", {"timeperiod": period}, {"sma": "exit_atr_ltf_sma"}, "exit_atr_ltf"))
        return blocks

    def reads(self) -> list[str]:
        self._dynamic = self.logic.flag("use_dynamic_k", False)
        average = ["exit_atr_ltf_sma"] if self._dynamic else []
        return ["exit_atr_ltf", "exit_atr_htf", "exit_atr_micro", *average]

    def prepare(self) -> None:
        self._wide = self.logic.number("htf_sl_multiplier", 2.5)
        self._near = self.logic.number("ltf_sl_multiplier", 2.0)
        self._even_at = self.logic.number("be_activation_atr", 1.0)
        self._above = self.logic.number("be_buffer_multiplier", 0.3)

    def begin(self, held: Holding) -> None:
        self._highest, self._stop = held.entry_price, -math.inf

    def reason(self, i: int, held: Holding) -> str | None:
        chart, entry, close = self.chart, held.entry_price, self.chart["close"][i]
        ltf = chart["exit_atr_ltf"][i]
        self._highest = max(self._highest, chart["high"][i])
        ratio = self._ratio(i)
        candidates = [
            entry - chart["exit_atr_htf"][i] * self._wide * ratio,
            self._highest - ltf * self._near * ratio,
        ]
        if close - entry >= self._even_at * ltf:
            candidates.append(entry + chart["exit_atr_micro"][i] * self._above)
        self._stop = max(self._stop, *candidates)
        return "multi_tf_atr_stop" if close < self._stop else None

    def _ratio(self, i: int) -> float:
        if not self._dynamic:
            return 1.0
        average = self.chart["exit_atr_ltf_sma"][i]
        if average == 0.0:
            raise ValueError("the reference knows no dynamic multiple of a market that never moves")
        return self.chart["exit_atr_ltf"][i] / average
