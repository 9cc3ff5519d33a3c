"""Column types that write strictly and read tolerantly: the rows may be older than this program."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Numeric
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from common.trading.money import CONTEXT, decimal_of

_SQLITE = "sqlite"
_MILLISECONDS_ABOVE = 946_684_800_000
"""Numbers above this (2000-01-01 in milliseconds) are milliseconds since the epoch, others seconds."""

BigId = BigInteger().with_variant(Integer, _SQLITE)
"""64-bit key; SQLite numbers rows by itself only in a column declared INTEGER."""


def decode_json(value: object) -> object:
    """JSON as a driver hands it over: decoded already, or text, or text of a JSON string that holds an object again.

    Text that is no JSON stays as it is; nothing is raised.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value).decode("utf-8", "replace")
    if not isinstance(value, str):
        return value
    try:
        decoded = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return _decode_again(decoded) if isinstance(decoded, str) else decoded


def _decode_string(value: object) -> object:
    return _decode_again(value) if isinstance(value, str) else value


def _decode_again(text: str) -> object:
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return decoded if isinstance(decoded, dict | list) else text


def encode_json(value: object) -> str:
    """Compact JSON. Raises ValueError for NaN and infinities, TypeError for what JSON has no word for."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


class Json(TypeDecorator[Any]):
    """JSONB on PostgreSQL, text on SQLite; NULL for None. Reading never raises, see `decode_json`."""

    impl = JSON
    cache_ok = True

    def __init__(self, *, verbatim: bool = False) -> None:
        """`verbatim` keeps the text as written also on PostgreSQL (json, not jsonb): -0.0 stays -0.0."""
        super().__init__(none_as_null=True)
        self.verbatim = verbatim

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        plain = self.verbatim or dialect.name == _SQLITE
        return dialect.type_descriptor(JSON(none_as_null=True) if plain else JSONB(none_as_null=True))

    def bind_processor(self, dialect: Dialect) -> Any:
        return lambda value: None if value is None else encode_json(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        # SQLite hands over text; PostgreSQL's driver has decoded once, and a str is what a JSON string said.
        return decode_json if dialect.name == _SQLITE else _decode_string


class Money(TypeDecorator[Decimal]):
    """Decimal, rounded half-even to the column's scale when written and when read.

    SQLite holds what it holds (integer, real, text); what is no number reads as None.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int = 20, scale: int = 8) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale
        self._step = Decimal(1).scaleb(-scale)
        self._bound = Decimal(1).scaleb(precision - scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == _SQLITE:
            return dialect.type_descriptor(Numeric(self.precision, self.scale, asdecimal=False))
        return dialect.type_descriptor(Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        rounded = value.quantize(self._step, context=CONTEXT)
        if not -self._bound < rounded < self._bound:
            raise ValueError(f"{value} does not fit NUMERIC({self.precision},{self.scale})")
        return rounded

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        try:
            return decimal_of(value).quantize(self._step, context=CONTEXT)
        except (ValueError, ArithmeticError):
            return None


class Percent(Money):
    """NUMERIC(10,4), in percent units: 1.5 is 1.5 %."""

    cache_ok = True

    def __init__(self, precision: int = 10, scale: int = 4) -> None:
        super().__init__(precision, scale)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in code; naive UTC in the column, or timestamptz on PostgreSQL with `timezone`.

    Reading takes any ISO text and epoch numbers on SQLite; what is no time reads as None.
    """

    impl = DateTime
    cache_ok = True

    def __init__(self, timezone: bool = False) -> None:
        super().__init__(timezone=timezone)
        self.timezone = timezone

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == _SQLITE:
            return dialect.type_descriptor(_SqliteDateTime())  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(DateTime(timezone=self.timezone))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; times inside are aware UTC")
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        return utc if self.timezone else utc.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return utc_of(value)


class _SqliteDateTime(sqlite.DATETIME):
    """Writes `YYYY-MM-DD HH:MM:SS.ffffff`; leaves reading to `UtcDateTime`."""

    def bind_processor(self, dialect: Dialect) -> Any:
        return lambda value: None if value is None else _sqlite_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return None


def _sqlite_text(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


def utc_of(value: object) -> datetime | None:
    """A time as some database holds it (datetime, ISO text, epoch number) as aware UTC; None when it is none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS_ABOVE else value, UTC)
        if isinstance(value, str):
            return utc_of(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError, OSError):
        return None
    return None
