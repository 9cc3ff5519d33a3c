"""What the recorder tells the control thread, in the order it happened."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import BotvisorError
from common.wire.facts import AnyFact, Checkpoint
from supervisor.store.bots import BotRow
from supervisor.store.secrets import Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseReady:
    """The database is open, its schema current, and it is ours. Sent once, before the first `BotsRead`."""

    database_uuid: str
    dialect: str
    """`sqlite` or `postgresql`."""
    incarnation_block: range
    """Incarnation numbers reserved for this supervisor."""
    crashed_claim: bool
    """The supervisor before us did not release the database: it crashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotsRead:
    """Rows of `trading_bots`: all of them when `first`, else those that somebody else changed or added."""

    rows: tuple[BotRow, ...]
    removed: tuple[int, ...] = ()
    """Ids of rows that are gone."""
    first: bool
    secrets: Secrets | None = None
    """Stored credentials, all of them; None when they are as they were told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Entries of one journal that are committed (or were already): acknowledge them to the sender."""

    bot_id: int
    incarnation: int
    """The life that sent them."""
    journal_id: str
    up_to_seq: int
    """Everything up to and including this one is committed."""
    checkpoint: Checkpoint | None
    """Newest checkpoint among the entries recorded now."""
    facts: tuple[AnyFact, ...]
    """Trades opened and closed, denials, incidents and the end of a feed, recorded now, in order."""
    dead_letters: int = 0
    """How many of the entries the database refused; they are kept in `dead_letters`."""


@dataclass(frozen=True, slots=True)
class EntriesRecorded:
    """One COMMIT of the ledger."""

    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWritten:
    """Answer to `WriteStatus`."""

    bot_id: int
    status: str | None
    """The status that was asked for."""
    done: bool
    """False: the row had another status than expected, or is gone; nothing was written."""
    found: str | None
    """The row's status before the write; None when the row is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WishWritten:
    """Answer to `WriteWish`."""

    bot_id: int
    status: str
    done: bool
    found: str | None
    """The row's status before the write; None when the row is gone."""


@dataclass(frozen=True, slots=True)
class IncarnationsReserved:
    """Answer to `ReserveIncarnations`."""

    block: range


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAway:
    """The database cannot be reached; sent at each failed try."""

    reason: str
    retry_in: float
    """Seconds until the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseBack:
    """The database answers again."""

    away_for: float
    """Seconds it was away."""


@dataclass(frozen=True, slots=True)
class DatabaseRefused:
    """Trying again is no use; the recorder has ended. The error says what a person has to mend."""

    error: BotvisorError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStopped:
    """The recorder has ended as asked."""

    flushed: bool
    """Whether everything submitted was written."""
    left: int
    """How many submissions were not written; entries among them stay in the workers' journals."""


Event = (
    DatabaseReady
    | BotsRead
    | EntriesRecorded
    | StatusWritten
    | WishWritten
    | IncarnationsReserved
    | DatabaseAway
    | DatabaseBack
    | DatabaseRefused
    | RecorderStopped
)
