"""Entry rules from their definitions, over whole series of exact indicators; nothing is shared with the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import exact_formulas as exact
import exact_levels
from tape import Bar

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """When a mixin says yes."""

    lookback: int
    """Bar i is considered when i + 1 is greater."""
    needed: Sequence[exact.Series]
    """What must exist at the bar before the rule is asked."""
    holds: Callable[[int], bool]

    def at(self, i: int) -> bool:
        return i + 1 > self.lookback and all(series[i] is not None for series in self.needed) and self.holds(i)


class Market:
    """Bars as exact columns, and their indicators, each computed once."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = bars
        self.opens, self.highs, self.lows, self.closes, self.volumes = (
            [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume")
        )
        self.close, self.volume = exact.exact(self.closes), exact.exact(self.volumes)
        self._known: dict[Any, Any] = {}

    def _once(self, formula: Callable[..., Any], *arguments: Any) -> Any:
        key = (formula, *(id(given) if isinstance(given, list) else given for given in arguments))
        if key not in self._known:
            self._known[key] = formula(*arguments)
        return self._known[key]

    def rsi(self, n: int) -> exact.Series:
        return self._once(exact.rsi, self.closes, n)

    def lower(self, p: Parameters) -> exact.Series:
        return self._once(exact.bands, self.closes, p["bb_period"], p["bb_dev"])[2]

    def mean_volume(self, n: int) -> exact.Series:
        return self._once(exact.sma, self.volumes, n)

    def direction(self, p: Parameters) -> exact.Series:
        columns = self.highs, self.lows, self.closes
        states = self._once(exact_levels.supertrend, *columns, p["st_period"], p["st_multiplier"])
        return [None if state is None else Decimal(state[1]) for state in states]

    def ichimoku(self, lengths: tuple[int, int, int], lead: int) -> list[exact.Series]:
        """Tenkan, kijun, span A and span B in force."""
        return self._once(exact_levels.ichimoku, self.highs, self.lows, lengths, lead)

    def macd(self, fast: int, slow: int, signal: int) -> tuple[exact.Series, exact.Series, exact.Series]:
        """MACD, signal and histogram."""
        return self._once(exact.macd, self.closes, fast, slow, signal)

    def levels(self, reach: int) -> tuple[exact.Series, exact.Series]:
        """Resistance and support."""
        pairs = self._once(exact_levels.levels, self.highs, self.lows, self.closes, reach, 50)
        above, below = zip(*pairs, strict=True)
        return [decimal(level) for level in above], [decimal(level) for level in below]

    def eom(self, n: int) -> exact.Series:
        return self._once(exact.ease_of_movement, self.highs, self.lows, self.volumes, n)

    def range_and_mean(self, n: int, mean_of: int) -> tuple[exact.Series, exact.Series]:
        """Average true range and its own mean."""
        ranges = self._once(exact.atr, self.highs, self.lows, self.closes, n)
        known = [value for value in ranges if value is not None]
        means = [None if i + 1 < mean_of else exact.mean(known[i + 1 - mean_of : i + 1]) for i in range(len(known))]
        missing: exact.Series = [None] * (len(ranges) - len(known))
        return ranges, missing + means


def decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def more(a: Decimal | None, b: Decimal | None) -> bool:
    return a is not None and b is not None and a > b


def at_most(a: Decimal | None, b: Decimal | None) -> bool:
    return a is not None and b is not None and a <= b


def times(a: Decimal | None, factor: float) -> Decimal | None:
    return None if a is None else a * Decimal(str(factor))


def beyond(level: Decimal | None, fraction: float) -> Decimal | None:
    return None if level is None else level * (1 + Decimal(str(fraction)))


def low_close(market: Market, lower: exact.Series, p: Parameters) -> Callable[[int], bool]:
    def holds(i: int) -> bool:
        return at_most(market.close[i], lower[i]) if p["use_bb_touch"] else more(lower[i], market.close[i])

    return holds


def rsi_bb(market: Market, p: Parameters) -> Rule:
    rsi, lower = market.rsi(p["rsi_period"]), market.lower(p)
    level, low = Decimal(str(p["rsi_oversold"])), low_close(market, lower, p)

    def holds(i: int) -> bool:
        if p["rsi_cross"]:
            oversold = i > 0 and at_most(rsi[i - 1], level) and more(rsi[i], level)
        else:
            oversold = at_most(rsi[i], level)
        return oversold and (more(market.close[i], lower[i]) if p["bb_reentry"] else low(i))

    return Rule(max(p["rsi_period"], p["bb_period"]), (rsi, lower), holds)


def rsi_ichimoku(market: Market, p: Parameters) -> Rule:
    rsi, close = market.rsi(p["rsi_period"]), market.close
    lengths = (p["tenkan_period"], p["kijun_period"], p["senkou_period"])
    tenkan, _, span_a, span_b = market.ichimoku(lengths, p["senkou_lead"])

    def holds(i: int) -> bool:
        above_cloud = more(close[i], span_a[i]) and more(close[i], span_b[i])
        crossing = i > 0 and at_most(close[i - 1], tenkan[i - 1]) and more(close[i], tenkan[i])
        return above_cloud and crossing and at_most(rsi[i], Decimal(str(p["rsi_oversold"])))

    lookback = max(p["rsi_period"], *lengths, p["senkou_period"] + p["senkou_lead"])
    return Rule(lookback, (rsi, tenkan, span_a, span_b), holds)


def rsi_volume_supertrend(market: Market, p: Parameters) -> Rule:
    rsi, mean, direction = market.rsi(p["rsi_period"]), market.mean_volume(p["vol_ma_period"]), market.direction(p)

    def holds(i: int) -> bool:
        loud = more(market.volume[i], times(mean[i], p["min_volume_ratio"]))
        return at_most(rsi[i], Decimal(str(p["rsi_oversold"]))) and loud and direction[i] == 1

    lookback = max(p["rsi_period"], p["vol_ma_period"], p["st_period"] + 1)
    return Rule(lookback, (rsi, mean, direction), holds)


def bb_volume_supertrend(market: Market, p: Parameters) -> Rule:
    lower, mean, direction = market.lower(p), market.mean_volume(p["vol_ma_period"]), market.direction(p)
    low = low_close(market, lower, p)

    def holds(i: int) -> bool:
        return low(i) and more(market.volume[i], times(mean[i], p["min_volume_ratio"])) and direction[i] == 1

    lookback = max(p["bb_period"], p["vol_ma_period"], p["st_period"] + 1)
    return Rule(lookback, (lower, mean, direction), holds)


def eom_breakout(market: Market, p: Parameters) -> Rule:
    resistance, eom = market.levels(p["resistance_lookback"])[0], market.eom(p["eom_period"])
    rsi, mean = market.rsi(p["rsi_period"]), market.mean_volume(p["volume_sma_period"])
    ranges, usual = market.range_and_mean(p["atr_period"], p["atr_sma_period"])
    filtered = p["use_atr_filter"]

    def holds(i: int) -> bool:
        broken = i > 0 and more(market.close[i], beyond(resistance[i - 1], p["breakout_threshold"]))
        eased = i > 0 and more(eom[i], Decimal(0)) and more(eom[i], eom[i - 1])
        wide = not filtered or more(ranges[i], usual[i])
        calm = more(Decimal(str(p["rsi_overbought"])), rsi[i])
        return broken and eased and more(market.volume[i], mean[i]) and wide and calm

    periods = [p["eom_period"], p["volume_sma_period"], p["rsi_period"], p["resistance_lookback"] * 5]
    periods += [p["atr_period"], p["atr_sma_period"]]
    needed = [eom, mean, rsi] + ([ranges, usual] if filtered else [])
    return Rule(max(periods), needed, holds)


def eom_macd_breakout(market: Market, p: Parameters) -> Rule:
    macd, signal, histogram = market.macd(p["macd_fast"], p["macd_slow"], p["macd_signal"])
    resistance, eom = market.levels(p["resistance_lookback"])[0], market.eom(p["eom_period"])
    mean = market.mean_volume(p["vol_sma_period"])

    def holds(i: int) -> bool:
        level, close = resistance[i], market.close[i]
        crossing = i > 0 and at_most(macd[i - 1], signal[i - 1]) and more(macd[i], signal[i])
        growing = i > 0 and more(histogram[i], histogram[i - 1])
        from_below = at_most(times(level, p["resistance_range_low"]), close)
        near = from_below and at_most(close, times(level, p["resistance_range_high"]))
        loud = at_most(times(mean[i], p["volume_threshold"]), market.volume[i])
        return crossing and growing and near and more(eom[i], Decimal(0)) and loud

    periods = (p["macd_slow"] + p["macd_signal"], p["eom_period"], p["vol_sma_period"], p["resistance_lookback"] * 5)
    return Rule(max(periods), (macd, signal, histogram, eom, mean), holds)


def eom_pullback(market: Market, p: Parameters) -> Rule:
    support, eom = market.levels(p["resistance_lookback"])[1], market.eom(p["eom_period"])
    rsi = market.rsi(p["rsi_period"])
    ranges, usual = market.range_and_mean(p["atr_period"], p["atr_sma_period"])

    def holds(i: int) -> bool:
        near = at_most(decimal(market.lows[i]), beyond(support[i], p["support_threshold"]))
        eased = i > 0 and at_most(eom[i - 1], Decimal(0)) and more(eom[i], Decimal(0))
        recovering = i > 0 and more(Decimal(str(p["rsi_oversold"])), rsi[i]) and more(rsi[i], rsi[i - 1])
        wide = more(ranges[i], times(usual[i], p["atr_floor_multiplier"]))
        return near and market.closes[i] > market.opens[i] and eased and recovering and wide

    periods = (p["eom_period"], p["rsi_period"], p["atr_period"], p["atr_sma_period"], p["resistance_lookback"] * 5)
    return Rule(max(periods), (eom, rsi, ranges, usual), holds)


RULES: dict[str, Callable[[Market, Parameters], Rule]] = {
    "RSIBBEntryMixin": rsi_bb,
    "RSIIchimokuEntryMixin": rsi_ichimoku,
    "RSIVolumeSupertrendEntryMixin": rsi_volume_supertrend,
    "BBVolumeSuperTrendEntryMixin": bb_volume_supertrend,
    "EOMBreakoutEntryMixin": eom_breakout,
    "EOMMAcdBreakoutEntryMixin": eom_macd_breakout,
    "EOMPullbackEntryMixin": eom_pullback,
}


def decisions(name: str, market: Market, parameters: Parameters) -> list[int]:
    """Bars at which an entry is decided, each trade being held until two bars after its fill."""
    rule = RULES[name](market, parameters)
    cooldown = parameters.get("cooldown_bars", 0)
    found: list[int] = []
    free = 0
    for i in range(len(market.bars)):
        if i < free or not rule.at(i) or (found and i - found[-1] < cooldown):
            continue
        found.append(i)
        free = i + 4  # decided at i, filled at i + 1, exit decided at i + 3, filled at i + 4 and asked again there
    return found
