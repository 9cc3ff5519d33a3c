"""Money, sizes, percents and times as a trader reads them. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

_SMALL_DIGITS = 4
"""Significant digits of amounts so small that two decimals would say nothing."""


def number_of(value: object) -> Decimal | None:
    """A figure of a notice as a number; None when it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def money(amount: Decimal | None, *, signed: bool = False) -> str:
    """$65,432.10, -$12.34, $0.00001234; `signed` puts a plus before gains."""
    if amount is None:
        return "$?"
    sign = "-" if amount < 0 else "+" if signed and amount > 0 else ""
    return f"{sign}${_grouped(abs(amount), 2)}"


def price(amount: Decimal | None) -> str:
    """$65,432.10; below 10 with the digits by which prices differ: $1.0845, $0.00001234."""
    if amount is None:
        return "$?"
    if amount < 0 or amount >= 10 or amount == 0:
        return money(amount)
    whole, _, decimals = f"{amount:.{max(2, 4 - amount.adjusted())}f}".partition(".")
    return f"${whole}.{decimals.rstrip('0').ljust(2, '0')}"


def size(quantity: Decimal | None) -> str:
    """1,250.0000, 0.0125; smaller ones with as many decimals as they need."""
    return "?" if quantity is None else _grouped(quantity, 4)


def percent(value: Decimal | None) -> str:
    """+1.52%, -0.35%; of tiny ones the digits that say something."""
    if value is None:
        return "?%"
    sign = "-" if value < 0 else "+"
    return f"{sign}{_grouped(abs(value), 2)}%"


def _grouped(amount: Decimal, decimals: int) -> str:
    """With thousands separated; where `decimals` would leave fewer than two digits of a small one, with more."""
    if amount != 0 and amount < Decimal(10) ** (1 - decimals):
        decimals = min(12, _SMALL_DIGITS - 1 - amount.adjusted())
        return f"{amount:,.{decimals}f}".rstrip("0")
    return f"{amount:,.{decimals}f}"


def duration(span: timedelta) -> str:
    """1d 2h 3m, 3m, 12s: parts that are zero are left out, seconds count only below a minute."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if count]
    return " ".join(parts) or f"{seconds}s"


def moment(at: datetime) -> str:
    """2026-11-25 14:03:05 UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def words(identifier: str) -> str:
    """stop_loss → stop loss."""
    return identifier.replace("_", " ").strip()
