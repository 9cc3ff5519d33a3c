"""Small series for questions to a single rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from builders import START, Candle
from reference.entries import entry_rule
from reference.exits import exit_rule
from reference.logic import Holding, Logic
from reference.recording import Row


def rows_of(candles: Sequence[Candle]) -> list[Row]:
    return [Row(START + timedelta(minutes=5 * i), *candle) for i, candle in enumerate(candles)]


def flat(close: float, volume: float = 100.0) -> Candle:
    return Candle(close, close, close, close, volume)


def flats(*closes: float) -> list[Candle]:
    return [flat(close) for close in closes]


def wide(*closes: float) -> list[Candle]:
    """Candles from 1 below to 1 above the close: the true range is 2 while closes move by no more than 1."""
    return [Candle(close, close + 1, close - 1, close) for close in closes]


def signals(name: str, candles: Sequence[Candle], **plain: Any) -> list[int]:
    """The bars at which the entry answers yes, asked at every bar after its lookback."""
    rule = entry_rule(Logic({"name": name, "logic_params": plain}, "e_"), rows_of(candles))
    return [i for i in range(rule.lookback, len(candles)) if rule.ready(i) and rule.should_enter(i)]


def left_at(
    name: str, candles: Sequence[Candle], entry_price: float, entry_bar: int, **plain: Any
) -> tuple[int, str] | None:
    """The first bar at whose close the exit leaves, and its reason."""
    rule = exit_rule(Logic({"name": name, "logic_params": plain}, "x_"), rows_of(candles))
    held = Holding(entry_price, entry_bar - 1, entry_bar)
    rule.begin(held)
    answers = ((i, rule.reason(i, held)) for i in range(entry_bar, len(candles)))
    return next(((i, reason) for i, reason in answers if reason is not None), None)
