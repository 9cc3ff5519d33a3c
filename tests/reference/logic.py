"""The parameters of one mixin, in whatever spelling the config has them.

The first of these that is present wins, whatever its value: the plain name in `logic_params`, the plain name in
`params`, the prefixed name (`e_`, `x_`), the optimizer's (`entry_e_`, `exit_x_`), the web form's, the default.
All but the plain name are looked for in `params` before `logic_params`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PLAIN_NAMES = {"BBVolumeSupertrendEntryMixin": "BBVolumeSuperTrendEntryMixin"}
"""Second spellings of mixin names."""

SYNONYMS = {"rsi_oversold": ["oversold"]}

OLD_NAMES = {"tenkan_period": "tenkan", "kijun_period": "kijun", "senkou_period": "senkou"}
"""Names that carry a prefix in another form than the plain one."""

SUPERTREND = {"st_period": [("e_supertrend_period", 1.0)], "st_multiplier": [("e_supertrend_multiplier", 1.0)]}
FORM_NAMES: dict[str, dict[str, list[tuple[str, float]]]] = {
    "RSIIchimokuEntryMixin": {
        "tenkan_period": [("e_ichimoku_tenkan", 1.0)],
        "kijun_period": [("e_ichimoku_kijun", 1.0)],
    },
    "RSIVolumeSupertrendEntryMixin": SUPERTREND,
    "BBVolumeSuperTrendEntryMixin": SUPERTREND,
    "SimpleATRExitMixin": {"atr_multiplier": [("x_sl_multiplier", 1.0)]},
    "AdvancedATRExitMixin": {"p_slow": [("x_atr_period", 1.0)]},
    "FixedRatioExitMixin": {
        "take_profit": [("x_take_profit_pct", 100.0)],
        "stop_loss": [("x_stop_loss_pct", 100.0)],
    },
    "MACrossoverExitMixin": {
        "fast_period": [("x_ma_fast", 1.0)],
        "slow_period": [("x_ma_slow", 1.0), ("x_ma_period", 1.0)],
    },
    "TrailingStopExitMixin": {
        "trail_pct": [("x_trail_percent", 100.0)],
        "activation_pct": [("x_activation_percent", 100.0)],
    },
    "TimeBasedExitMixin": {"max_bars": [("x_max_hold_bars", 1.0)]},
}
"""What the web form calls a parameter, and by what its number is divided."""


@dataclass(frozen=True)
class Holding:
    """What an exit rule may know of the open trade; the decision is the bar before the fill."""

    entry_price: float
    decision_bar: int
    entry_bar: int


class Logic:
    def __init__(self, block: dict[str, Any], prefix: str) -> None:
        self.written_name: str = block["name"]
        self.name = PLAIN_NAMES.get(self.written_name, self.written_name)
        self.indicators: list[dict[str, Any]] = block.get("indicators") or []
        self.logic_params: dict[str, Any] = block.get("logic_params") or {}
        self._params: dict[str, Any] = block.get("params") or {}
        self._prefixes = [prefix, {"e_": "entry_e_", "x_": "exit_x_"}[prefix]]

    def get(self, plain: str, default: Any) -> Any:
        for name in (plain, *SYNONYMS.get(plain, [])):
            for source in (self.logic_params, self._params):
                if name in source:
                    return source[name]
            for prefix in self._prefixes:
                for source in (self._params, self.logic_params):
                    if prefix + OLD_NAMES.get(name, name) in source:
                        return source[prefix + OLD_NAMES.get(name, name)]
        for form, unit in FORM_NAMES.get(self.name, {}).get(plain, []):
            for source in (self._params, self.logic_params):
                if form in source:
                    return source[form] / unit if unit != 1.0 else source[form]
        return default

    def number(self, plain: str, default: float) -> float:
        return float(self.get(plain, default))

    def count(self, plain: str, default: int) -> int:
        return int(self.get(plain, default))

    def flag(self, plain: str, default: bool) -> bool:
        return bool(self.get(plain, default))
