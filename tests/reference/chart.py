"""The market and the indicators of one mixin side by side, each a series with a value for every bar.

The indicators are the `indicators` of the config where it has them, else the mixin's own, written in the same form:
type, params, fields_mapping (output -> alias), data_field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from reference import formulas
from reference.formulas.averages import after_warm_up
from reference.logic import Logic
from reference.recording import Row

Block = dict[str, Any]
Outputs = dict[str, list[float]]
COLUMNS = ("open", "high", "low", "close", "volume")
CLOUD_LEAD = 26


def block(kind: str, params: dict[str, Any], fields: dict[str, str], data_field: str = "close") -> Block:
    return {"type": kind, "params": params, "fields_mapping": fields, "data_field": data_field}


class Chart:
    """Series by column or alias; `lookback` is the longest period of the indicators."""

    def __init__(self, logic: Logic, rows: Sequence[Row], own: Sequence[Block]) -> None:
        self._series: Outputs = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
        self._logic = logic
        self.lookback = 0
        for indicator in logic.indicators or own:
            self._add(indicator)

    def __getitem__(self, name: str) -> list[float]:
        return self._series[name]

    def exists(self, i: int, names: Sequence[str]) -> bool:
        return not any(math.isnan(self._series[name][i]) for name in names)

    def _add(self, indicator: Block) -> None:
        params = {name: self._resolved(value) for name, value in indicator["params"].items()}
        compute, lookback = TYPES[indicator["type"]]
        outputs = compute(self, params, self._source(indicator))
        self.lookback = max(self.lookback, lookback(params))
        for output, alias in indicator["fields_mapping"].items():
            if alias in self._series:
                raise ValueError(f"two series are called {alias}")
            self._series[alias] = outputs[output]

    def _resolved(self, value: Any) -> Any:
        """A text is the name of a logic parameter."""
        return self._logic.logic_params[value] if isinstance(value, str) else value

    def _source(self, indicator: Block) -> list[float]:
        if "data_field" in indicator:
            return self._series[indicator["data_field"]]
        return self._series[(indicator.get("data_inputs") or ["close"])[0]]


def _rsi(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    (values,) = after_warm_up(source, lambda part: [formulas.rsi(part, p["timeperiod"])])
    return {"rsi": values}


def _bbands(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    if p.get("matype", 0) != 0:
        raise ValueError("the reference knows bands around a simple mean only")
    bands = formulas.bollinger(source, p["timeperiod"], float(p.get("nbdevup", 2)), float(p.get("nbdevdn", 2)))
    return dict(zip(("upperband", "middleband", "lowerband"), bands, strict=True))


def _atr(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    return {"atr": formulas.atr(chart["high"], chart["low"], chart["close"], p["timeperiod"])}


def _macd(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    periods = p["fastperiod"], p["slowperiod"], p["signalperiod"]
    line, signal, difference = after_warm_up(source, lambda part: formulas.macd(part, *periods))
    return {
        "macd": line,
        "macdsignal": signal,
        "macdhist": difference,
        "signal": signal,
        "hist": difference,
    }


def _sma(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    return {"sma": formulas.sma(source, p["timeperiod"])}


def _ema(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    (values,) = after_warm_up(source, lambda part: [formulas.ema(part, p["timeperiod"])])
    return {"ema": values}


def _stoch(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    periods = p["fastk_period"], p["slowk_period"], p["slowd_period"]
    slow_k, slow_d = formulas.stochastic(chart["high"], chart["low"], chart["close"], *periods)
    return {"slowk": slow_k, "slowd": slow_d}


def _ichimoku(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    lead = p.get("lead", CLOUD_LEAD)
    lines = formulas.ichimoku(chart["high"], chart["low"], p["tenkan"], p["kijun"], p["senkou"], lead)
    return dict(zip(("tenkan_sen", "kijun_sen", "senkou_span_a", "senkou_span_b"), lines, strict=True))


def _eom(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    return {"eom": formulas.ease_of_movement(chart["high"], chart["low"], chart["volume"], p["timeperiod"])}


def _levels(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    found = formulas.support_and_resistance(chart["high"], chart["low"], chart["close"], p["lookback_bars"])
    return dict(zip(("resistance", "support"), found, strict=True))


def _supertrend(chart: Chart, p: dict[str, Any], source: list[float]) -> Outputs:
    highs, lows, closes = chart["high"], chart["low"], chart["close"]
    found = formulas.supertrend(highs, lows, closes, p["length"], float(p["multiplier"]))
    return dict(zip(("super_trend", "direction"), found, strict=True))


def _own_period(p: dict[str, Any]) -> int:
    return int(p["timeperiod"])


TYPES: dict[str, tuple[Callable[[Chart, dict[str, Any], list[float]], Outputs], Callable[[dict[str, Any]], int]]] = {
    "RSI": (_rsi, _own_period),
    "BBANDS": (_bbands, _own_period),
    "ATR": (_atr, _own_period),
    "SMA": (_sma, _own_period),
    "EMA": (_ema, _own_period),
    "EOM": (_eom, _own_period),
    "MACD": (_macd, lambda p: p["slowperiod"] + p["signalperiod"]),
    "STOCH": (_stoch, lambda p: max(p["fastk_period"], p["slowk_period"], p["slowd_period"])),
    "ICHIMOKU": (_ichimoku, lambda p: max(p["tenkan"], p["kijun"], p["senkou"] + p.get("lead", CLOUD_LEAD))),
    "SupportResistance": (_levels, lambda p: p["lookback_bars"] * 5),
    "SUPERTREND": (_supertrend, lambda p: p["length"] + 1),
}
"""How each type is computed, and how many bars it counts in a lookback."""
