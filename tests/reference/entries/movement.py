"""Entries on ease of movement at a level: a break-out, a MACD cross near resistance, a pull-back to support.

A level that does not exist is NaN, and every comparison with it is false.
"""

from __future__ import annotations

from typing import Any

from reference.chart import Block, block
from reference.entries.rsi_bands import rsi_block, volume_block
from reference.entries.rule import EntryRule
from reference.logic import Logic


def levels_block(logic: Logic) -> Block:
    params = {"lookback_bars": logic.count("resistance_lookback", 2)}
    return block("SupportResistance", params, {"resistance": "entry_resistance", "support": "entry_support"})


def movement_block(logic: Logic) -> Block:
    return block("EOM", {"timeperiod": logic.count("eom_period", 14)}, {"eom": "entry_eom"})


def range_blocks(logic: Logic) -> list[Block]:
    """The average true range and its own average."""
    mean: dict[str, Any] = {"timeperiod": logic.count("atr_sma_period", 100)}
    return [
        block("ATR", {"timeperiod": logic.count("atr_period", 14)}, {"atr": "entry_atr"}),
        block("SMA", mean, {"sma": "entry_atr_sma"}, "entry_atr"),
    ]


class EomBreakout(EntryRule):
    """The level is the previous bar's: the one that this close broke."""

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        volume = volume_block(logic.count("volume_sma_period", 20), "entry_volume_sma")
        return [levels_block(logic), movement_block(logic), volume, rsi_block(logic), *range_blocks(logic)]

    def reads(self) -> list[str]:
        self._filter = self.logic.flag("use_atr_filter", True)
        filtered = ["entry_atr", "entry_atr_sma"] if self._filter else []
        return ["entry_eom", "entry_volume_sma", "entry_rsi", *filtered]

    def prepare(self) -> None:
        self._threshold = self.logic.number("breakout_threshold", 0.002)
        self._overbought = self.logic.number("rsi_overbought", 70)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        broken = chart["close"][i] > self.before("entry_resistance", i) * (1 + self._threshold)
        eom = chart["entry_eom"][i]
        rising = eom > 0 and eom > self.before("entry_eom", i)
        busy = chart["volume"][i] > chart["entry_volume_sma"][i]
        lively = not self._filter or chart["entry_atr"][i] > chart["entry_atr_sma"][i]
        return broken and rising and busy and lively and chart["entry_rsi"][i] < self._overbought


class EomMacdBreakout(EntryRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        periods = {
            "fastperiod": logic.count("macd_fast", 12),
            "slowperiod": logic.count("macd_slow", 26),
            "signalperiod": logic.count("macd_signal", 9),
        }
        fields = {"macd": "entry_macd", "macdsignal": "entry_macd_signal", "macdhist": "entry_macd_hist"}
        volume = volume_block(logic.count("vol_sma_period", 20), "entry_volume_sma")
        return [block("MACD", periods, fields), levels_block(logic), movement_block(logic), volume]

    def reads(self) -> list[str]:
        return ["entry_macd", "entry_macd_signal", "entry_macd_hist", "entry_eom", "entry_volume_sma"]

    def prepare(self) -> None:
        self._low = self.logic.number("resistance_range_low", 0.995)
        self._high = self.logic.number("resistance_range_high", 1.002)
        self._volume = self.logic.number("volume_threshold", 0.8)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        was_below = self.before("entry_macd", i) <= self.before("entry_macd_signal", i)
        crossed = was_below and chart["entry_macd"][i] > chart["entry_macd_signal"][i]
        growing = chart["entry_macd_hist"][i] > self.before("entry_macd_hist", i)
        level = chart["entry_resistance"][i]
        near = level * self._low <= chart["close"][i] <= level * self._high
        enough = chart["volume"][i] >= self._volume * chart["entry_volume_sma"][i]
        return crossed and growing and near and chart["entry_eom"][i] > 0 and enough


class EomPullback(EntryRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        return [levels_block(logic), movement_block(logic), rsi_block(logic), *range_blocks(logic)]

    def reads(self) -> list[str]:
        return ["entry_eom", "entry_rsi", "entry_atr", "entry_atr_sma"]

    def prepare(self) -> None:
        self._threshold = self.logic.number("support_threshold", 0.005)
        self._oversold = self.logic.number("rsi_oversold", 40)
        self._floor = self.logic.number("atr_floor_multiplier", 0.9)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        touched = chart["low"][i] <= chart["entry_support"][i] * (1 + self._threshold)
        green = chart["close"][i] > chart["open"][i]
        turned = chart["entry_eom"][i] > 0 and self.before("entry_eom", i) <= 0
        rsi = chart["entry_rsi"][i]
        recovering = rsi < self._oversold and rsi > self.before("entry_rsi", i)
        lively = chart["entry_atr"][i] > chart["entry_atr_sma"][i] * self._floor
        return touched and green and turned and recovering and lively
