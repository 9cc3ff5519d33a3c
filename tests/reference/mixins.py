"""Entry and exit rules of the reference, each a question about bar number i of the whole recorded series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reference import formulas
from reference.recording import Row
from reference.settings import Logic


@dataclass
class Holding:
    """What an exit rule may know of the open trade."""

    entry_price: float
    entry_bar: int


class RsiBands:
    """RSI at or below a threshold combined with Bollinger's lower band, and with volume for one of the two."""

    def __init__(self, logic: Logic, rows: Sequence[Row]) -> None:
        self._either = logic.name == "RSIOrBBEntryMixin"
        if not self._either and logic.name != "RSIBBVolumeEntryMixin":
            raise ValueError(f"the reference does not know the entry {logic.name}")
        self._closes = [row.close for row in rows]
        self._volumes = [row.volume for row in rows]
        rsi_period, bb_period = int(logic.get("rsi_period", 14)), int(logic.get("bb_period", 20))
        volume_period = int(logic.get("vol_ma_period", 20))
        self._oversold = float(logic.get("rsi_oversold", 30, "oversold"))
        self._touch = bool(logic.get("use_bb_touch", True))
        self._ratio = float(logic.get("min_volume_ratio", 1.1))
        self._cross, self._reentry = bool(logic.get("rsi_cross", False)), bool(logic.get("bb_reentry", False))
        self._cooldown = int(logic.get("cooldown_bars", 0))
        self._last_signal: int | None = None
        self._rsi = formulas.rsi(self._closes, rsi_period)
        self._lower = formulas.lower_band(self._closes, bb_period, float(logic.get("bb_dev", 2.0)))
        self._volume_mean = formulas.sma(self._volumes, volume_period)
        self.lookback = max(rsi_period, bb_period, 0 if self._either else volume_period)

    def ready(self, i: int) -> bool:
        needed = [self._rsi[i], self._lower[i]] + ([] if self._either else [self._volume_mean[i]])
        return not any(math.isnan(value) for value in needed)

    def should_enter(self, i: int) -> bool:
        if not self._either:
            enough = self._volumes[i] > self._volume_mean[i] * self._ratio
            return self._rsi[i] <= self._oversold and self._below(i) and enough
        if not (self._rsi_part(i) or self._band_part(i)):
            return False
        if self._cooldown > 0 and self._last_signal is not None and i - self._last_signal < self._cooldown:
            return False
        self._last_signal = i
        return True

    def _below(self, i: int) -> bool:
        return self._closes[i] <= self._lower[i] if self._touch else self._closes[i] < self._lower[i]

    def _rsi_part(self, i: int) -> bool:
        if self._cross:
            return i > 0 and self._rsi[i - 1] <= self._oversold and self._rsi[i] > self._oversold
        return self._rsi[i] <= self._oversold

    def _band_part(self, i: int) -> bool:
        return self._closes[i] > self._lower[i] if self._reentry else self._below(i)


class AtrExit:
    """A stop that trails the highest high by a multiple of the current average true range, and never falls."""

    def __init__(self, logic: Logic, rows: Sequence[Row]) -> None:
        self.lookback = int(logic.get("atr_period", 14))
        self._multiple = float(logic.get("sl_multiplier", 2.0))
        self._highs, self._closes = [row.high for row in rows], [row.close for row in rows]
        self._atr = formulas.atr(self._highs, [row.low for row in rows], self._closes, self.lookback)

    def ready(self, i: int) -> bool:
        return not math.isnan(self._atr[i])

    def reason(self, i: int, held: Holding) -> str | None:
        stop = -math.inf
        highest = held.entry_price
        for bar in range(held.entry_bar, i + 1):
            highest = max(highest, self._highs[bar])
            stop = max(stop, highest - self._atr[bar] * self._multiple)
        return "stop_loss" if self._closes[i] <= stop else None


class FixedRatioExit:
    lookback = 0

    def __init__(self, logic: Logic, rows: Sequence[Row]) -> None:
        self._take, self._stop = float(logic.get("take_profit", 0.1)), float(logic.get("stop_loss", 0.05))
        self._rows = rows

    def ready(self, i: int) -> bool:
        return True

    def reason(self, i: int, held: Holding) -> str | None:
        ratio = (self._rows[i].close - held.entry_price) / held.entry_price
        if ratio >= self._take:
            return "take_profit"
        return "stop_loss" if ratio <= -self._stop else None


class TimeBasedExit:
    lookback = 0

    def __init__(self, logic: Logic, rows: Sequence[Row]) -> None:
        self._by_minutes = bool(logic.get("use_time", False))
        self._max_bars, self._max_minutes = logic.get("max_bars", 20), logic.get("max_minutes", 60)
        self._rows = rows

    def ready(self, i: int) -> bool:
        return True

    def reason(self, i: int, held: Holding) -> str | None:
        if self._by_minutes:
            elapsed = self._rows[i].at - self._rows[held.entry_bar].at
            return "time_limit_minutes" if elapsed.total_seconds() / 60 >= self._max_minutes else None
        return "time_limit_bars" if i - held.entry_bar >= self._max_bars else None


ExitRule = AtrExit | FixedRatioExit | TimeBasedExit
EXITS: dict[str, type[ExitRule]] = {
    "ATRExitMixin": AtrExit,
    "FixedRatioExitMixin": FixedRatioExit,
    "TimeBasedExitMixin": TimeBasedExit,
}


def entry_rule(logic: Logic, rows: Sequence[Row]) -> RsiBands:
    return RsiBands(logic, rows)


def exit_rule(logic: Logic, rows: Sequence[Row]) -> ExitRule:
    return EXITS[logic.name](logic, rows)
