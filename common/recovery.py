"""What is done about an error of each class, and the circuit breaker. Pure.

The breaker keeps from trying what has just failed several times: closed it lets tries through, open it does
not, and half-open it lets them through until the next failure or enough successes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from common.error_class import ErrorClass


class RecoveryStrategy(StrEnum):
    """Things that can be done about an error."""

    RETRY = "retry"
    """Try the same again, after the wait that was asked for."""
    BACKOFF = "backoff"
    """Try again after a wait that doubles with each failure."""
    CIRCUIT_BREAKER = "circuit_breaker"
    """Stop trying for a while after several failures."""
    FALLBACK = "fallback"
    """Give the thing up and go on without it: a bot is quarantined."""
    RESTART = "restart"
    """A new life of the bot."""
    ALERT = "alert"
    """Tell a person; nothing is tried again before that person acts."""
    GRACEFUL_STOP = "graceful_stop"
    """End the life in order."""
    QUEUE = "queue"
    """Keep what cannot be done now and do it later."""


class Outcome(StrEnum):
    """How a recovery ended."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


RECOVERY: Mapping[ErrorClass, tuple[RecoveryStrategy, ...]] = MappingProxyType(
    {
        ErrorClass.NETWORK: (RecoveryStrategy.BACKOFF, RecoveryStrategy.CIRCUIT_BREAKER),
        ErrorClass.EXCHANGE: (RecoveryStrategy.BACKOFF, RecoveryStrategy.ALERT),
        ErrorClass.RATE_LIMIT: (RecoveryStrategy.RETRY,),
        ErrorClass.STRATEGY: (RecoveryStrategy.RESTART, RecoveryStrategy.FALLBACK, RecoveryStrategy.ALERT),
        ErrorClass.DATABASE: (RecoveryStrategy.QUEUE, RecoveryStrategy.BACKOFF),
        ErrorClass.CONFIGURATION: (RecoveryStrategy.ALERT,),
        ErrorClass.AUTHENTICATION: (RecoveryStrategy.ALERT,),
        ErrorClass.SYSTEM: (RecoveryStrategy.GRACEFUL_STOP, RecoveryStrategy.RESTART, RecoveryStrategy.ALERT),
    }
)
"""What is done about each class, in this order."""


def breaks_circuit(category: ErrorClass | None) -> bool:
    """Whether failures of this class are answered by a circuit breaker instead of being given up."""
    return category is not None and RecoveryStrategy.CIRCUIT_BREAKER in RECOVERY[category]


class Circuit(StrEnum):
    """States of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


BREAKER_FAILURES = 5
BREAKER_WINDOW = 60.0
BREAKER_PAUSE = 60.0
BREAKER_SUCCESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """A circuit breaker at one moment; methods return the next one. Times are seconds of one clock.

    BREAKER_FAILURES failures within BREAKER_WINDOW open it; `pause` seconds later it is half-open; there one
    failure opens it again and BREAKER_SUCCESSES successes close it.
    """

    failed_at: tuple[float, ...] = ()
    """Failures while closed, within the window."""
    opened_at: float | None = None
    """None while closed."""
    successes: int = 0
    """Successes in a row since it was half-open."""
    pause: float = BREAKER_PAUSE
    """Seconds from opening to the next try."""

    def state(self, now: float) -> Circuit:
        """Closed, open or half-open at `now`."""
        if self.opened_at is None:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.opened_at + self.pause else Circuit.HALF_OPEN

    def retry_at(self, now: float) -> float:
        """Earliest time of the next try."""
        return now if self.opened_at is None else max(now, self.opened_at + self.pause)

    def failed(self, now: float) -> CircuitBreaker:
        """A try failed; one that ends late, while the breaker is open, changes nothing."""
        state = self.state(now)
        if state is Circuit.OPEN:
            return self
        if state is Circuit.HALF_OPEN:
            return self._fresh(opened_at=now)
        recent = (*(at for at in self.failed_at if at > now - BREAKER_WINDOW), now)
        return self._fresh(opened_at=now) if len(recent) >= BREAKER_FAILURES else self._fresh(failed_at=recent)

    def succeeded(self, now: float) -> CircuitBreaker:
        """A try succeeded; while open that counts for nothing."""
        state = self.state(now)
        if state is Circuit.CLOSED:
            return self._fresh()
        if state is Circuit.OPEN:
            return self
        more = replace(self, successes=self.successes + 1)
        return self._fresh() if more.successes >= BREAKER_SUCCESSES else more

    def _fresh(self, failed_at: tuple[float, ...] = (), opened_at: float | None = None) -> CircuitBreaker:
        return CircuitBreaker(failed_at=failed_at, opened_at=opened_at, pause=self.pause)
