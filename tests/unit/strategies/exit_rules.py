"""Exit rules from their definitions, over whole series of exact indicators; nothing is shared with the product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any

import exact_formulas as exact
from exit_market import Market, Parameters, Rule, at_most, less, memoryless, number
from exit_stops import advanced_atr, multi_level_atr, simple_atr, trailing_stop
from tape import Bar

DEFAULTS: dict[str, dict[str, Any]] = {
    "SimpleATRExitMixin": {"atr_period": 14, "atr_multiplier": 2.0, "breakeven_atr": 1.0, "use_breakeven": True},
    "AdvancedATRExitMixin": {
        "anchor": "high",
        "k_init": 2.5,
        "k_run": 2.0,
        "k_phase2": 1.5,
        "p_fast": 7,
        "p_slow": 21,
        "use_htf_atr": True,
        "alpha_fast": 1.0,
        "alpha_slow": 1.0,
        "alpha_htf": 1.0,
        "atr_floor": 0.0,
        "arm_at_R": 1.0,
        "breakeven_offset_atr": 0.0,
        "phase2_at_R": 2.0,
        "use_swing_ratchet": True,
        "swing_lookback": 10,
        "struct_buffer_atr": 0.25,
        "min_stop_step": 0.0,
        "noise_filter_atr": 0.0,
        "max_trail_freq": 1,
    },
    "MACrossoverExitMixin": {"fast_period": 10, "slow_period": 20, "ma_type": "SMA"},
    "RSIBBExitMixin": {"rsi_period": 14, "rsi_overbought": 70, "bb_period": 20, "bb_dev": 2.0},
    "RSIOrBBExitMixin": {"rsi_period": 14, "rsi_overbought": 70, "bb_period": 20, "bb_dev": 2.0},
    "TrailingStopExitMixin": {
        "trail_pct": 0.02,
        "activation_pct": 0.0,
        "use_atr": False,
        "atr_multiplier": 2.0,
        "atr_period": 14,
    },
    "EOMBreakdownExitMixin": {
        "breakdown_threshold": 0.002,
        "eom_period": 14,
        "vol_ma_period": 20,
        "atr_period": 14,
        "resistance_lookback": 2,
    },
    "EOMMAcdBreakdownExitMixin": {
        "support_threshold": 0.002,
        "macd_fast_period": 12,
        "macd_slow_period": 26,
        "macd_signal_period": 9,
        "eom_period": 14,
        "vol_ma_period": 20,
        "resistance_lookback": 2,
    },
    "EOMRejectionExitMixin": {
        "resistance_threshold": 0.995,
        "rsi_overbought": 60,
        "eom_period": 14,
        "rsi_period": 14,
        "resistance_lookback": 2,
    },
    "MultiLevelAtrExitMixin": {
        "htf_atr_period": 14,
        "htf_sl_multiplier": 2.5,
        "ltf_atr_period": 14,
        "ltf_sl_multiplier": 2.0,
        "micro_atr_period": 14,
        "be_activation_atr": 1.0,
        "be_buffer_multiplier": 0.3,
        "use_dynamic_k": False,
        "vol_sma_period": 50,
    },
}


def ma_crossover(market: Market, p: Parameters) -> Rule:
    if p["ma_type"].lower() == "sma":
        fast, slow = (exact.sma(market.closes, p[name]) for name in ("fast_period", "slow_period"))
    else:
        fast, slow = (exact.ema(market.close, p[name]) for name in ("fast_period", "slow_period"))

    def holds(i: int) -> str | None:
        crossed = less(slow[i - 1], fast[i - 1]) and less(fast[i], slow[i])
        return f"{p['ma_type'].lower()}_crossover" if crossed else None

    return Rule(max(p["fast_period"], p["slow_period"]), [fast, slow], memoryless(holds))


def rsi_and_band(market: Market, p: Parameters, words: Callable[[bool, bool], str | None]) -> Rule:
    rsi = exact.rsi(market.closes, p["rsi_period"])
    upper = exact.bands(market.closes, p["bb_period"], p["bb_dev"])[0]
    level, close = number(p["rsi_overbought"]), market.close

    def holds(i: int) -> str | None:
        turned = at_most(level, rsi[i - 1]) and less(rsi[i], level)
        fell = at_most(upper[i - 1], close[i - 1]) and less(close[i], upper[i])
        return words(turned, fell)

    return Rule(max(p["rsi_period"], p["bb_period"]), [rsi, upper], memoryless(holds))


def rsi_bb(market: Market, p: Parameters) -> Rule:
    return rsi_and_band(market, p, lambda rsi, band: "rsi_bb_cross_exit" if rsi and band else None)


def rsi_or_bb(market: Market, p: Parameters) -> Rule:
    reasons = {
        (True, False): "rsi_or_bb_rsi_cross",
        (False, True): "rsi_or_bb_bb_cross",
        (True, True): "rsi_or_bb_rsi_cross_bb_cross",
    }
    return rsi_and_band(market, p, lambda rsi, band: reasons.get((rsi, band)))


def eom_breakdown(market: Market, p: Parameters) -> Rule:
    support = market.levels(p["resistance_lookback"])[1]
    eom, average = market.eom(p["eom_period"]), market.atr(p["atr_period"])
    mean = exact.sma(market.volumes, p["vol_ma_period"])

    def holds(i: int) -> str | None:
        broken = support[i - 1]
        if broken is None or not market.close[i] < broken * (1 - number(p["breakdown_threshold"])):
            return None
        falling = eom[i] < 0 and less(eom[i], eom[i - 1])
        loud = market.volume[i] > mean[i] and less(average[i - 1], average[i])
        return "breakdown_momentum" if falling and loud else None

    periods = (p["eom_period"], p["vol_ma_period"], p["atr_period"], 5 * p["resistance_lookback"])
    return Rule(max(periods), [eom, average, mean], memoryless(holds))


def eom_macd_breakdown(market: Market, p: Parameters) -> Rule:
    support, eom = market.levels(p["resistance_lookback"])[1], market.eom(p["eom_period"])
    lengths = [p[f"macd_{name}_period"] for name in ("fast", "slow", "signal")]
    macd, signal, histogram = exact.macd(market.closes, *lengths)
    mean = exact.sma(market.volumes, p["vol_ma_period"])

    def holds(i: int) -> str | None:
        crossed = at_most(signal[i - 1], macd[i - 1]) and less(macd[i], signal[i])
        broken = support[i - 1]
        if not crossed or not less(histogram[i], histogram[i - 1]) or broken is None:
            return None
        below = market.close[i] < broken * (1 - number(p["support_threshold"]))
        return "macd_breakdown" if below and eom[i] < 0 and market.volume[i] > mean[i] else None

    periods = (lengths[1] + lengths[2], p["eom_period"], p["vol_ma_period"], 5 * p["resistance_lookback"])
    return Rule(max(periods), [macd, eom, mean], memoryless(holds))


def eom_rejection(market: Market, p: Parameters) -> Rule:
    resistance, eom = market.levels(p["resistance_lookback"])[0], market.eom(p["eom_period"])
    rsi = exact.rsi(market.closes, p["rsi_period"])

    def holds(i: int) -> str | None:
        level = resistance[i]
        if level is None or market.high[i] < level * number(p["resistance_threshold"]):
            return None
        turned = market.close[i] < market.open[i] and eom[i] < 0 and at_most(Decimal(0), eom[i - 1])
        high = rsi[i] > number(p["rsi_overbought"]) and less(rsi[i], rsi[i - 1])
        return "resistance_rejection" if turned and high else None

    periods = (p["eom_period"], p["rsi_period"], 5 * p["resistance_lookback"])
    return Rule(max(periods), [eom, rsi], memoryless(holds))


RULES: dict[str, Callable[[Market, Parameters], Rule]] = {
    "SimpleATRExitMixin": simple_atr,
    "AdvancedATRExitMixin": advanced_atr,
    "MACrossoverExitMixin": ma_crossover,
    "RSIBBExitMixin": rsi_bb,
    "RSIOrBBExitMixin": rsi_or_bb,
    "TrailingStopExitMixin": trailing_stop,
    "EOMBreakdownExitMixin": eom_breakdown,
    "EOMMAcdBreakdownExitMixin": eom_macd_breakdown,
    "EOMRejectionExitMixin": eom_rejection,
    "MultiLevelAtrExitMixin": multi_level_atr,
}


def expected_trades(name: str, bars: Sequence[Bar], parameters: Parameters) -> list[tuple[int, int, str]]:
    """(decision bar of the entry, decision bar of the exit, reason) when every bar from bar 1 on signals an entry."""
    with localcontext(exact.PRECISE):
        market = Market(bars)
        rule = RULES[name](market, {**DEFAULTS[name], **parameters})
        found: list[tuple[int, int, str]] = []
        i = 1
        while i + 1 < len(bars):
            if i + 1 <= max(rule.lookback, 1) or any(series[i] is None for series in rule.needed):
                i += 1
                continue
            ask = rule.begin(market.open[i + 1], i + 1)
            left = next(((bar, why) for bar in range(i + 1, len(bars)) if (why := ask(bar)) is not None), None)
            if left is None:
                return found
            found.append((i, *left))
            i = left[0] + 1  # the exit fills at the open of the next bar, at whose close an entry is decided again
        return found
