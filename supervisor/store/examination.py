"""Looking at a database without changing it: reachable, up to date, writable, whose clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from common.clock import Clock
from supervisor.store.engine import POSTGRESQL, open_engine, reading, safe_url, writing
from supervisor.store.schema import HEAD, current_of
from supervisor.store.tables import supervisor_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseExamination:
    """What was found; the later fields are None where an earlier one says that nothing more could be asked."""

    url: str
    """Without its password."""
    revision: str | None
    wanted: str
    round_trip: float
    """Seconds of one trivial question."""
    clock_ahead: float | None
    """Seconds by which the database's clock is ahead of ours; None where it is the same clock."""
    writable: str | None
    """None when a row could be written (and was taken back), else why not."""
    claim: Mapping[str, Any] | None
    """Who holds the database: host, pid, state_dir, released_at."""


def examine_database(url: str, clock: Clock) -> DatabaseExamination:
    """Connect and look. Raises BotvisorError when the database cannot be reached or the URL is wrong."""
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            began = clock.monotonic()
            connection.execute(text("SELECT 1"))
            round_trip = clock.monotonic() - began
            ahead = _clock_ahead(connection, clock)
            revision = current_of(connection)
            claim = _claim(connection) if revision is not None else None
        return DatabaseExamination(
            url=safe_url(url),
            revision=revision,
            wanted=HEAD,
            round_trip=round_trip,
            clock_ahead=ahead,
            writable=_why_not_writable(engine) if revision is not None else None,
            claim=claim,
        )
    finally:
        engine.dispose()


def _clock_ahead(connection: Connection, clock: Clock) -> float | None:
    if connection.dialect.name != POSTGRESQL:
        return None
    theirs = connection.scalar(select(func.clock_timestamp()))
    assert isinstance(theirs, datetime)
    return (theirs - clock.now()).total_seconds()


def _claim(connection: Connection) -> Mapping[str, Any] | None:
    row = connection.execute(select(supervisor_claims)).mappings().first()
    return dict(row) if row is not None else None


class _TakenBack(Exception):
    """Ends the trial transaction without a trace."""


def _why_not_writable(engine: Engine) -> str | None:
    try:
        with writing(engine) as connection:
            connection.execute(supervisor_claims.update().where(supervisor_claims.c.id < 0).values(takeover=False))
            raise _TakenBack
    except _TakenBack:
        return None
    except Exception as error:  # noqa: BLE001 - whatever the driver says is the finding
        return str(error).splitlines()[0]
