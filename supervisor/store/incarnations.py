"""Rows of `incarnations`: one per life, opened when it starts, closed when it is gone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, update

from supervisor.store.commands import CloseIncarnation, OpenIncarnation, RunningIncarnation
from supervisor.store.shape import Shape
from supervisor.store.tables import incarnations

_KEY = incarnations.c.id == bindparam("life")


def open_lives(connection: Connection, shape: Shape, lives: Sequence[OpenIncarnation]) -> None:
    """Write new lives; one that is written already stays as it is."""
    rows = [
        {
            "id": life.incarnation,
            "bot_id": life.bot_id,
            "generation": life.generation,
            "host": life.host,
            "pid": life.pid,
            "started_at": life.started_at,
        }
        for life in lives
    ]
    statement = shape.insert(incarnations).on_conflict_do_nothing(index_elements=["id"])
    shape.write_many(connection, statement, rows)


def running_lives(connection: Connection, lives: Sequence[RunningIncarnation]) -> None:
    """Write since when lives trade; the first word counts."""
    statement = (
        update(incarnations)
        .where(_KEY)
        .values(
            running_at=func.coalesce(
                incarnations.c.running_at, bindparam("since", type_=incarnations.c.running_at.type)
            ),
            pid=func.coalesce(incarnations.c.pid, bindparam("known_pid", type_=incarnations.c.pid.type)),
        )
    )
    connection.execute(
        statement, [{"life": life.incarnation, "since": life.running_at, "known_pid": life.pid} for life in lives]
    )


def close_lives(connection: Connection, lives: Sequence[CloseIncarnation]) -> None:
    """Write how lives ended."""
    statement = (
        update(incarnations)
        .where(_KEY)
        .values(
            ended_at=bindparam("ended"),
            exit_code=bindparam("code"),
            exit_signal=bindparam("signal"),
            cause=bindparam("why"),
            detail=bindparam("what"),
        )
    )
    connection.execute(statement, [_ending(life) for life in lives])


def _ending(life: CloseIncarnation) -> dict[str, object]:
    return {
        "life": life.incarnation,
        "ended": life.ended_at,
        "code": life.exit_code,
        "signal": life.exit_signal,
        "why": life.cause[:64],
        "what": life.detail,
    }
