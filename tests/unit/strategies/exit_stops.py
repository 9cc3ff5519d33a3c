"""Stops that move with the trade, from their definitions."""

from __future__ import annotations

from decimal import Decimal

import exact_formulas as exact
from exit_market import Market, Parameters, Question, Rule, mean_of_known, number


def simple_atr(market: Market, p: Parameters) -> Rule:
    average = market.atr(p["atr_period"])
    far, near = number(p["atr_multiplier"]), number(p["breakeven_atr"])

    def begin(entry: Decimal, fill: int) -> Question:
        stop, secured = entry - average[fill - 1] * far, False

        def ask(i: int) -> str | None:
            nonlocal stop, secured
            close = market.close[i]
            if p["use_breakeven"] and not secured and close >= entry + average[i] * near:
                stop, secured = max(stop, entry), True
            stop = max(stop, close - average[i] * far)
            return "atr_trailing_stop" if close <= stop else None

        return ask

    return Rule(p["atr_period"], [average], begin)


def effective_range(market: Market, p: Parameters) -> exact.Series:
    fast, slow = market.atr(p["p_fast"]), market.atr(p["p_slow"])
    wide = market.atr(max(p["p_fast"], p["p_slow"]))
    weights = [number(p[name]) for name in ("alpha_fast", "alpha_slow", "alpha_htf")]
    together: exact.Series = []
    for values in zip(fast, slow, wide, strict=True):
        parts = list(zip(weights, values, strict=True))[: 3 if p["use_htf_atr"] else 2]
        missing = any(value is None for _, value in parts)
        together.append(None if missing else max(*(w * v for w, v in parts), number(p["atr_floor"])))
    return together


class AdvancedTrade:
    """The three phases, written out."""

    def __init__(self, market: Market, p: Parameters, span: exact.Series, entry: Decimal, fill: int) -> None:
        self.market, self.p, self.span, self.entry = market, p, span, entry
        self.risk = number(p["k_init"]) * span[fill - 1]
        self.stop, self.top, self.phase, self.k = entry - self.risk, entry, "INIT", number(p["k_init"])
        self.last_update: int | None = None

    def ask(self, i: int) -> str | None:
        self.top = max(self.top, self.market.high[i])
        if self.market.low[i] <= self.stop:
            return "stop_hit"
        due = self.last_update is None or i - self.last_update >= self.p["max_trail_freq"]
        quiet = self.market.high[i] - self.market.low[i] < number(self.p["noise_filter_atr"]) * self.span[i]
        if due and not quiet:
            self.last_update = i
            self.move(i)
        return None

    def move(self, i: int) -> None:
        p, span = self.p, self.span[i]
        armed = False
        profit = (self.market.close[i] - self.entry) / self.risk
        if self.phase == "INIT" and profit >= number(p["arm_at_R"]):
            self.phase, self.k, armed = "PHASE1", number(p["k_run"]), True
        if self.phase == "PHASE1" and profit >= number(p["phase2_at_R"]):
            self.phase, self.k = "PHASE2", number(p["k_phase2"])
        middle = (self.market.high[i] + self.market.low[i]) / 2
        anchor = {"high": self.top, "close": self.market.close[i], "mid": middle}[p["anchor"]]
        candidate = anchor - self.k * span
        n = p["swing_lookback"]
        if p["use_swing_ratchet"] and i + 1 >= n:
            lowest = min(self.market.low[i - n + 1 : i + 1])
            candidate = max(candidate, lowest - number(p["struct_buffer_atr"]) * span)
        if armed:
            candidate = max(candidate, self.entry + number(p["breakeven_offset_atr"]) * span)
        if candidate > self.stop and candidate - self.stop >= number(p["min_stop_step"]):
            self.stop = candidate


def advanced_atr(market: Market, p: Parameters) -> Rule:
    span = effective_range(market, p)
    lookback = max(p["p_fast"], p["p_slow"], 2 * p["swing_lookback"])
    return Rule(lookback, [span], lambda entry, fill: AdvancedTrade(market, p, span, entry, fill).ask)


def trailing_stop(market: Market, p: Parameters) -> Rule:
    average = market.atr(p["atr_period"])

    def begin(entry: Decimal, fill: int) -> Question:
        highest = entry

        def ask(i: int) -> str | None:
            nonlocal highest
            close = market.close[i]
            highest = max(highest, close)
            stop = highest * (1 - number(p["trail_pct"]))
            if p["use_atr"]:
                stop = highest - average[i] * number(p["atr_multiplier"])
            activation = number(p["activation_pct"])
            if activation > 0 and (close - entry) / entry < activation:
                return None
            return "trailing_stop" if close < stop else None

        return ask

    return Rule(p["atr_period"] if p["use_atr"] else 0, [average] if p["use_atr"] else [], begin)


def multi_level_atr(market: Market, p: Parameters) -> Rule:
    wide, local, micro = (market.atr(p[f"{name}_atr_period"]) for name in ("htf", "ltf", "micro"))
    usual = mean_of_known(local, p["vol_sma_period"])

    def begin(entry: Decimal, fill: int) -> Question:
        highest, stop = entry, Decimal("-Infinity")

        def ask(i: int) -> str | None:
            nonlocal highest, stop
            highest = max(highest, market.high[i])
            ratio = local[i] / usual[i] if p["use_dynamic_k"] else 1
            first = entry - wide[i] * number(p["htf_sl_multiplier"]) * ratio
            second = highest - local[i] * number(p["ltf_sl_multiplier"]) * ratio
            third = Decimal("-Infinity")
            if market.close[i] - entry >= number(p["be_activation_atr"]) * local[i]:
                third = entry + micro[i] * number(p["be_buffer_multiplier"])
            stop = max(stop, first, second, third)
            return "multi_tf_atr_stop" if market.close[i] < stop else None

        return ask

    periods = [p[f"{name}_atr_period"] for name in ("htf", "ltf", "micro")]
    if p["use_dynamic_k"]:
        return Rule(max(*periods, p["vol_sma_period"]), [wide, local, micro, usual], begin)
    return Rule(max(periods), [wide, local, micro], begin)
