"""How well a life is: a class from what was measured of it, and how often in a row a check has failed.

Two looks are taken. The quick one, a few times in each heartbeat interval, is at silence and at the trading loop's
progress; `decide` replaces a life that is silent or stuck for too long, and nothing here repeats that decision. The
thorough one, at the check interval, is at response time, errors, processor and memory; a life that fails it several
times in a row is condemned. Memory beyond its limit condemns at once: waiting would make it worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from supervisor.reconcile.states import StopReason

_MEGABYTE = 1_000_000
_LATE = 0.4
"""Part of a heartbeat interval by which a beat may be late without being missed."""
_IDLE_ROUND = 1.0
"""Seconds that a trading loop with nothing to do may take for a round."""
_WARN_AT = 0.8
"""Part of the memory limit that is worth a warning."""


class Health(IntEnum):
    """Class of a life, the worst last."""

    HEALTHY = 0
    DEGRADED = 1
    """Something is not as it should be; it trades."""
    UNHEALTHY = 2
    """It does not do its work, or costs more than it may."""
    DEAD = 3
    """It has not been heard of for as long as is tolerated."""

    @property
    def word(self) -> str:
        """As people read it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is known of a life at one moment; None: not measured, or not yet."""

    heartbeat_age: float
    """Seconds since it was last heard."""
    progress_age: float
    """Seconds since its trading loop last completed a round."""
    response_time: float | None = None
    """Seconds its trading loop took to answer the last question, or has been owing the answer."""
    error_rate: float | None = None
    """ERROR and CRITICAL log lines a minute since the last check."""
    cpu_percent: float | None = None
    """Percent of one core since the last check."""
    cpu_percent_before: float | None = None
    """The same in the check before."""
    memory_bytes: int | None = None
    """Resident memory, pages shared with its parent included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPolicy:
    """Thresholds; None switches a measure off."""

    heartbeat_interval: float = 5.0
    misses: int = 3
    response_limit: float | None = 15.0
    """Seconds; a third of it is degraded."""
    error_limit: float | None = 30.0
    """Error lines a minute; a third of it is degraded."""
    cpu_limit: float | None = None
    """Percent of one core; above it degraded, above it in two checks running unhealthy."""
    memory_limit: int | None = None
    """Bytes; above four fifths degraded."""
    failed_checks: int = 3
    """Thorough checks failed in a row that condemn a life."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A class and what speaks for it."""

    health: Health
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What the looks at one life have come to so far."""

    pulse: Assessment = Assessment(Health.HEALTHY)
    """Of the last quick look."""
    condition: Assessment = Assessment(Health.HEALTHY)
    """Of the last thorough one."""
    missed: int = 0
    """Heartbeats missed in a row; for a loop that stands still, those that told no progress."""
    failed: int = 0
    """Thorough checks failed in a row."""

    @property
    def assessment(self) -> Assessment:
        """Both together: the worse class, all reasons."""
        return _together(self.pulse, self.condition)

    @property
    def health(self) -> Health:
        """The worse class of the two."""
        return max(self.pulse.health, self.condition.health)


def assess(vitals: Vitals, policy: HealthPolicy) -> Assessment:
    """The class of a life with these vitals."""
    return _together(pulse_of(vitals, policy), condition_of(vitals, policy))


def pulse_of(vitals: Vitals, policy: HealthPolicy) -> Assessment:
    """What silence and a trading loop that stands still say."""
    findings = []
    silent = missed_beats(vitals.heartbeat_age, policy)
    if silent:
        health = Health.DEAD if silent >= policy.misses else _of_missed(silent)
        findings.append(Assessment(health, (f"not heard of for {vitals.heartbeat_age:.1f} s",)))
    stuck = missed_beats(vitals.progress_age - _IDLE_ROUND, policy)
    if stuck > silent:  # who is silent cannot tell of progress
        health = Health.UNHEALTHY if stuck >= policy.misses else _of_missed(stuck)
        findings.append(Assessment(health, (f"its trading loop stands still for {vitals.progress_age:.1f} s",)))
    return _together(*findings)


def condition_of(vitals: Vitals, policy: HealthPolicy) -> Assessment:
    """What response, errors, processor and memory say."""
    return _together(
        *_against(vitals.response_time, policy.response_limit, "answers after {:.1f} s, the limit is {:.1f} s"),
        *_against(vitals.error_rate, policy.error_limit, "logs {:.0f} errors a minute, the limit is {:.0f}"),
        *_of_cpu(vitals, policy),
        *_of_memory(vitals, policy),
    )


def missed_beats(age: float, policy: HealthPolicy) -> int:
    """How many heartbeats are missed after `age` seconds; all of them when the limit of silence is reached."""
    if age >= policy.heartbeat_interval * policy.misses:
        return policy.misses
    return max(0, min(policy.misses - 1, int(age / policy.heartbeat_interval - _LATE)))


def looked_at(before: Checkup, vitals: Vitals, policy: HealthPolicy) -> Checkup:
    """After a quick look: the pulse anew, the condition as it was found last."""
    missed = max(missed_beats(vitals.heartbeat_age, policy), missed_beats(vitals.progress_age - _IDLE_ROUND, policy))
    return replace(before, pulse=pulse_of(vitals, policy), missed=missed)


def examined(before: Checkup, vitals: Vitals, policy: HealthPolicy) -> Checkup:
    """After a thorough check; it has failed when the condition is unhealthy."""
    condition = condition_of(vitals, policy)
    failed = before.failed + 1 if condition.health >= Health.UNHEALTHY else 0
    return replace(looked_at(before, vitals, policy), condition=condition, failed=failed)


def lost(before: Checkup, reason: StopReason, policy: HealthPolicy) -> Checkup:
    """After `decide` gave the life up: the last of the missed beats."""
    health = Health.DEAD if reason is StopReason.SILENT else Health.UNHEALTHY
    reasons = before.pulse.reasons or (f"given up as {reason}",)
    return replace(before, pulse=Assessment(health, reasons), missed=policy.misses)


def condemned(checkup: Checkup, vitals: Vitals, policy: HealthPolicy) -> StopReason | None:
    """Why the life shall be replaced for what a thorough check found; None when it may live."""
    if policy.memory_limit is not None and (vitals.memory_bytes or 0) > policy.memory_limit:
        return StopReason.MEMORY
    return StopReason.UNHEALTHY if checkup.failed >= policy.failed_checks else None


def _of_missed(count: int) -> Health:
    return Health.DEGRADED if count < 2 else Health.UNHEALTHY


def _against(value: float | None, limit: float | None, sentence: str) -> list[Assessment]:
    if value is None or limit is None or value <= limit / 3:
        return []
    return [Assessment(Health.UNHEALTHY if value > limit else Health.DEGRADED, (sentence.format(value, limit),))]


def _of_cpu(vitals: Vitals, policy: HealthPolicy) -> list[Assessment]:
    """One check above the limit may be a burst, two are not."""
    value, limit = vitals.cpu_percent, policy.cpu_limit
    if value is None or limit is None or value <= limit:
        return []
    sustained = (vitals.cpu_percent_before or 0.0) > limit
    reason = f"uses {value:.0f} % of a core, the limit is {limit:.0f} %"
    return [Assessment(Health.UNHEALTHY if sustained else Health.DEGRADED, (reason,))]


def _of_memory(vitals: Vitals, policy: HealthPolicy) -> list[Assessment]:
    value, limit = vitals.memory_bytes, policy.memory_limit
    if value is None or limit is None or value <= limit * _WARN_AT:
        return []
    reason = f"uses {value / _MEGABYTE:.0f} MB of memory, the limit is {limit / _MEGABYTE:.0f} MB"
    return [Assessment(Health.UNHEALTHY if value > limit else Health.DEGRADED, (reason,))]


def _together(*findings: Assessment) -> Assessment:
    health = max((finding.health for finding in findings), default=Health.HEALTHY)
    return Assessment(health, tuple(reason for finding in findings for reason in finding.reasons))
