"""The history of recoveries: what was done about each error, and whether it helped.

Belongs to the control loop. Every recovery begins as pending; a restart has helped when the next life trades,
an alert when the bot trades again, the queue when the database is back.
"""

from __future__ import annotations

from datetime import datetime

from common.clock import Clock
from common.error_class import ErrorClass
from common.recovery import RECOVERY, Circuit, Outcome, RecoveryStrategy
from supervisor.reconcile.states import RestartHistory
from supervisor.store.commands import EndRecoveries, RecordRecovery
from supervisor.store.recorder import Recorder

_RESTARTS = (
    RecoveryStrategy.RESTART,
    RecoveryStrategy.BACKOFF,
    RecoveryStrategy.RETRY,
    RecoveryStrategy.CIRCUIT_BREAKER,
)


class Recoveries:
    """The pen for recoveries."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock
        self._classes: dict[int, ErrorClass] = {}
        """Class of each bot's last failure, until it trades again."""
        self._outage: RecordRecovery | None = None

    def class_of(self, bot_id: int) -> ErrorClass:
        """The class of the bot's last failure."""
        return self._classes.get(bot_id, ErrorClass.SYSTEM)

    def life_failed(
        self,
        bot_id: int,
        incarnation: int,
        category: ErrorClass,
        detail: str | None,
        history: RestartHistory,
        *,
        restarts: bool,
    ) -> None:
        """A life ended in an error; `history` is that after it. Without `restarts` nobody wants another life."""
        self._classes[bot_id] = category
        self._end(bot_id, _RESTARTS, Outcome.FAILED)
        if not restarts or history.verdict is not None:
            return
        self._recorder.submit(
            RecordRecovery(
                key=f"restart:{incarnation}",
                bot_id=bot_id,
                incarnation=incarnation,
                category=category,
                strategy=self._way(category, history),
                attempt=max(1, history.failures + len(history.kills) + history.fruitless),
                detail=detail,
                began_at=self._clock.now(),
            )
        )

    def life_running(self, bot_id: int, *, mended: bool) -> None:
        """A life trades. With `mended` it trades by the bot's present config, so that alerts are answered too."""
        self._classes.pop(bot_id, None)
        self._end(bot_id, (*_RESTARTS, RecoveryStrategy.ALERT) if mended else _RESTARTS, Outcome.SUCCEEDED)

    def given_up(self, bot_id: int, incarnation: int | None, reason: str) -> None:
        """A bot is quarantined: the others go on without it, and a person must act."""
        key, category, at = f"quarantine:{bot_id}:{incarnation}", self.class_of(bot_id), self._clock.now()
        if RecoveryStrategy.FALLBACK in RECOVERY[category]:
            self._recorder.submit(
                RecordRecovery(
                    key=f"fallback:{key}",
                    bot_id=bot_id,
                    incarnation=incarnation,
                    category=category,
                    strategy=RecoveryStrategy.FALLBACK,
                    detail=reason,
                    began_at=at,
                    ended_at=at,
                    outcome=Outcome.SUCCEEDED,
                )
            )
        self._alert(key, bot_id, incarnation, category, reason)

    def asked_to_end(self, bot_id: int, incarnation: int, reason: str) -> None:
        """A life that ails may end in order: it is replaced before it does harm."""
        self._recorder.submit(
            RecordRecovery(
                key=f"graceful-stop:{incarnation}",
                bot_id=bot_id,
                incarnation=incarnation,
                category=ErrorClass.SYSTEM,
                strategy=RecoveryStrategy.GRACEFUL_STOP,
                detail=reason,
                began_at=self._clock.now(),
            )
        )

    def has_ended(self, bot_id: int, *, in_order: bool) -> None:
        """A life that was asked to end for its ailment is gone."""
        self._end(bot_id, (RecoveryStrategy.GRACEFUL_STOP,), Outcome.SUCCEEDED if in_order else Outcome.FAILED)

    def config_refused(self, bot_id: int, generation: str | None, error: str) -> None:
        """A config cannot run: a person must mend it."""
        self._alert(f"config:{bot_id}:{generation}", bot_id, None, ErrorClass.CONFIGURATION, error)

    def database_away(self, reason: str) -> datetime | None:
        """Writes queue up from now on; when that began, None when it was known."""
        if self._outage is not None:
            return None
        at = self._clock.now()
        self._outage = RecordRecovery(
            key=f"database:{at.isoformat()}",
            bot_id=None,
            category=ErrorClass.DATABASE,
            strategy=RecoveryStrategy.QUEUE,
            detail=reason,
            began_at=at,
        )
        self._recorder.submit(self._outage)
        return at

    def database_back(self) -> None:
        """What has queued up is written."""
        outage, self._outage = self._outage, None
        if outage is not None:
            self._recorder.submit(
                RecordRecovery(
                    key=outage.key,
                    bot_id=None,
                    category=outage.category,
                    strategy=outage.strategy,
                    detail=outage.detail,
                    began_at=outage.began_at,
                    ended_at=self._clock.now(),
                    outcome=Outcome.SUCCEEDED,
                )
            )

    def _way(self, category: ErrorClass, history: RestartHistory) -> RecoveryStrategy:
        if history.breaker.state(self._clock.monotonic()) is Circuit.OPEN:
            return RecoveryStrategy.CIRCUIT_BREAKER
        if category is ErrorClass.RATE_LIMIT:
            return RecoveryStrategy.RETRY
        return RecoveryStrategy.RESTART if history.next_start_at is None else RecoveryStrategy.BACKOFF

    def _alert(self, key: str, bot_id: int, incarnation: int | None, category: ErrorClass, detail: str) -> None:
        self._recorder.submit(
            RecordRecovery(
                key=f"alert:{key}",
                bot_id=bot_id,
                incarnation=incarnation,
                category=category,
                strategy=RecoveryStrategy.ALERT,
                detail=detail,
                began_at=self._clock.now(),
            )
        )

    def _end(self, bot_id: int, strategies: tuple[RecoveryStrategy, ...], outcome: Outcome) -> None:
        self._recorder.submit(
            EndRecoveries(bot_id=bot_id, strategies=strategies, outcome=outcome, at=self._clock.now())
        )
