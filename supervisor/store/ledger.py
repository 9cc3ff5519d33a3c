"""The ledger: journal entries become rows, each exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from loguru import logger
from sqlalchemy import Connection, select

from common.wire.facts import Entry
from supervisor.store.commands import RecordIncident
from supervisor.store.faults import is_locked, is_poison, message_of
from supervisor.store.folding import fold
from supervisor.store.incidents import record_incidents, storable
from supervisor.store.locking import seize
from supervisor.store.outbox import Outbox
from supervisor.store.projection import write_batch
from supervisor.store.shape import Shape
from supervisor.store.submissions import Gap, Submission, sift
from supervisor.store.tables import dead_letters, journals

_REFUSED = "EntryRefused"
_GAP = "JournalGap"


class Outcome(Enum):
    """What became of an entry. Once the transaction is committed, the first three may be acknowledged."""

    RECORDED = "recorded"
    ALREADY_KNOWN = "already known"
    DEAD_LETTER = "dead letter"
    DEFERRED = "deferred"
    """Not recorded, for another session has locked rows of the bot: to be tried again, before the bot's later ones."""
    POSTPONED = "postponed"
    """Not tried, for the wait for others' locks was long enough already; to be tried again like the deferred."""


@dataclass(frozen=True, slots=True)
class _Dead:
    index: int
    reason: str


_MOST_WAITS = 2
"""Locks that one call waits for: a lock on a whole table would else be waited for once for each bot."""
_Living = tuple[int, int, Entry]
"""Index of the submission, its bot, its entry."""


@dataclass(slots=True)
class _Tally:
    """What became of the entries that are new."""

    dead: list[_Dead] = field(default_factory=list)
    deferred: set[int] = field(default_factory=set)
    """Indexes of the submissions."""
    locked: set[int] = field(default_factory=set)
    """Bots."""
    waits: int = 0
    """Locks that were waited for in vain."""


class Ledger:
    """Records entries within the caller's transaction."""

    def __init__(self, shape: Shape, outbox: Outbox | None = None) -> None:
        self._shape = shape
        self._outbox = outbox

    def record(self, connection: Connection, submissions: Sequence[Submission], at: datetime) -> list[Outcome]:
        """Record what is new, skip what is known, keep what the database refuses as dead letters.

        Entries of one journal may come repeated and out of order within the call. Answers one outcome per
        submission. `at` is the wall time of the rows. Raises what SQLAlchemy raises when the database itself
        is in trouble; then nothing may be committed.
        """
        outcomes = [Outcome.ALREADY_KNOWN] * len(submissions)
        marks = self._marks(connection, {item.journal_id for item in submissions if item.journal_id})
        sifted = sift(submissions, marks)
        tally = self._apply_living(connection, submissions, sifted.fresh, at)
        _keep_order(submissions, tally)
        fresh = [index for index in sifted.fresh if index not in tally.deferred]
        for index in fresh:
            outcomes[index] = Outcome.RECORDED
        for letter in tally.dead:
            outcomes[letter.index] = Outcome.DEAD_LETTER
        for index in (*tally.deferred, *(twin for twin, first in sifted.twins.items() if first in tally.deferred)):
            locked = submissions[index].bot_id in tally.locked
            outcomes[index] = Outcome.DEFERRED if locked else Outcome.POSTPONED
        waiting = {(submissions[index].journal_id, submissions[index].seq) for index in tally.deferred}
        gaps = [gap for gap in sifted.gaps if (gap.journal_id, gap.found) not in waiting]
        incidents = [*gaps_as_incidents(gaps, at), *_refusals(submissions, tally.dead, at)]
        self._keep_letters(connection, submissions, tally.dead, at)
        record_incidents(connection, self._shape, incidents)
        self._tell(connection, submissions, outcomes, incidents, at)
        self._advance(connection, submissions, fresh, at)
        return outcomes

    def _tell(
        self,
        connection: Connection,
        submissions: Sequence[Submission],
        outcomes: Sequence[Outcome],
        incidents: Sequence[RecordIncident],
        at: datetime,
    ) -> None:
        if self._outbox is None:
            return
        recorded = [
            (item.bot_id, item.entry)
            for item, outcome in zip(submissions, outcomes, strict=True)
            if outcome is Outcome.RECORDED and item.entry is not None
        ]
        self._outbox.tell_of_entries(connection, recorded, at)
        self._outbox.tell_of_incidents(connection, incidents)

    def marks(self, connection: Connection, journal_ids: Iterable[str]) -> dict[str, int]:
        """High-water marks of the journals that are known."""
        return self._marks(connection, set(journal_ids))

    def _marks(self, connection: Connection, journal_ids: set[str]) -> dict[str, int]:
        query = select(journals.c.journal_id, journals.c.last_seq)
        rows = connection.execute(query.where(journals.c.journal_id.in_(journal_ids)))
        return {row.journal_id: row.last_seq for row in rows}

    def _apply_living(
        self, connection: Connection, submissions: Sequence[Submission], fresh: Sequence[int], at: datetime
    ) -> _Tally:
        rows = seize(connection, {submissions[index].bot_id for index in fresh})
        tally = _Tally(locked=set(rows.locked))
        living: list[_Living] = []
        for index in fresh:
            item = submissions[index]
            if item.bot_id in rows.locked:
                tally.deferred.add(index)
            elif item.entry is None:
                tally.dead.append(_Dead(index, item.problem))
            elif item.bot_id not in rows.free:
                tally.dead.append(_Dead(index, f"trading_bots has no row {item.bot_id}"))
            else:
                living.append((index, item.bot_id, item.entry))
        self._apply(connection, living, tally, at)
        return tally

    def _apply(self, connection: Connection, living: Sequence[_Living], tally: _Tally, at: datetime) -> None:
        """Write the entries; those that the database refuses are singled out by halving, those that meet a lock by bot.

        Nothing is written of a bot that has met a lock before, nor of any once enough locks were waited for.
        """
        enough = tally.waits >= _MOST_WAITS
        tally.deferred.update(index for index, bot_id, _ in living if enough or bot_id in tally.locked)
        living = [one for one in living if one[0] not in tally.deferred]
        if not living:
            return
        try:
            with connection.begin_nested():
                write_batch(connection, self._shape, fold((bot_id, entry) for _, bot_id, entry in living), at)
        except Exception as error:
            if is_locked(error):
                self._apply_by_bot(connection, living, tally, at)
            elif not is_poison(error):
                raise
            elif len(living) == 1:
                tally.dead.append(_Dead(living[0][0], storable(message_of(error))))
            else:
                half = len(living) // 2
                self._apply(connection, living[:half], tally, at)
                self._apply(connection, living[half:], tally, at)

    def _apply_by_bot(self, connection: Connection, living: Sequence[_Living], tally: _Tally, at: datetime) -> None:
        bots = dict.fromkeys(bot_id for _, bot_id, _ in living)
        if len(bots) == 1:
            tally.waits += 1
            tally.locked.update(bots)
            tally.deferred.update(index for index, _, _ in living)
            return
        for bot_id in bots:
            self._apply(connection, [one for one in living if one[1] == bot_id], tally, at)

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


def _keep_order(submissions: Sequence[Submission], tally: _Tally) -> None:
    """A dead letter that comes after a deferred entry of its journal waits too, or the mark would pass that entry."""
    first: dict[str, int] = {}
    for index in tally.deferred:
        item = submissions[index]
        if item.journal_id is not None and item.seq is not None:
            first[item.journal_id] = min(item.seq, first.get(item.journal_id, item.seq))
    if not first:
        return
    behind = {letter.index for letter in tally.dead if _is_behind(submissions[letter.index], first)}
    tally.dead = [letter for letter in tally.dead if letter.index not in behind]
    tally.deferred |= behind


def _is_behind(item: Submission, first: dict[str, int]) -> bool:
    return item.journal_id in first and item.seq is not None and item.seq > first[item.journal_id]


def gaps_as_incidents(gaps: Iterable[Gap], at: datetime) -> list[RecordIncident]:
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
