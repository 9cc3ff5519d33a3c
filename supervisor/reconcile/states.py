"""Desired and observed state of bots: frozen values and the transitions that are allowed between them.

Times are monotonic seconds of the supervisor's clock. Values evolve by methods that return a new value;
a transition that the tables do not list is a broken expectation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from types import MappingProxyType

from common.errors import BotvisorError
from common.recovery import CircuitBreaker


class BrokenTransition(BotvisorError):
    """A life was asked to take a step that its transition table does not list."""


class LifePhase(StrEnum):
    """What a worker says of itself; warming up is still STARTING."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


LIFE_TRANSITIONS: Mapping[LifePhase, frozenset[LifePhase]] = MappingProxyType(
    {
        LifePhase.STARTING: frozenset({LifePhase.RUNNING, LifePhase.STOPPING}),
        LifePhase.RUNNING: frozenset({LifePhase.STOPPING}),
        LifePhase.STOPPING: frozenset(),
    }
)
"""From each phase a life may also end, at any time; then there is no worker any more."""


class Rung(IntEnum):
    """Rungs of the stop ladder, in the order in which they are climbed."""

    DRAIN = 1
    TERMINATE = 2
    ABORT = 3
    KILL = 4


RUNG_TRANSITIONS: Mapping[Rung | None, frozenset[Rung]] = MappingProxyType(
    {
        None: frozenset(Rung),
        Rung.DRAIN: frozenset({Rung.TERMINATE, Rung.ABORT, Rung.KILL}),
        Rung.TERMINATE: frozenset({Rung.ABORT, Rung.KILL}),
        Rung.ABORT: frozenset({Rung.KILL}),
        Rung.KILL: frozenset({Rung.KILL}),
    }
)
"""The ladder is only climbed; a kill may be repeated, for a signal can be lost on the way to a process."""


class StopReason(StrEnum):
    """Why a life is being ended; fixed when the first rung is taken."""

    OFF = "off"
    """The bot must not run any more."""
    GENERATION = "generation"
    """A newer generation of the config is to run."""
    RESTART = "restart"
    """An operator asked for a restart."""
    SERVICE = "service"
    """The whole service stops."""
    SILENT = "silent"
    """No word from the worker for too long."""
    HUNG = "hung"
    """The worker speaks, but its trading loop does not move."""
    START_TIMEOUT = "start_timeout"
    """It did not get to trading in time."""
    OVERDUE = "overdue"
    """It began to leave on its own, or had only to settle, and does not come to an end."""
    MEMORY = "memory"
    """It uses more memory than it may."""
    UNHEALTHY = "unhealthy"
    """It failed several thorough checks in a row."""

    @property
    def by_watchdog(self) -> bool:
        """True when the life is ended for its own fault; such a stop counts as a failure."""
        return self in _WATCHDOG_REASONS


AILMENTS = frozenset({StopReason.MEMORY, StopReason.UNHEALTHY})
"""Faults of a life that can still be asked to end; doing so gracefully does not make it less of a fault."""

_WATCHDOG_REASONS = AILMENTS | {StopReason.SILENT, StopReason.HUNG, StopReason.START_TIMEOUT, StopReason.OVERDUE}


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLadder:
    """How far the stopping of a life has gone."""

    rung: Rung
    since: float
    """When this rung was taken."""
    reason: StopReason
    apply_on_stop: bool = False
    """The drain that began it told the worker to apply the bot's stop policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWorker:
    """One life as observed: from the moment it is asked for until it is proved gone."""

    incarnation: int
    generation: str
    phase: LifePhase
    started_at: float
    phase_since: float
    running_since: float | None = None
    """When it first was RUNNING; kept while it is STOPPING."""
    last_heard_at: float
    """Last message of any kind; the start counts as one."""
    last_progress_at: float
    """When the trading loop last completed a round, as its heartbeats tell."""
    recorded_progress: bool = False
    """This life has delivered something: a kill from outside is then no sign of a bad start."""
    stop: StopLadder | None = None
    paused: bool = False
    """What it was last told, by its ticket or by Pause; not what it made of that itself."""
    adopted: bool = False
    """Born under an earlier supervisor."""
    settle: bool = False
    """Lives only to apply the stop policy of a bot that is off."""
    condemned: StopReason | None = None
    """One of AILMENTS, once the watchdog has found that the life must be replaced."""

    def entered(self, phase: LifePhase, at: float) -> LiveWorker:
        """The same life in `phase` since `at`; hearing the present phase again changes nothing.

        Raises BrokenTransition for a step that LIFE_TRANSITIONS does not list.
        """
        if phase is self.phase:
            return self
        if phase not in LIFE_TRANSITIONS[self.phase]:
            raise BrokenTransition(
                f"life {self.incarnation} cannot go from {self.phase} to {phase};"
                f" allowed: {sorted(LIFE_TRANSITIONS[self.phase]) or 'nothing but its end'}"
            )
        running_since = at if phase is LifePhase.RUNNING else self.running_since
        progress = max(self.last_progress_at, at) if phase is LifePhase.RUNNING else self.last_progress_at
        return replace(self, phase=phase, phase_since=at, running_since=running_since, last_progress_at=progress)

    def climbed(self, rung: Rung, at: float, reason: StopReason, *, apply_on_stop: bool = False) -> LiveWorker:
        """The same life on `rung` of its stop ladder since `at`; the first rung's reason and policy stay.

        Raises BrokenTransition for a step that RUNG_TRANSITIONS does not list.
        """
        held = self.stop.rung if self.stop else None
        if rung not in RUNG_TRANSITIONS[held]:
            raise BrokenTransition(
                f"the stop of life {self.incarnation} cannot go from {held!r} to {rung!r}; the ladder is only climbed"
            )
        if self.stop is not None:
            return replace(self, stop=replace(self.stop, rung=rung, since=at))
        return replace(self, stop=StopLadder(rung=rung, since=at, reason=reason, apply_on_stop=apply_on_stop))

    def heard(self, at: float, progress_at: float | None = None) -> LiveWorker:
        """The same life after a message at `at`; `progress_at` is when its trading loop last moved, if told."""
        progress = self.last_progress_at if progress_at is None else max(self.last_progress_at, progress_at)
        return replace(self, last_heard_at=max(self.last_heard_at, at), last_progress_at=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartHistory:
    """What earlier lives of a bot say about starting the next one; folded by `restarts.after_exit`.

    It speaks of one generation only: a newer one begins with a clean sheet.
    """

    generation: str | None = None
    """Generation of the life that ended last; None before the first end."""
    failures: int = 0
    """Consecutive failures; this is the bot's error count."""
    fruitless: int = 0
    """Lives in a row that ended without fault and without ever RUNNING; they count for backoff only."""
    kills: tuple[float, ...] = ()
    """When lives that had recorded progress were killed from outside, within the kill window."""
    next_start_at: float | None = None
    """Earliest time of the next life of this generation; None = at once."""
    verdict: str | None = None
    """Why this generation shall be quarantined; None = it may run."""
    finished: bool = False
    """The feed came to its end: there is nothing more to run."""
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    """Of failures that are nobody's fault here: the network's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredBot:
    """What one bot shall do."""

    bot_id: int
    on: bool
    generation: str | None = None
    """The newest generation that is valid and whose spec is at hand; None = there is none."""
    paused: bool = False
    restart_token: int | None = None
    """Lives with this incarnation or an older one are to be replaced; see `desire.heed`."""
    priority: int = 0
    """Greater starts earlier; bots to be resumed after a crash come first."""
    apply_on_stop: bool = True
    """When it is off: the bot was stopped for good, so its stop policy is applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedBot:
    """What is known of one bot."""

    bot_id: int
    worker: LiveWorker | None = None
    history: RestartHistory = field(default_factory=RestartHistory)
    quarantined_generation: str | None = None
    unsettled: bool = False
    """The last life ended without applying the stop policy; see `restarts.unsettled_after`."""
    refused: bool = False
    """The bot limit's refusal has been reported; cleared when the bot starts or is no longer wished for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits of supervision; durations in seconds."""

    heartbeat_interval: float = 5.0
    misses: int = 3
    start_timeout: float = 60.0
    drain_grace: float = 20.0
    settle_grace: float = 40.0
    """As `drain_grace`, for a life that carries out its bot's stop policy, as long as it moves on."""
    term_grace: float = 5.0
    abort_grace: float = 2.0
    restart_limit: int = 3
    """Consecutive failures that quarantine."""
    stable_after: float = 600.0
    """Time of RUNNING after which earlier failures are forgotten."""
    kill_limit: int = 100
    """Kills from outside within `kill_window` that quarantine."""
    kill_window: float = 600.0
    backoff_base: float = 1.0
    backoff_cap: float = 60.0
    max_bots: int | None = None
    """Largest number of lives at a time; None = no limit."""
    settle: bool = True
    """A bot that is off and unsettled gets one last life for its stop policy."""

    @property
    def silence_limit(self) -> float:
        """Seconds without a word or without progress after which a RUNNING life is taken for lost."""
        return self.heartbeat_interval * self.misses

    def grace_of(self, rung: Rung) -> float:
        """Seconds that a life is given on `rung` before the next one; a kill is repeated after the abort grace."""
        return {Rung.DRAIN: self.drain_grace, Rung.TERMINATE: self.term_grace}.get(rung, self.abort_grace)
