"""Putting news into the outbox: in the transaction of the fact that it tells, each key once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from loguru import logger
from sqlalchemy import Connection, Text, cast, func, select, update

from common.wire.facts import Entry, IncidentReported
from supervisor.notify.life_news import Earlier, notice_of_start, notice_of_stop
from supervisor.notify.notice import Kind, Notice
from supervisor.notify.of_entries import notices_of
from supervisor.notify.of_incident import notice_of
from supervisor.notify.wishes import Wishes
from supervisor.store.commands import RecordIncident, RunningIncarnation, WriteStatus
from supervisor.store.events import StatusWritten
from supervisor.store.faults import is_poison, message_of
from supervisor.store.folding import incident_of
from supervisor.store.shape import Shape
from supervisor.store.tables import incarnations, outbox, trading_bots

_LONGEST_KEY = 255


class NewsDesk(Protocol):
    """Who knows what anybody wishes to hear. Asked on the recorder's thread; answers from memory."""

    def wishes(self, bot_id: int, config: object, description: str | None) -> Wishes:
        """What this bot's row wishes; of a config that cannot be read, what it wished before."""

    def wanted(self, wishes: Wishes | None) -> frozenset[Kind]:
        """Which kinds of this bot's news (None: the service's) anybody shall hear."""

    def database_taken(self) -> None:
        """The database is ours now: what waits in the outbox may be sent."""

    def committed(self) -> None:
        """There may be news in the outbox."""


class Outbox:
    """The outbox of one database session. Owned by the recorder's thread."""

    def __init__(self, shape: Shape, desk: NewsDesk) -> None:
        self._shape = shape
        self._desk = desk
        self._put = False

    def tell_of_entries(self, connection: Connection, entries: Sequence[tuple[int, Entry]], at: datetime) -> None:
        """The news among recorded journal entries, (bot id, entry) in order."""
        newsworthy = [(bot_id, entry) for bot_id, entry in entries if entry.facts]
        if not newsworthy:
            return
        known = self._wishes(connection, {bot_id for bot_id, _ in newsworthy})
        notices: list[Notice] = []
        for bot_id, entry in newsworthy:
            wishes = known.get(bot_id)
            if wishes is None or not self._desk.wanted(wishes):
                continue
            notices += notices_of(bot_id, entry, wishes, at)
            for fact in entry.facts:
                if isinstance(fact, IncidentReported):
                    notices += _one(notice_of(incident_of(bot_id, entry, fact)))
        self._write(connection, notices, known)

    def tell_of_incidents(self, connection: Connection, incidents: Iterable[RecordIncident]) -> None:
        """The news among incidents."""
        notices = [notice for incident in incidents for notice in _one(notice_of(incident))]
        if notices:
            self._write(connection, notices, self._wishes(connection, _bots(notices)))

    def tell_of_starts(self, connection: Connection, lives: Sequence[RunningIncarnation]) -> None:
        """Bots that trade now. What was critical about them is over and needs nobody's acknowledgement any more."""
        notices = [notice for life in lives for notice in _one(self._start(connection, life))]
        if not notices:
            return
        self._write(connection, notices, self._wishes(connection, _bots(notices)))
        for notice in notices:
            _acknowledge(connection, notice.bot_id, notice.at, "the bot runs again")

    def _start(self, connection: Connection, life: RunningIncarnation) -> Notice | None:
        table = incarnations.c
        columns = (table.bot_id, table.id, table.generation, table.started_at, table.ended_at, table.cause)
        this = connection.execute(select(*columns).where(table.id == life.incarnation)).first()
        if this is None:
            return None
        before = select(*columns).where(table.bot_id == this.bot_id, table.id < life.incarnation)
        last = connection.execute(before.order_by(table.id.desc()).limit(1)).first()
        earlier = None if last is None else Earlier(last.cause, last.generation, last.ended_at)
        return notice_of_start(this.bot_id, life.incarnation, this.generation, life.running_at, earlier)

    def tell_of_statuses(
        self, connection: Connection, commands: Sequence[WriteStatus], answers: Sequence[object]
    ) -> None:
        """Bots that are off now: once for each life that had traded."""
        done = {answer.bot_id for answer in answers if isinstance(answer, StatusWritten) and answer.done}
        stops = [
            command for command in commands if command.bot_id in done and command.status in ("stopped", "disabled")
        ]
        notices = []
        for command in stops:
            _acknowledge(connection, command.bot_id, command.at, "the bot was switched off")
            table = incarnations.c
            newest = select(func.max(table.id)).where(table.bot_id == command.bot_id, table.running_at.is_not(None))
            life = connection.scalar(newest)
            if life is not None:
                marks = {str(key): value for key, value in command.metadata_set.items()}
                notices.append(notice_of_stop(command.bot_id, life, command.status or "", marks, command.at))
        if notices:
            self._write(connection, notices, self._wishes(connection, _bots(notices)))

    def tell(
        self, connection: Connection, notices: Sequence[Notice], known: Mapping[int, Wishes] | None = None
    ) -> None:
        """News of the service itself, or of bots whose wishes are `known`."""
        self._write(connection, notices, known or {})

    def committed(self) -> None:
        """The transaction is committed: if news was put in, somebody may send it."""
        if self._put:
            self._put = False
            self._desk.committed()

    def _wishes(self, connection: Connection, ids: set[int]) -> dict[int, Wishes]:
        columns: list[Any] = [trading_bots.c.id, cast(trading_bots.c.config, Text).label("config")]
        described = self._shape.has(trading_bots, "description")
        if described:
            columns.append(trading_bots.c.description)
        found = connection.execute(select(*columns).where(trading_bots.c.id.in_(ids)))
        return {row.id: self._desk.wishes(row.id, row.config, row.description if described else None) for row in found}

    def _write(self, connection: Connection, notices: Sequence[Notice], known: Mapping[int, Wishes]) -> None:
        """What anybody wants to hear of it. News that the database refuses is logged; the fact stays recorded."""
        rows = [_row(notice, known) for notice in notices if self._is_wanted(notice, known)]
        if not rows:
            return
        try:
            with connection.begin_nested():
                insert = self._shape.insert(outbox).on_conflict_do_nothing(index_elements=["key"])
                self._shape.write_many(connection, insert, rows)
        except Exception as error:
            if not is_poison(error):
                raise
            logger.error("the database refuses {} notices: {}", len(rows), message_of(error))
            return
        self._put = True

    def _is_wanted(self, notice: Notice, known: Mapping[int, Wishes]) -> bool:
        wishes = None if notice.bot_id is None else known.get(notice.bot_id)
        if notice.bot_id is not None and wishes is None:
            return False
        return notice.kind in self._desk.wanted(wishes)


def _acknowledge(connection: Connection, bot_id: int | None, at: datetime, by: str) -> None:
    """What was critical about a bot is over, and nobody needs to say so."""
    open_ones = outbox.c.repeats.is_(True) & outbox.c.acknowledged_at.is_(None)
    statement = update(outbox).where(open_ones, outbox.c.bot_id == bot_id, outbox.c.at <= at)
    connection.execute(statement.values(acknowledged_at=at, acknowledged_by=by))


def _one(notice: Notice | None) -> tuple[Notice, ...]:
    return () if notice is None else (notice,)


def _bots(notices: Iterable[Notice]) -> set[int]:
    return {notice.bot_id for notice in notices if notice.bot_id is not None}


def _row(notice: Notice, known: Mapping[int, Wishes]) -> dict[str, Any]:
    named = known[notice.bot_id].name if notice.bot_id is not None else notice.bot_name
    return {
        "key": notice.key[:_LONGEST_KEY],
        "bot_id": notice.bot_id,
        "bot_name": named,
        "kind": str(notice.kind),
        "topic": notice.topic[:64],
        "priority": str(notice.priority),
        "facts": dict(notice.facts),
        "at": notice.at,
        "repeats": notice.repeats,
    }
