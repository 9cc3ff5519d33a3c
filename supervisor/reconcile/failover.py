"""Failover mode: too many errors in the whole fleet stop new entries everywhere. Pure.

Times are monotonic seconds of the supervisor's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverRule:
    """When failover mode begins and ends."""

    errors: int
    """Errors within the window that begin it; 0 = never by itself."""
    window: float
    """Seconds."""
    cooldown: float
    """Seconds after which it ends, should the errors have become fewer; 0 = an operator ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """Failover mode at one moment; methods return the next one."""

    errors: tuple[float, ...] = ()
    """When the newest errors happened, as many as the rule counts."""
    since: float | None = None
    """None while it is off."""
    by_hand: bool = False
    """An operator began it; only an operator ends it."""

    @property
    def active(self) -> bool:
        """Whether entries are stopped."""
        return self.since is not None

    def failed(self, rule: FailoverRule, now: float) -> Failover:
        """An error happened."""
        if rule.errors == 0:
            return self
        noted = replace(self, errors=(*self.errors, now)[-rule.errors :])
        if self.active or noted.count(rule, now) < rule.errors:
            return noted
        return replace(noted, since=now)

    def looked_at(self, rule: FailoverRule, now: float) -> Failover:
        """Time has passed: it ends after the cooldown, unless the errors go on."""
        if self.since is None or self.by_hand or rule.cooldown == 0 or now < self.since + rule.cooldown:
            return self
        return self if self.count(rule, now) >= max(1, rule.errors) else replace(self, since=None)

    def switched(self, on: bool, now: float) -> Failover:
        """An operator's word; the errors until then are forgotten."""
        return Failover(since=now if self.since is None else self.since, by_hand=True) if on else Failover()

    def count(self, rule: FailoverRule, now: float) -> int:
        """Errors within the window."""
        return sum(at > now - rule.window for at in self.errors)
