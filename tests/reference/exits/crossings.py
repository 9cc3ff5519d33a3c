"""Exits on a crossing: of two moving averages, or back below an overbought RSI or the upper band."""

from __future__ import annotations

from reference.chart import Block, block
from reference.exits.rule import ExitRule
from reference.logic import Holding, Logic


class MovingAverages(ExitRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        kind = str(logic.get("ma_type", "SMA")).upper()
        return [
            block(kind, {"timeperiod": logic.count(name, default)}, {kind.lower(): alias})
            for name, default, alias in (("fast_period", 10, "exit_fast_ma"), ("slow_period", 20, "exit_slow_ma"))
        ]

    def reads(self) -> list[str]:
        return ["exit_fast_ma", "exit_slow_ma"]

    def prepare(self) -> None:
        self._kind = str(self.logic.get("ma_type", "SMA")).lower()

    def reason(self, i: int, held: Holding) -> str | None:
        was_above = self.before("exit_fast_ma", i) > self.before("exit_slow_ma", i)
        is_below = self.chart["exit_fast_ma"][i] < self.chart["exit_slow_ma"][i]
        return f"{self._kind}_crossover" if was_above and is_below else None


class RsiAndBands(ExitRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        deviations = logic.number("bb_dev", 2.0)
        params = {"timeperiod": logic.count("bb_period", 20), "nbdevup": deviations, "nbdevdn": deviations}
        return [
            block("RSI", {"timeperiod": logic.count("rsi_period", 14)}, {"rsi": "exit_rsi"}),
            block("BBANDS", params, {"upperband": "exit_bb_upper"}),
        ]

    def reads(self) -> list[str]:
        return ["exit_rsi", "exit_bb_upper"]

    def prepare(self) -> None:
        self._overbought = self.logic.number("rsi_overbought", 70)

    def reason(self, i: int, held: Holding) -> str | None:
        return "rsi_bb_cross_exit" if self.rsi_fell(i) and self.close_fell(i) else None

    def rsi_fell(self, i: int) -> bool:
        return self.before("exit_rsi", i) >= self._overbought and self.chart["exit_rsi"][i] < self._overbought

    def close_fell(self, i: int) -> bool:
        was_above = self.before("close", i) >= self.before("exit_bb_upper", i)
        return was_above and self.chart["close"][i] < self.chart["exit_bb_upper"][i]


class RsiOrBands(RsiAndBands):
    def reason(self, i: int, held: Holding) -> str | None:
        crossed = ["rsi_cross"] * self.rsi_fell(i) + ["bb_cross"] * self.close_fell(i)
        return "_".join(["rsi_or_bb", *crossed]) if crossed else None
