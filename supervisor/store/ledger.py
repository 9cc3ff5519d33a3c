"""The ledger: journal entries become rows, each exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loguru import logger
from sqlalchemy import Connection, select

from common.wire.facts import Entry
from supervisor.store.commands import RecordIncident
from supervisor.store.faults import is_poison, message_of
from supervisor.store.folding import fold
from supervisor.store.incidents import record_incidents, storable
from supervisor.store.projection import write_batch
from supervisor.store.shape import Shape
from supervisor.store.tables import dead_letters, journals, trading_bots

_REFUSED = "EntryRefused"
_GAP = "JournalGap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A journal entry as it came in."""

    bot_id: int
    incarnation: int
    """The life that sent it."""
    payload: bytes
    journal_id: str | None
    """None when the payload does not even tell that."""
    seq: int | None
    entry: Entry | None
    """None when the payload cannot be read; `problem` says why."""
    problem: str = ""


class Outcome(Enum):
    """What became of an entry. All three may be acknowledged once the transaction is committed."""

    RECORDED = "recorded"
    ALREADY_KNOWN = "already known"
    DEAD_LETTER = "dead letter"


@dataclass(frozen=True, slots=True)
class _Dead:
    index: int
    reason: str


class Ledger:
    """Records entries within the caller's transaction."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def record(self, connection: Connection, submissions: Sequence[Submission], at: datetime) -> list[Outcome]:
        """Record what is new, skip what is known, keep what the database refuses as dead letters.

        Entries of one journal may come repeated and out of order within the call. Answers one outcome per
        submission. `at` is the wall time of the rows. Raises what SQLAlchemy raises when the database itself
        is in trouble; then nothing may be committed.
        """
        outcomes = [Outcome.ALREADY_KNOWN] * len(submissions)
        marks = self._marks(connection, {item.journal_id for item in submissions if item.journal_id})
        fresh, gaps = _fresh(submissions, marks)
        dead = self._apply_living(connection, submissions, fresh, at)
        for index in fresh:
            outcomes[index] = Outcome.RECORDED
        for letter in dead:
            outcomes[letter.index] = Outcome.DEAD_LETTER
        self._keep_letters(connection, submissions, dead, at)
        record_incidents(connection, self._shape, [*gaps_as_incidents(gaps, at), *_refusals(submissions, dead, at)])
        self._advance(connection, submissions, fresh, at)
        return outcomes

    def marks(self, connection: Connection, journal_ids: Iterable[str]) -> dict[str, int]:
        """High-water marks of the journals that are known."""
        return self._marks(connection, set(journal_ids))

    def _marks(self, connection: Connection, journal_ids: set[str]) -> dict[str, int]:
        query = select(journals.c.journal_id, journals.c.last_seq)
        rows = connection.execute(query.where(journals.c.journal_id.in_(journal_ids)))
        return {row.journal_id: row.last_seq for row in rows}

    def _apply_living(
        self, connection: Connection, submissions: Sequence[Submission], fresh: Sequence[int], at: datetime
    ) -> list[_Dead]:
        ids = {submissions[index].bot_id for index in fresh}
        alive = set(connection.scalars(select(trading_bots.c.id).where(trading_bots.c.id.in_(ids))))
        dead, living = [], []
        for index in fresh:
            item = submissions[index]
            if item.entry is None:
                dead.append(_Dead(index, item.problem))
            elif item.bot_id not in alive:
                dead.append(_Dead(index, f"trading_bots has no row {item.bot_id}"))
            else:
                living.append((index, item.bot_id, item.entry))
        return dead + self._apply(connection, living, at)

    def _apply(self, connection: Connection, living: list[tuple[int, int, Entry]], at: datetime) -> list[_Dead]:
        """Write the entries; those that the database refuses are singled out by halving."""
        if not living:
            return []
        try:
            with connection.begin_nested():
                write_batch(connection, self._shape, fold((bot_id, entry) for _, bot_id, entry in living), at)
        except Exception as error:
            if not is_poison(error):
                raise
            if len(living) == 1:
                return [_Dead(living[0][0], storable(message_of(error)))]
            half = len(living) // 2
            return self._apply(connection, living[:half], at) + self._apply(connection, living[half:], at)
        return []

    def _keep_letters(
        self, connection: Connection, submissions: Sequence[Submission], dead: Sequence[_Dead], at: datetime
    ) -> None:
        rows = []
        for letter in dead:
            item = submissions[letter.index]
            logger.bind(bot_id=item.bot_id, incarnation=item.incarnation).error(
                "entry {} of journal {} went to dead_letters: {}", item.seq, item.journal_id, letter.reason
            )
            rows.append(
                {
                    "key": _letter_key(item),
                    "bot_id": item.bot_id,
                    "incarnation": item.incarnation,
                    "journal_id": item.journal_id,
                    "seq": item.seq,
                    "reason": letter.reason,
                    "payload": item.payload,
                    "at": at,
                }
            )
        if rows:
            letters = self._shape.insert(dead_letters).on_conflict_do_nothing(index_elements=["key"])
            self._shape.write_many(connection, letters, rows)

    def _advance(
        self, connection: Connection, submissions: Sequence[Submission], fresh: Sequence[int], at: datetime
    ) -> None:
        rows: dict[str, dict[str, object]] = {}
        for index in fresh:
            item = submissions[index]
            if item.journal_id is not None:
                rows[item.journal_id] = {
                    "journal_id": item.journal_id,
                    "bot_id": item.bot_id,
                    "last_seq": item.seq,
                    "updated_at": at,
                }
        if rows:
            insert = self._shape.insert(journals)
            changes = {name: insert.excluded[name] for name in ("bot_id", "last_seq", "updated_at")}
            statement = insert.on_conflict_do_update(index_elements=["journal_id"], set_=changes)
            self._shape.write_many(connection, statement, list(rows.values()))


@dataclass(frozen=True, slots=True)
class _Gap:
    bot_id: int
    journal_id: str
    after: int
    found: int


def _fresh(submissions: Sequence[Submission], marks: dict[str, int]) -> tuple[list[int], list[_Gap]]:
    """Indexes of the entries to record, each journal's in order; and where a journal's numbers jump."""
    by_journal: dict[str, dict[int, int]] = {}
    fresh, gaps = [], []
    for index, item in enumerate(submissions):
        if item.journal_id is None or item.seq is None:
            fresh.append(index)
        elif item.seq > marks.get(item.journal_id, -1):
            by_journal.setdefault(item.journal_id, {}).setdefault(item.seq, index)
    for journal_id, entries in by_journal.items():
        last = marks.get(journal_id, 0)
        for seq in sorted(entries):
            if seq > last + 1:
                gaps.append(_Gap(submissions[entries[seq]].bot_id, journal_id, last, seq))
            fresh.append(entries[seq])
            last = seq
    return fresh, gaps


def gaps_as_incidents(gaps: Iterable[_Gap], at: datetime) -> list[RecordIncident]:
    """Entries that never came: a journal was cut, or the database is older than the journal."""
    incidents = []
    for gap in gaps:
        message = (
            f"journal {gap.journal_id} goes on with entry {gap.found} after {gap.after}: the entries between are not "
            "in this database (a restored backup, or a journal cut short)"
        )
        logger.bind(bot_id=gap.bot_id).warning(message)
        incidents.append(
            RecordIncident(
                key=f"{gap.bot_id}/gap/{gap.journal_id}/{gap.found}",
                bot_id=gap.bot_id,
                severity="warning",
                error_class=_GAP,
                message=message,
                details={"after": gap.after, "found": gap.found},
                at=at,
            )
        )
    return incidents


def _refusals(submissions: Sequence[Submission], dead: Iterable[_Dead], at: datetime) -> list[RecordIncident]:
    return [
        RecordIncident(
            key=f"{submissions[letter.index].bot_id}/dead/{_letter_key(submissions[letter.index])}",
            bot_id=submissions[letter.index].bot_id,
            incarnation=submissions[letter.index].incarnation,
            severity="error",
            error_class=_REFUSED,
            message=f"a journal entry could not be recorded and is kept in dead_letters: {letter.reason}",
            details={"journal_id": submissions[letter.index].journal_id, "seq": submissions[letter.index].seq},
            at=at,
        )
        for letter in dead
    ]


def _letter_key(item: Submission) -> str:
    if item.journal_id is not None:
        return f"{item.journal_id}/{item.seq}"
    return hashlib.sha256(item.payload).hexdigest()
