"""The many parameters of AdvancedATRExitMixin. The earlier service wrote them without a prefix."""

from __future__ import annotations

from dataclasses import replace

from worker.strategies.mixins.pieces import flag, number, period, unused
from worker.strategies.parameters import PREFIX_OF_ROLE, Form, Parameter

FAST = "exit_atr_fast"
SLOW = "exit_atr_slow"
WIDE = "exit_atr_htf"

_PARTIAL = "the whole position is closed at once, never a part of it"
_STAGNATION = "the stop is not tightened for lack of new highs, as in the earlier service"

_DECLARED = (
    Parameter(
        name="anchor",
        kind="choice",
        default="high",
        choices=("high", "close", "mid"),
        meaning="what the stop trails: the highest high since the entry, the close, or (high + low) / 2 of the bar",
    ),
    number("k_init", 2.5, "distance of the first stop in ATR_eff; this distance is R"),
    number("k_run", 2.0, "distance of the stop in phase 1"),
    number("k_phase2", 1.5, "distance of the stop in phase 2"),
    period("p_fast", 7, "bars of the fast average true range"),
    period("p_slow", 21, "bars of the slow one", forms=("x_atr_period",)),
    flag("use_htf_atr", True, "true: a third range over the longer of the two periods counts too"),
    number("alpha_fast", 1.0, "weight of the fast range"),
    number("alpha_slow", 1.0, "weight of the slow range"),
    number("alpha_htf", 1.0, "weight of the third range"),
    number("atr_floor", 0.0, "ATR_eff is at least this, in quote currency"),
    number("arm_at_R", 1.0, "gain in R that leads to phase 1"),
    number(
        "breakeven_offset_atr",
        0.0,
        "in phase 1 the stop is at least this many ATR_eff above the entry price",
        minimum=None,
    ),
    number("phase2_at_R", 2.0, "gain in R that leads to phase 2"),
    flag("use_swing_ratchet", True, "true: the stop follows the lowest low of the last swing_lookback bars"),
    Parameter(
        name="swing_lookback",
        kind="integer",
        default=10,
        minimum=1,
        maximum=500,
        meaning="bars of that low, those before the entry included",
    ),
    number("struct_buffer_atr", 0.25, "distance of the stop below that low, in ATR_eff", minimum=None),
    number("min_stop_step", 0.0, "least move of the stop, in quote currency"),
    number("noise_filter_atr", 0.0, "a bar whose range is less than this many ATR_eff updates nothing; 0 = off"),
    Parameter(
        name="max_trail_freq",
        kind="integer",
        default=1,
        minimum=1,
        meaning="bars from one update to the next, at least",
    ),
    unused("update_on", "the stop is always moved at the close of a bar"),
    unused("htf", "all average true ranges are those of the bot's own timeframe"),
    unused("tighten_if_stagnant_bars", _STAGNATION),
    unused("tighten_k_factor", _STAGNATION),
    unused("min_bars_between_tighten", _STAGNATION),
    unused("pt_levels_R", _PARTIAL),
    unused("pt_sizes", _PARTIAL),
    unused("retune_after_pt", _PARTIAL),
    unused("fill_policy", "an exit is a market order at the next open"),
    unused("tick_size", "levels are not rounded in simulation, orders are rounded by the venue"),
)


def _unprefixed(parameter: Parameter) -> Parameter:
    """The plain name is the earlier service's, the prefixed one is read too."""
    forms = (Form(name=PREFIX_OF_ROLE["exit"] + parameter.name), *parameter.forms)
    return replace(parameter, legacy=parameter.name, forms=forms)


PARAMETERS = tuple(_unprefixed(parameter) for parameter in _DECLARED)
