"""Rows of `trading_bots`: read tolerantly, added on request, configs never rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Connection, Row, String, Text, cast, column, insert, select, table

from common.errors import ConfigurationError
from common.wire.ticket import Recovery
from supervisor.store.recovery import read_recoveries
from supervisor.store.shape import Shape
from supervisor.store.supervision import Supervision, read_supervision
from supervisor.store.tables import trading_bots, usr_users
from supervisor.store.types import decode_json

_AS_TEXT = ("config", "extra_metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class BotRow:
    """One bot as its row and our own tables tell it."""

    id: int
    user_id: int | None
    status: str
    config: object
    """The decoded JSON; the text itself when it is none."""
    description: str | None
    extra_metadata: Mapping[str, Any]
    """Empty when NULL or unreadable."""
    created_at: datetime | None
    started_at: datetime | None
    error_count: int
    """NULL counts as 0."""
    current_balance: Decimal | None
    total_pnl: Decimal | None
    supervision: Supervision
    recovery: Recovery
    """Newest checkpoint in the database; without one, the bot's trades, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBot:
    """A row as it was read, before its JSON is decoded: what is compared to find changes."""

    id: int
    user_id: int | None
    status: str
    config_text: str | None
    description: str | None
    extra_metadata: Mapping[str, Any]
    created_at: datetime | None
    started_at: datetime | None
    error_count: int
    current_balance: Decimal | None
    total_pnl: Decimal | None
    supervision: Supervision


def read_raw(connection: Connection, shape: Shape, ids: Iterable[int] | None = None) -> dict[int, RawBot]:
    """Bots by id, all or those asked for. No row is so broken that it hides the others."""
    query = select(*(_selected(known) for known in shape.present(trading_bots))).order_by(trading_bots.c.id)
    if ids is not None:
        query = query.where(trading_bots.c.id.in_(list(ids)))
    memories = read_supervision(connection, ids)
    return {row.id: _raw(row, memories) for row in connection.execute(query)}


def _selected(known: Column[Any]) -> Any:
    return cast(known, Text).label(known.name) if known.name in _AS_TEXT else known


def _raw(row: Row[Any], memories: Mapping[int, Supervision]) -> RawBot:
    def value(name: str) -> Any:
        return row._mapping.get(name)

    return RawBot(
        id=row.id,
        user_id=_whole(value("user_id")),
        status=str(value("status") or ""),
        config_text=value("config"),
        description=None if value("description") is None else str(value("description")),
        extra_metadata=MappingProxyType(metadata_of(value("extra_metadata")) or {}),
        created_at=value("created_at"),
        started_at=value("started_at"),
        error_count=_whole(value("error_count")) or 0,
        current_balance=value("current_balance"),
        total_pnl=value("total_pnl"),
        supervision=memories.get(row.id) or Supervision(bot_id=row.id),
    )


def _whole(value: object) -> int | None:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return None


def metadata_of(text: object) -> dict[str, Any] | None:
    """The object in an extra_metadata column, {} for NULL; None when it holds something that is no object."""
    decoded = decode_json(text)
    if decoded is None:
        return {}
    return decoded if isinstance(decoded, dict) else None


def complete(connection: Connection, shape: Shape, raws: Sequence[RawBot]) -> tuple[BotRow, ...]:
    """The rows with their configs decoded and their pasts."""
    recoveries = read_recoveries(connection, shape, [raw.id for raw in raws])
    return tuple(_complete(raw, recoveries[raw.id]) for raw in raws)


def _complete(raw: RawBot, recovery: Recovery) -> BotRow:
    return BotRow(
        id=raw.id,
        user_id=raw.user_id,
        status=raw.status,
        config=decode_json(raw.config_text),
        description=raw.description,
        extra_metadata=raw.extra_metadata,
        created_at=raw.created_at,
        started_at=raw.started_at,
        error_count=raw.error_count,
        current_balance=raw.current_balance,
        total_pnl=raw.total_pnl,
        supervision=raw.supervision,
        recovery=recovery,
    )


def read_rows(connection: Connection, shape: Shape, ids: Iterable[int] | None = None) -> tuple[BotRow, ...]:
    """Bots in the order of their ids, all or those asked for."""
    return complete(connection, shape, list(read_raw(connection, shape, ids).values()))


def insert_bot(
    connection: Connection,
    shape: Shape,
    *,
    config: Mapping[str, Any],
    status: str,
    description: str | None,
    at: datetime,
    user_id: int | None = None,
) -> int:
    """Add a row and answer its id. Without `user_id` it belongs to `operator`, else to the first admin.

    Raises ConfigurationError when there is no such user.
    """
    values: dict[str, Any] = {"config": dict(config), "status": status, "description": description, "created_at": at}
    if shape.has(trading_bots, "user_id"):
        values["user_id"] = owner(connection, user_id)
    statement = insert(trading_bots).values(shape.only(trading_bots, values)).returning(trading_bots.c.id)
    if "type" in shape.columns[trading_bots.name]:
        statement = _with_type(shape, values, _mode_of(config))
    return int(connection.execute(statement).scalar_one())


def _mode_of(config: Mapping[str, Any]) -> str:
    broker = config.get("broker")
    return "live" if isinstance(broker, Mapping) and broker.get("trading_mode") == "live" else "paper"


def _with_type(shape: Shape, values: Mapping[str, Any], mode: str) -> Any:
    # Some databases only have the old column `type`, so the table known to us does not.
    known = [column(name, trading_bots.c[name].type) for name in shape.only(trading_bots, values)]
    legacy = table(trading_bots.name, column("id"), column("type", String(20)), *known)
    return insert(legacy).values(shape.only(trading_bots, values) | {"type": mode}).returning(legacy.c.id)


def owner(connection: Connection, user_id: int | None) -> int:
    """The user that bots added here belong to. Raises ConfigurationError when there is none."""
    users = usr_users.c
    if user_id is not None:
        if connection.scalar(select(users.id).where(users.id == user_id)) is None:
            raise ConfigurationError(f"there is no user {user_id} in usr_users; name one that exists")
        return user_id
    operator = connection.scalar(select(users.id).where(users.email == "operator"))
    found = operator or connection.scalar(select(users.id).where(users.role == "admin").order_by(users.id))
    if found is None:
        raise ConfigurationError("usr_users has neither `operator` nor an admin to own the bot; name an owner")
    return int(found)
