"""Whether a signal is sound: its fields, its age, whether it repeats another. Nothing here looks at limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from numbers import Real
from typing import Any

from common.trading.money import decimal_of
from common.trading.order import Side
from common.trading.signal import Signal
from worker.risk.denial import Denial
from worker.risk.signal_memory import SignalMemory

MAX_AGE_BARS = 1
"""Bars that a signal's time may lie before the timestamp of the bar it is emitted on."""
MAX_PRICE_DISTANCE = Decimal("0.5")
"""Fraction of the close that a signal's price may differ from it: beyond that it is of another market."""
MAX_ID_LENGTH = 64
_LARGEST_EXPONENT = 100
_SIDES: tuple[Side, ...] = ("buy", "sell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a signal is checked against: the bar it is emitted on and what the bot holds at its close."""

    symbol: str
    opened_at: datetime
    closed_at: datetime
    close: Decimal
    held: Decimal
    """Quantity of the open position; 0 when flat."""
    leaving: bool
    """An exit is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSignal:
    """A signal whose every field may be relied on."""

    side: Side
    price: Decimal
    time: datetime
    reason: str
    confidence: Decimal
    risk_multiplier: Decimal
    fraction: Decimal | None
    quantity: Decimal | None
    signal_id: str | None


class _Unsound(Exception):
    """Carries the rule that a signal breaks out of the checks."""

    def __init__(self, rule: str, message: str, limit: object = None, value: object = None) -> None:
        super().__init__(message)
        told = {"limit": limit, "value": value}
        self.denial = Denial(
            rule=f"signal_{rule}",
            message=message,
            **{name: str(what) for name, what in told.items() if what is not None},
        )


def check_signal(signal: Signal, around: Surroundings, memory: SignalMemory) -> SoundSignal | Denial:
    """The signal with its fields read, or the first rule that it breaks: fields, then age, then repetition."""
    try:
        side, price = _side(signal.side), _price(signal.price, around.close)
        _symbol(signal.symbol, around.symbol)
        sound = SoundSignal(
            side=side,
            price=price,
            reason=_reason(signal.reason),
            fraction=_size("fraction", signal.fraction, most=Decimal(1)),
            quantity=_size("quantity", signal.quantity),
            confidence=_scale("confidence", signal.confidence, most=Decimal(1)),
            risk_multiplier=_scale("risk_multiplier", signal.risk_multiplier),
            signal_id=_id(signal.signal_id),
            time=_time(signal.time, around),
        )
        _fits_position(sound, around)
        _is_new(sound, memory)
    except _Unsound as unsound:
        return unsound.denial
    return sound


def side_text(side: Any) -> str:
    """What a signal gave as its side, fit for a row."""
    return side if isinstance(side, str) and side in _SIDES else _shown(side)[:10]


def _side(given: Any) -> Side:
    if given is None:
        raise _Unsound("side", "the side is missing; a signal buys or sells")
    if not isinstance(given, str) or given not in _SIDES:
        raise _Unsound("side", f"side {_shown(given)} is neither buy nor sell")
    side: Side = given
    return side


def _symbol(given: Any, own: str) -> None:
    if given is None:
        raise _Unsound("symbol", f"the symbol is missing; this bot trades {own}")
    if not isinstance(given, str) or given != own:
        raise _Unsound("symbol", f"the signal is about {_shown(given)}, this bot trades {own}")


def _price(given: Any, close: Decimal) -> Decimal:
    if given is None:
        raise _Unsound("price", "the price is missing; give the price the decision was made at, such as the close")
    price = _number(given)
    if price is None or price <= 0:
        raise _Unsound("price", f"price {_shown(given)} is not a finite number above 0")
    if abs(price - close) > close * MAX_PRICE_DISTANCE:
        message = f"price {_shown(given)} is more than {MAX_PRICE_DISTANCE:%} away from the close of {close}"
        raise _Unsound("price", message, limit=close, value=_shown(given))
    return price


def _reason(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _Unsound("reason", f"reason {_shown(given)} says nothing; a signal says why it was made")
    if not _storable(given):
        raise _Unsound("reason", f"reason {_shown(given)} holds characters that no database keeps")
    return given


def _size(name: str, given: Any, most: Decimal | None = None) -> Decimal | None:
    if given is None:
        return None
    size = _number(given)
    if size is None or size <= 0 or (most is not None and size > most):
        bound = "" if most is None else f" and at most {most}"
        raise _Unsound("size", f"{name} {_shown(given)} is not a finite number above 0{bound}", most, _shown(given))
    return size


def _scale(name: str, given: Any, most: Decimal | None = None) -> Decimal:
    scale = _number(given)
    if scale is None or scale <= 0 or (most is not None and scale > most):
        bound = "" if most is None else f" and at most {most}"
        raise _Unsound(name, f"{name} {_shown(given)} is not a finite number above 0{bound}", most, _shown(given))
    return scale


def _id(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= MAX_ID_LENGTH or not _storable(given):
        raise _Unsound("id", f"signal_id {_shown(given)} is not a text of 1 to {MAX_ID_LENGTH} characters")
    return given


def _time(given: Any, around: Surroundings) -> datetime:
    if given is None:
        raise _Unsound("time", "the time is missing; give the moment the signal is about, such as the bar's timestamp")
    if not isinstance(given, datetime) or given.utcoffset() is None:
        raise _Unsound("time", f"time {_shown(given)} is not a datetime with a time zone")
    oldest = around.opened_at - MAX_AGE_BARS * (around.closed_at - around.opened_at)
    if given < oldest:
        message = f"the signal is of {given}, older than {MAX_AGE_BARS} bar before the bar of {around.opened_at}"
        raise _Unsound("stale", message, limit=oldest, value=given)
    if given > around.closed_at:
        message = f"the signal is of {given}, after the close of its bar at {around.closed_at}"
        raise _Unsound("future", message, limit=around.closed_at, value=given)
    return given


def _fits_position(signal: SoundSignal, around: Surroundings) -> None:
    """A sale closes what is held, all of it; a purchase has one size."""
    if signal.side == "buy":
        if signal.fraction is not None and signal.quantity is not None:
            raise _Unsound("size", "both fraction and quantity are given; one of them is the size")
        return
    if around.held <= 0:
        raise _Unsound("short", "nothing is held, so this would open a short position; bots are long only")
    if around.leaving:
        raise _Unsound("duplicate", "the position is being left already")
    if signal.fraction not in (None, Decimal(1)) or signal.quantity not in (None, around.held):
        message = "a part of the position would be left; exits close all of it, so leave out fraction and quantity"
        raise _Unsound("size", message, limit=around.held, value=signal.quantity or signal.fraction)


def _is_new(signal: SoundSignal, memory: SignalMemory) -> None:
    if signal.signal_id is not None and memory.has_id(signal.signal_id):
        raise _Unsound("duplicate", f"signal {signal.signal_id!r} was taken before", value=signal.signal_id)
    if memory.has_side(signal.side):
        raise _Unsound("duplicate", f"a second {signal.side} on the same bar", value=signal.side)


def _number(given: Any) -> Decimal | None:
    """A finite number as a Decimal, numbers of numeric libraries by their value; None for anything else.

    Magnitudes that no arithmetic with money can hold are nothing else but mistakes.
    """
    try:
        if type(given) is not float and isinstance(given, Real) and not isinstance(given, bool | int):
            given = float(given)
        number = decimal_of(given) if isinstance(given, int | float | Decimal) else None
    except (ValueError, OverflowError):
        return None
    return None if number is None or abs(number.adjusted()) > _LARGEST_EXPONENT else number


def _storable(text: str) -> bool:
    return text.isprintable() or not any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text)


def _shown(given: Any) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in repr(given))
    return shown if len(shown) <= 80 else shown[:79] + "…"
