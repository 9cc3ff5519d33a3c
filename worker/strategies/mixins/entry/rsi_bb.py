"""What the entries on RSI and Bollinger bands share: parameters, indicators, the two parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD
from worker.strategies.parameters import Parameter

RSI = "entry_rsi"
LOWER = "entry_bb_lower"

RSI_PERIOD = Parameter(
    name="rsi_period", kind="integer", default=14, minimum=1, maximum=MAXIMUM_PERIOD, meaning="bars of the RSI"
)
RSI_OVERSOLD = Parameter(
    name="rsi_oversold",
    kind="number",
    default=30.0,
    minimum=0,
    maximum=100,
    synonyms=("oversold",),
    meaning="the RSI is low at or below this",
)
BB_PERIOD = Parameter(
    name="bb_period", kind="integer", default=20, minimum=1, maximum=MAXIMUM_PERIOD, meaning="bars of the bands"
)
BB_DEV = Parameter(
    name="bb_dev", kind="number", default=2.0, minimum=0, meaning="width of the bands in standard deviations"
)
USE_BB_TOUCH = Parameter(
    name="use_bb_touch",
    kind="flag",
    default=True,
    meaning="true: a close on the lower band counts; false: only one below it",
)

RSI_BLUEPRINT: Mapping[str, Any] = {
    "type": "RSI",
    "params": {"timeperiod": "rsi_period"},
    "fields_mapping": {"rsi": RSI},
}
BB_BLUEPRINT: Mapping[str, Any] = {
    "type": "BBANDS",
    "params": {"timeperiod": "bb_period", "nbdevup": "bb_dev", "nbdevdn": "bb_dev"},
    "fields_mapping": {"upperband": "entry_bb_upper", "middleband": "entry_bb_middle", "lowerband": LOWER},
}


def at_lower_band(close: float, lower: float, touch_counts: bool) -> bool:
    """Whether the close is on (when that counts) or below the lower band."""
    return close <= lower if touch_counts else close < lower
