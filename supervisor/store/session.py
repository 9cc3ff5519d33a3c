"""An open database that is ours, from one loss of connection to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, QueuePool

from common.crash_points import reach
from common.errors import ConfigurationError
from supervisor.notify.service_news import service_started, service_stopped
from supervisor.store.bots import complete, read_raw
from supervisor.store.claims import Claimant, Liveness, claim, release, require_held
from supervisor.store.commands import Command
from supervisor.store.delivery import deliveries
from supervisor.store.engine import reading, writing
from supervisor.store.events import BotsRead, DatabaseReady, Delivery
from supervisor.store.faults import translated
from supervisor.store.ledger import Ledger, Outcome
from supervisor.store.locking import wait_briefly
from supervisor.store.meta import read_uuid, require_uuid, reserve_incarnations
from supervisor.store.outbox import NewsDesk, Outbox
from supervisor.store.picture import Picture
from supervisor.store.schema import is_current, upgrade
from supervisor.store.secrets import Keys, opened, read_sealed
from supervisor.store.shape import Shape, read_shape
from supervisor.store.submissions import Submission
from supervisor.store.watch import Watch, open_watch
from supervisor.store.writing import Written, carry_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms the database is taken."""

    claimant: Claimant
    is_alive: Liveness
    upgrade: bool
    takeover: bool
    expected_uuid: str | None
    incarnation_block: int
    desk: NewsDesk | None = None


def take_database(engine: Engine, terms: Terms, at: datetime) -> DatabaseReady:
    """Check, upgrade and claim the database, once per run.

    Raises ConfigurationError when it is not ours to have, TransientError when it is away.
    """
    with reading(engine) as connection:
        require_uuid(read_uuid(connection), terms.expected_uuid)
    if terms.upgrade:
        upgrade(engine)
    elif not is_current(engine):
        raise ConfigurationError("the database's schema is not up to date; run `botctl db upgrade`")
    with writing(engine) as connection:
        crashed = claim(connection, terms.claimant, terms.is_alive, at, takeover=terms.takeover)
        if terms.desk is not None:
            outbox = Outbox(read_shape(connection), terms.desk)
            outbox.tell(connection, [service_started(terms.claimant.host, at, crashed=crashed)])
        block = reserve_incarnations(connection, terms.incarnation_block)
        uuid = read_uuid(connection)
    if terms.desk is not None:
        terms.desk.database_taken()
    if uuid is None:
        raise ConfigurationError("the database has lost its uuid in botvisor_meta; restore it from a backup")
    return DatabaseReady(
        database_uuid=uuid, dialect=engine.dialect.name, incarnation_block=block, crashed_claim=crashed
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch of entries."""

    deliveries: tuple[Delivery, ...]
    deferred: tuple[Submission, ...]
    """Not written; those of `locked` because another session has locked rows of their bots."""
    locked: frozenset[int]
    """Bots."""


class Session:
    """The writer's connection and what is known of the database while it lasts."""

    def __init__(
        self, writer: Connection, shape: Shape, watch: Watch, claimant: Claimant, desk: NewsDesk | None
    ) -> None:
        self._writer = writer
        self._shape = shape
        self.watch = watch
        self._claimant = claimant
        self._outbox = None if desk is None else Outbox(shape, desk)
        self._ledger = Ledger(shape, self._outbox)

    @classmethod
    def open(cls, engine: Engine, claimant: Claimant, uuid: str, desk: NewsDesk | None = None) -> Session:
        """Connect to a database taken before.

        Raises ConfigurationError when it is another one now or somebody took it over, TransientError when it is away.
        """
        with translated():
            writer = engine.connect()
        try:
            with reading(writer):
                require_uuid(read_uuid(writer), uuid)
                require_held(writer, claimant)
                shape = read_shape(writer)
            with translated():
                wait_briefly(writer)
                watch = open_watch(engine, writer)
        except BaseException:
            writer.invalidate()
            writer.close()
            raise
        return cls(writer, shape, watch, claimant, desk)

    def write(self, commands: Sequence[Command], at: datetime, *, repeated: bool) -> Written:
        """Carry out commands in one transaction; it is committed when this returns.

        Raises TransientError; RowsLocked when a lock, and no bot's in particular, is in the way of all; ClaimLost
        when another supervisor took the database over: what was decided without knowing that is not written.
        """
        with writing(self._writer) as connection:
            require_held(connection, self._claimant)
            written = carry_out(connection, self._shape, commands, at, repeated=repeated, outbox=self._outbox)
            reach("commands.before_commit")
        self._committed()
        reach("commands.after_commit")
        return written

    def record(self, submissions: Sequence[Submission], at: datetime, *, repeated: bool) -> Recorded:
        """Record entries in one transaction; it is committed when this returns. Raises as `write`."""
        journal_ids = {item.journal_id for item in submissions if item.journal_id is not None}
        reach("ledger.before_transaction")
        with writing(self._writer) as connection:
            outcomes = self._ledger.record(connection, submissions, at)
            marks = self._ledger.marks(connection, journal_ids)
            reach("ledger.before_commit")
        self._committed()
        reach("ledger.after_commit")
        paired = list(zip(submissions, outcomes, strict=True))
        deferred = tuple(item for item, outcome in paired if outcome in (Outcome.DEFERRED, Outcome.POSTPONED))
        locked = frozenset(item.bot_id for item, outcome in paired if outcome is Outcome.DEFERRED)
        return Recorded(deliveries(submissions, outcomes, marks, repeated=repeated), deferred, locked)

    def read_bots(self, picture: Picture, keys: Keys, *, whole: bool) -> BotsRead | None:
        """What others changed since the last look, or everything; None when there is nothing to tell.

        Stored credentials are opened with `keys` when they changed; one that cannot be opened says so itself.

        Raises TransientError, and ConfigurationError when another supervisor took the database over.
        """
        with reading(self._writer) as connection:
            require_held(connection, self._claimant)
            found = read_raw(connection, self._shape)
            difference = picture.compare(found)
            told = list(found.values()) if whole else difference.changed
            sealed = read_sealed(connection)
            secrets = opened(sealed, keys) if whole or sealed != picture.sealed else None
            if secrets is None and not told and not difference.removed:
                return None
            rows = complete(connection, self._shape, told)
        picture.learn(found)
        picture.sealed = sealed
        return BotsRead(rows=rows, removed=() if whole else difference.removed, first=whole, secrets=secrets)

    def connections(self) -> int:
        """Connections of the pool that are in use."""
        pool = self._writer.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 1

    def release(self, at: datetime) -> None:
        """Give the claim back. Raises TransientError."""
        with writing(self._writer) as connection:
            release(connection, self._claimant, at)
            if self._outbox is not None:
                self._outbox.tell(connection, [service_stopped(self._claimant.host, at)])
        self._committed()

    def _committed(self) -> None:
        if self._outbox is not None:
            self._outbox.committed()

    def close(self) -> None:
        """Give up the connections, whatever state they are in."""
        with translated():
            self.watch.close()
            self._writer.invalidate()
            self._writer.close()
