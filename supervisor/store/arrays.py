"""Rows for PostgreSQL as one array per column: one statement and one plan for all, and few values on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    Boolean,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeDecorator, TypeEngine

_ORDINAL = "ordinal"
"""Column of `given` that counts the rows from 1."""
_NULL = "NULL"
_Convert = Callable[[Any], Any]
_Write = Callable[[list[Any]], str]


@lru_cache(maxsize=256)
def given(table: Table, names: tuple[str, ...]) -> Any:
    """The rows whose arrays `parameters` makes, as something to select from; columns as in the table."""
    arrays = [cast(bindparam(_of(name), type_=Text()), ARRAY(_loose(table.c[name].type))) for name in names]
    columns = [column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns, with_ordinality=_ORDINAL).render_derived("given")


@lru_cache(maxsize=256)
def all_given(table: Table, names: tuple[str, ...], *, in_order: bool = False) -> Any:
    """The query for all of `given`; with `in_order` the rows come out as they were put in, whatever the plan."""
    source = given(table, names)
    query = select(*(source.c[name] for name in names))
    return query.order_by(source.c[_ORDINAL]) if in_order else query


def parameters(
    dialect: Dialect, table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Each column as the text of an array, its values converted and checked by the column's type."""
    return {_of(name): f"{{{_writer(dialect, table, name)([row[name] for row in rows])}}}" for name in names}


def _of(name: str) -> str:
    # A parameter named like its column would be taken for the value of an UPDATE's SET.
    return f"all_{name}"


def _bare(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def _loose(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type without its size: an explicit cast would cut to it what an assignment refuses."""
    bare = _bare(kind)
    if isinstance(bare, String):
        return Text()
    return Numeric() if isinstance(bare, Numeric) and kind.python_type is not float else kind


@lru_cache(maxsize=1024)
def _writer(dialect: Dialect, table: Table, name: str) -> _Write:
    """What writes values of the column as the elements of an array."""
    kind = table.c[name].type
    bare = _bare(kind)
    if isinstance(bare, LargeBinary):
        return _bytes
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    if isinstance(bare, Numeric | Integer | Boolean):
        return partial(_numbers, convert)
    if isinstance(bare, DateTime):
        return partial(_times, convert)
    return _texts if convert is None else partial(_converted, convert)


def _numbers(convert: _Convert | None, values: list[Any]) -> str:
    if convert is None:
        return ",".join([_NULL if value is None else str(value) for value in values])
    return ",".join([_NULL if value is None else str(convert(value)) for value in values])


def _times(convert: _Convert | None, values: list[Any]) -> str:
    """Times of one market repeat."""
    written = {value: _NULL if value is None else f'"{convert(value) if convert else value}"' for value in set(values)}
    return ",".join([written[value] for value in values])


def _bytes(values: list[Any]) -> str:
    return ",".join([_NULL if value is None else f'"\\\\x{value.hex()}"' for value in values])


def _converted(convert: _Convert, values: list[Any]) -> str:
    return _texts([None if value is None else convert(value) for value in values])


def _texts(values: list[Any]) -> str:
    return ",".join([_NULL if value is None else _quoted(value) for value in values])


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
