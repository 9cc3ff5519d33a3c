"""Entries that ask for a dip within a trend: above Ichimoku's cloud, or with SuperTrend pointing up."""

from __future__ import annotations

from reference.chart import CLOUD_LEAD, Block, block
from reference.entries.rsi_bands import bands_block, rsi_block, volume_block
from reference.entries.rule import EntryRule
from reference.logic import Logic


def supertrend_block(logic: Logic) -> Block:
    params = {"length": logic.count("st_period", 10), "multiplier": logic.number("st_multiplier", 3.0)}
    fields = {"super_trend": "entry_supertrend", "direction": "entry_supertrend_direction"}
    return block("SUPERTREND", params, fields)


class RsiIchimoku(EntryRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        params = {
            "tenkan": logic.count("tenkan_period", 9),
            "kijun": logic.count("kijun_period", 26),
            "senkou": logic.count("senkou_period", 52),
            "lead": logic.count("senkou_lead", CLOUD_LEAD),
        }
        fields = {
            "tenkan_sen": "entry_ichimoku_tenkan",
            "senkou_span_a": "entry_ichimoku_senkou_a",
            "senkou_span_b": "entry_ichimoku_senkou_b",
        }
        return [rsi_block(logic), block("ICHIMOKU", params, fields)]

    def reads(self) -> list[str]:
        return ["entry_rsi", "entry_ichimoku_tenkan", "entry_ichimoku_senkou_a", "entry_ichimoku_senkou_b"]

    def prepare(self) -> None:
        self._oversold = self.logic.number("rsi_oversold", 30)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        close, tenkan = chart["close"][i], chart["entry_ichimoku_tenkan"][i]
        cloud = max(chart["entry_ichimoku_senkou_a"][i], chart["entry_ichimoku_senkou_b"][i])
        crossed = self.before("close", i) <= self.before("entry_ichimoku_tenkan", i) and close > tenkan
        return close > cloud and chart["entry_rsi"][i] <= self._oversold and crossed


class RsiVolumeSupertrend(EntryRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        volume = volume_block(logic.count("vol_ma_period", 20), "entry_volume_ma")
        return [rsi_block(logic), volume, supertrend_block(logic)]

    def reads(self) -> list[str]:
        return ["entry_rsi", "entry_volume_ma", "entry_supertrend_direction"]

    def prepare(self) -> None:
        self._oversold = self.logic.number("rsi_oversold", 30)
        self._ratio = self.logic.number("min_volume_ratio", 1.5)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        enough = chart["volume"][i] > chart["entry_volume_ma"][i] * self._ratio
        return chart["entry_rsi"][i] <= self._oversold and enough and chart["entry_supertrend_direction"][i] == 1.0


class BandsVolumeSupertrend(EntryRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        volume = volume_block(logic.count("vol_ma_period", 20), "entry_volume_ma")
        return [bands_block(logic), volume, supertrend_block(logic)]

    def reads(self) -> list[str]:
        return ["entry_bb_lower", "entry_volume_ma", "entry_supertrend_direction"]

    def prepare(self) -> None:
        self._touch = self.logic.flag("use_bb_touch", True)
        self._ratio = self.logic.number("min_volume_ratio", 1.1)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        close, lower = chart["close"][i], chart["entry_bb_lower"][i]
        below = close <= lower if self._touch else close < lower
        enough = chart["volume"][i] > chart["entry_volume_ma"][i] * self._ratio
        return below and enough and chart["entry_supertrend_direction"][i] == 1.0
