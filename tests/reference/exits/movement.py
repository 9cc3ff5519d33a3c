"""Exits on ease of movement at a level: support gives way, or resistance turns the price back.

Support is the previous bar's, the level that this close broke; resistance is the current bar's. A level that does
not exist is NaN, and every comparison with it is false.
"""

from __future__ import annotations

from reference.chart import Block, block
from reference.exits.atr import atr_block
from reference.exits.rule import ExitRule
from reference.logic import Holding, Logic


def levels_block(logic: Logic) -> Block:
    params = {"lookback_bars": logic.count("resistance_lookback", 2)}
    return block("SupportResistance", params, {"resistance": "exit_resistance", "support": "exit_support"})


def movement_block(logic: Logic) -> Block:
    return block("EOM", {"timeperiod": logic.count("eom_period", 14)}, {"eom": "exit_eom"})


def volume_block(logic: Logic) -> Block:
    return block("SMA", {"timeperiod": logic.count("vol_ma_period", 20)}, {"sma": "exit_volume_sma"}, "volume")


class EomBreakdown(ExitRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        ranges = atr_block(logic.count("atr_period", 14), "exit_atr")
        return [levels_block(logic), movement_block(logic), volume_block(logic), ranges]

    def reads(self) -> list[str]:
        return ["exit_eom", "exit_volume_sma", "exit_atr"]

    def prepare(self) -> None:
        self._threshold = self.logic.number("breakdown_threshold", 0.002)

    def reason(self, i: int, held: Holding) -> str | None:
        chart, eom = self.chart, self.chart["exit_eom"][i]
        broken = chart["close"][i] < self.before("exit_support", i) * (1 - self._threshold)
        falling = eom < 0 and eom < self.before("exit_eom", i)
        busy = chart["volume"][i] > chart["exit_volume_sma"][i]
        widening = chart["exit_atr"][i] > self.before("exit_atr", i)
        return "breakdown_momentum" if broken and falling and busy and widening else None


class EomMacdBreakdown(ExitRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        periods = {
            "fastperiod": logic.count("macd_fast_period", 12),
            "slowperiod": logic.count("macd_slow_period", 26),
            "signalperiod": logic.count("macd_signal_period", 9),
        }
        fields = {"macd": "exit_macd", "macdsignal": "exit_macd_signal", "macdhist": "exit_macd_hist"}
        return [block("MACD", periods, fields), levels_block(logic), movement_block(logic), volume_block(logic)]

    def reads(self) -> list[str]:
        return ["exit_macd", "exit_macd_signal", "exit_macd_hist", "exit_eom", "exit_volume_sma"]

    def prepare(self) -> None:
        self._threshold = self.logic.number("support_threshold", 0.002)

    def reason(self, i: int, held: Holding) -> str | None:
        chart = self.chart
        was_above = self.before("exit_macd", i) >= self.before("exit_macd_signal", i)
        crossed = was_above and chart["exit_macd"][i] < chart["exit_macd_signal"][i]
        shrinking = chart["exit_macd_hist"][i] < self.before("exit_macd_hist", i)
        broken = chart["close"][i] < self.before("exit_support", i) * (1 - self._threshold)
        busy = chart["volume"][i] > chart["exit_volume_sma"][i]
        return "macd_breakdown" if crossed and shrinking and broken and chart["exit_eom"][i] < 0 and busy else None


class EomRejection(ExitRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        rsi = block("RSI", {"timeperiod": logic.count("rsi_period", 14)}, {"rsi": "exit_rsi"})
        return [levels_block(logic), movement_block(logic), rsi]

    def reads(self) -> list[str]:
        return ["exit_eom", "exit_rsi"]

    def prepare(self) -> None:
        self._threshold = self.logic.number("resistance_threshold", 0.995)
        self._overbought = self.logic.number("rsi_overbought", 60)

    def reason(self, i: int, held: Holding) -> str | None:
        chart, rsi = self.chart, self.chart["exit_rsi"][i]
        reached = chart["high"][i] >= chart["exit_resistance"][i] * self._threshold
        red = chart["close"][i] < chart["open"][i]
        turned = chart["exit_eom"][i] < 0 and self.before("exit_eom", i) >= 0
        weakening = rsi > self._overbought and rsi < self.before("exit_rsi", i)
        return "resistance_rejection" if reached and red and turned and weakening else None
