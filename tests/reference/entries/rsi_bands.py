"""RSI at or below a threshold combined with Bollinger's lower band, and with volume for one of the three."""

from __future__ import annotations

from reference.chart import Block, block
from reference.entries.rule import EntryRule
from reference.logic import Logic


def rsi_block(logic: Logic) -> Block:
    return block("RSI", {"timeperiod": logic.count("rsi_period", 14)}, {"rsi": "entry_rsi"})


def bands_block(logic: Logic) -> Block:
    deviations = logic.number("bb_dev", 2.0)
    params = {"timeperiod": logic.count("bb_period", 20), "nbdevup": deviations, "nbdevdn": deviations}
    fields = {"upperband": "entry_bb_upper", "middleband": "entry_bb_middle", "lowerband": "entry_bb_lower"}
    return block("BBANDS", params, fields)


def volume_block(period: int, alias: str) -> Block:
    return block("SMA", {"timeperiod": period}, {"sma": alias}, "volume")


class RsiAndBands(EntryRule):
    """Both parts together; a signal silences the next `cooldown_bars` - 1 bars."""

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        return [rsi_block(logic), bands_block(logic)]

    def reads(self) -> list[str]:
        return ["entry_rsi", "entry_bb_lower"]

    def prepare(self) -> None:
        self._oversold = self.logic.number("rsi_oversold", 30)
        self._touch = self.logic.flag("use_bb_touch", True)
        self._cross, self._reentry = self.logic.flag("rsi_cross", False), self.logic.flag("bb_reentry", False)
        self._cooldown = self.logic.count("cooldown_bars", 0)
        self._last_signal: int | None = None

    def should_enter(self, i: int) -> bool:
        if not self.combined(self._rsi_part(i), self._band_part(i)):
            return False
        if self._cooldown > 0 and self._last_signal is not None and i - self._last_signal < self._cooldown:
            return False
        self._last_signal = i
        return True

    def combined(self, rsi: bool, band: bool) -> bool:
        return rsi and band

    def _rsi_part(self, i: int) -> bool:
        now = self.chart["entry_rsi"][i]
        if self._cross:
            return self.before("entry_rsi", i) <= self._oversold and now > self._oversold
        return now <= self._oversold

    def _band_part(self, i: int) -> bool:
        close, lower = self.chart["close"][i], self.chart["entry_bb_lower"][i]
        if self._reentry:
            return close > lower
        return close <= lower if self._touch else close < lower


class RsiOrBands(RsiAndBands):
    def combined(self, rsi: bool, band: bool) -> bool:
        return rsi or band


class RsiBandsVolume(EntryRule):
    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        volume = volume_block(logic.count("vol_ma_period", 20), "entry_volume_ma")
        return [rsi_block(logic), bands_block(logic), volume]

    def reads(self) -> list[str]:
        return ["entry_rsi", "entry_bb_lower", "entry_volume_ma"]

    def prepare(self) -> None:
        self._oversold = self.logic.number("rsi_oversold", 30)
        self._touch = self.logic.flag("use_bb_touch", True)
        self._ratio = self.logic.number("min_volume_ratio", 1.1)

    def should_enter(self, i: int) -> bool:
        chart = self.chart
        close, lower = chart["close"][i], chart["entry_bb_lower"][i]
        below = close <= lower if self._touch else close < lower
        enough = chart["volume"][i] > chart["entry_volume_ma"][i] * self._ratio
        return chart["entry_rsi"][i] <= self._oversold and below and enough
