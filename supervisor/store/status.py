"""Writing a bot's status, and signs of life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loguru import logger
from sqlalchemy import Connection, Row, Text, cast, func, select, update

from supervisor.store.bots import metadata_of
from supervisor.store.commands import Beat, WriteStatus, WriteWish
from supervisor.store.events import StatusWritten, WishWritten
from supervisor.store.shape import Shape
from supervisor.store.tables import bot_states, bot_supervision, trading_bots

_METADATA = "extra_metadata"
_STOPPED_BY = "stopped_by"
_PROJECTED = frozenset({"status", "error_count", "started_at", "updated_at"})


def write_status(
    connection: Connection, shape: Shape, command: WriteStatus, *, repeated: bool = False, own: bool = True
) -> StatusWritten:
    """Compare-and-set within the caller's transaction.

    `own`: it is the supervisor's word, and remembered as such in the same transaction; an operator's is not.

    `repeated`: the same command may have been committed before, its answer lost; then finding its own work
    counts as done and nothing is written twice.
    """
    row = _find(connection, shape, command.bot_id)
    if row is None:
        return StatusWritten(bot_id=command.bot_id, status=command.status, done=False, found=None)
    metadata = metadata_of(row._mapping.get(_METADATA))
    if repeated and _is_written(row, metadata, command):
        return StatusWritten(bot_id=command.bot_id, status=command.status, done=True, found=row.status)
    if command.expected is not None and row.status != command.expected:
        return StatusWritten(bot_id=command.bot_id, status=command.status, done=False, found=row.status)
    values = _values(row, command) | _metadata_values(metadata, command)
    connection.execute(
        update(trading_bots)
        .where(trading_bots.c.id == command.bot_id, trading_bots.c.status == row.status)
        .values(shape.only(trading_bots, values))
    )
    if own:
        _project(connection, shape, command, row, values)
        _remember(connection, shape, command)
    return StatusWritten(bot_id=command.bot_id, status=command.status, done=True, found=row.status)


def write_wish(connection: Connection, shape: Shape, command: WriteWish) -> WishWritten:
    """Compare-and-set of an operator's word. Finding it there already, by an earlier try or by hand, counts as done."""
    word = WriteStatus(bot_id=command.bot_id, expected=command.expected, status=command.status, at=command.at)
    answer = write_status(connection, shape, word, own=False)
    done = answer.done or answer.found == command.status
    return WishWritten(bot_id=command.bot_id, status=command.status, done=done, found=answer.found)


def answer_of_done(connection: Connection, shape: Shape, command: WriteStatus) -> StatusWritten | None:
    """The answer, when the row as last committed shows that the command was carried out before; waits for no lock."""
    row = _find(connection, shape, command.bot_id, lock=False)
    if row is None or not _is_written(row, metadata_of(row._mapping.get(_METADATA)), command):
        return None
    return StatusWritten(bot_id=command.bot_id, status=command.status, done=True, found=row.status)


def _find(connection: Connection, shape: Shape, bot_id: int, *, lock: bool = True) -> Row[Any] | None:
    wanted: list[Any] = [trading_bots.c.status]
    for name in ("user_id", "error_count"):
        wanted += [trading_bots.c[name]] if shape.has(trading_bots, name) else []
    if shape.has(trading_bots, _METADATA):
        wanted.append(cast(trading_bots.c.extra_metadata, Text).label(_METADATA))
    query = select(*wanted).where(trading_bots.c.id == bot_id)
    return connection.execute(query.with_for_update(key_share=True) if lock else query).first()


def _is_written(row: Row[Any], metadata: dict[str, Any] | None, command: WriteStatus) -> bool:
    if command.error is not None:
        return (metadata or {}).get("last_error_time") == command.at.isoformat()
    return command.expected not in (None, command.status) and row.status == command.status


def _values(row: Row[Any], command: WriteStatus) -> dict[str, Any]:
    values: dict[str, Any] = {"updated_at": command.at}
    if command.status is not None:
        values["status"] = command.status
    if command.status == "running" and command.started_at is not None:
        values["started_at"] = command.started_at
    if command.reset_errors:
        values["error_count"] = 0
    if command.error is not None and command.count_error:
        before = 0 if command.reset_errors else row._mapping.get("error_count") or 0
        values["error_count"] = before + command.count_error
    return values


def _metadata_values(metadata: dict[str, Any] | None, command: WriteStatus) -> dict[str, Any]:
    """The merged extra_metadata, when there is something to merge."""
    changes = changed_metadata(command)
    if not changes and not command.metadata_remove:
        return {}
    if metadata is None:
        # Whatever somebody keeps there that is no JSON object, it is not ours to overwrite.
        logger.bind(bot_id=command.bot_id).warning("extra_metadata of the bot is no JSON object; it is left as it is")
        return {}
    kept = {key: value for key, value in metadata.items() if key not in command.metadata_remove}
    return {_METADATA: kept | changes}


def changed_metadata(command: WriteStatus) -> dict[str, Any]:
    """The keys of extra_metadata that the command sets."""
    changes = dict(command.metadata_set)
    if command.error is not None:
        changes |= {"last_error": command.error, "last_error_time": command.at.isoformat()}
    return changes


def _project(connection: Connection, shape: Shape, command: WriteStatus, row: Row[Any], values: dict[str, Any]) -> None:
    """The same in bot_states."""
    state = {key: value for key, value in values.items() if key in _PROJECTED}
    if command.error is not None:
        state["last_error"] = command.error
    insert = shape.insert(bot_states).values(bot_id=command.bot_id, user_id=row._mapping.get("user_id"), **state)
    connection.execute(insert.on_conflict_do_update(index_elements=["bot_id"], set_=state))


def _remember(connection: Connection, shape: Shape, command: WriteStatus) -> None:
    """Whatever status the row has from now on that is not this one, somebody else wrote."""
    words: dict[str, Any] = {}
    if command.status is not None:
        words["last_status"] = command.status
        if command.generation is not None:
            words["observed_generation"] = command.generation
    if _STOPPED_BY in command.metadata_set or _STOPPED_BY in command.metadata_remove:
        # The row's own mark may have no place in extra_metadata, or lose it to whoever writes that column.
        words[_STOPPED_BY] = command.metadata_set.get(_STOPPED_BY)
    if not words:
        return
    words["updated_at"] = command.at
    insert = shape.insert(bot_supervision).values(bot_id=command.bot_id, **words)
    connection.execute(insert.on_conflict_do_update(index_elements=["bot_id"], set_=words))


def write_beats(connection: Connection, shape: Shape, beats: Sequence[Beat]) -> None:
    """Newest heartbeats in one go; those of bots whose row is gone are dropped."""
    ids = [beat.bot_id for beat in beats]
    alive = set(connection.scalars(select(trading_bots.c.id).where(trading_bots.c.id.in_(ids))))
    heard = [beat for beat in beats if beat.bot_id in alive]
    if not heard:
        return
    rows = [{"id": beat.bot_id, "last_heartbeat": beat.at, "updated_at": beat.at} for beat in heard]
    shape.update_many(connection, trading_bots, ("id",), [shape.only(trading_bots, row) for row in rows])
    insert = shape.insert(bot_states)
    states = [{"bot_id": beat.bot_id, "last_tick_at": beat.tick_at or beat.at, "updated_at": beat.at} for beat in heard]
    newer = func.coalesce(insert.excluded.last_tick_at, bot_states.c.last_tick_at)
    changes = {"last_tick_at": newer, "updated_at": insert.excluded.updated_at}
    shape.write_many(connection, insert.on_conflict_do_update(index_elements=["bot_id"], set_=changes), states)
