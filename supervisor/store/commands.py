"""What the control thread asks the recorder to write.

Commands are written in the order they were submitted. While the database is away they are merged where only
the newest matters (heartbeats, supervision, statuses per bot), so that the queue stays bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from common.error_class import ErrorClass
from common.recovery import Outcome, RecoveryStrategy
from supervisor.store.supervision import Supervision


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStatus:
    """Compare-and-set of a bot's status, with what goes along with it; answered by `StatusWritten`.

    Nothing of it is written when the row's status is not `expected` any more. While the database is away a
    second command of the same bot is merged into the first (the first `expected`, the last `status`) and
    only the merged one is answered.
    """

    bot_id: int
    expected: str | None
    """Status the row must still have; None writes whatever it has."""
    status: str | None
    """New status; None leaves it (metadata and error only)."""
    at: datetime
    """When it happened (aware UTC); becomes updated_at and last_error_time."""
    started_at: datetime | None = None
    """Written only together with status `running`."""
    error: str | None = None
    """Becomes extra_metadata.last_error with last_error_time; see `count_error`."""
    count_error: int = 1
    """How much `error` adds to error_count."""
    reset_errors: bool = False
    """Set error_count to 0 (a start that went well)."""
    metadata_set: Mapping[str, Any] = field(default_factory=dict)
    """Keys of extra_metadata to set; the others stay as they are."""
    metadata_remove: tuple[str, ...] = ()
    generation: str | None = None
    """Generation of the row's config as this was written; becomes bot_supervision.observed_generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteWish:
    """An operator's wish that came by another way than the database, put into the status column as if by hand.

    Answered by `WishWritten`; not written when the row's status is not `expected` any more.
    """

    bot_id: int
    expected: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A bot's newest sign of life."""

    bot_id: int
    at: datetime
    """Wall time of the heartbeat, aware UTC."""
    tick_at: datetime | None = None
    """When the trading loop last made progress; None leaves bot_states.last_tick_at at `at`."""


@dataclass(frozen=True, slots=True)
class WriteHeartbeats:
    """Newest heartbeats, one per bot; older ones still queued are forgotten."""

    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncarnation:
    """A life was started."""

    incarnation: int
    bot_id: int
    generation: str
    host: str
    pid: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningIncarnation:
    """A life reported that it trades."""

    incarnation: int
    running_at: datetime
    pid: int | None = None
    """Written when it was not known at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncarnation:
    """A life ended."""

    incarnation: int
    ended_at: datetime
    exit_code: int | None = None
    exit_signal: int | None = None
    cause: str = "unknown"
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIncident:
    """Something an operator should read, seen by the supervisor itself. Known keys are not written twice."""

    key: str
    bot_id: int | None
    incarnation: int | None = None
    severity: Literal["info", "warning", "error", "critical"]
    error_class: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    at: datetime
    category: ErrorClass | None = None
    """None for what is no error."""
    output_file: Path | None = None
    """File with the life's last output (stacks, tracebacks); its end is read when this is written."""
    completes: bool = False
    """An incident of this key tells the beginning; message and details are replaced. Without one it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRecovery:
    """Something is done about an error. A known key gets its end, once; the rest stays as it was written first."""

    key: str
    bot_id: int | None
    incarnation: int | None = None
    """The life that failed."""
    category: ErrorClass
    strategy: RecoveryStrategy
    attempt: int = 1
    """Number of this try in a row of them, from 1."""
    detail: str | None = None
    began_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome = Outcome.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRecoveries:
    """What is pending for a bot has come to its end; nothing happens where nothing is."""

    bot_id: int
    strategies: tuple[RecoveryStrategy, ...]
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class WriteSupervision:
    """The supervisor's memory of one bot, whole."""

    supervision: Supervision


@dataclass(frozen=True, slots=True)
class ReserveIncarnations:
    """Ask for `count` more incarnation numbers; answered by `IncarnationsReserved`."""

    count: int


@dataclass(frozen=True, slots=True)
class RefreshBots:
    """Read the bots' rows now. With `whole` the answer is the whole picture (`BotsRead.first`), else changes only."""

    whole: bool = False


Command = (
    WriteStatus
    | WriteWish
    | WriteHeartbeats
    | OpenIncarnation
    | RunningIncarnation
    | CloseIncarnation
    | RecordIncident
    | RecordRecovery
    | EndRecoveries
    | WriteSupervision
    | ReserveIncarnations
    | RefreshBots
)
