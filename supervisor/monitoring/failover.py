"""The switch of failover mode: counts the errors of all bots, tells when it begins and ends.

Belongs to the control loop.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loguru import logger

from common.clock import Clock
from common.error_class import ErrorClass
from supervisor.reconcile.failover import Failover, FailoverRule
from supervisor.record.pen import Record


class FailoverSwitch:
    """On: no bot makes an entry; what is open stays managed."""

    def __init__(self, rule: FailoverRule, record: Record, clock: Clock) -> None:
        self._rule = rule
        self._record = record
        self._clock = clock
        self._state = Failover()
        self._since: datetime | None = None
        self._told = False
        record.incidents.on_error = self.error

    @property
    def active(self) -> bool:
        """Whether entries are stopped everywhere."""
        return self._told

    def error(self) -> None:
        """An error of any bot, or of the service itself, was recorded."""
        self._state = self._state.failed(self._rule, self._clock.monotonic())

    def turn(self, now: float) -> bool:
        """Let time pass; True when the mode began or ended since the last turn."""
        self._state = self._state.looked_at(self._rule, now)
        if self._state.active == self._told:
            return False
        self._tell()
        return True

    def switch(self, on: bool) -> dict[str, Any]:
        """An operator's word, followed in the next turn."""
        self._state = self._state.switched(on, self._clock.monotonic())
        return {"failover": self._state.active}

    def document(self) -> dict[str, Any] | None:
        """For the status; None while it is off."""
        if not self._told or self._since is None:
            return None
        return {"since": self._since.isoformat(), "by_hand": self._state.by_hand}

    def _tell(self) -> None:
        self._told = self._state.active
        at = self._clock.now()
        if not self._told:
            self._since = None
            sentence = "failover mode has ended: entries are allowed again"
            logger.warning("{}", sentence)
            self._record.incidents.tell("info", "failover", sentence, key=f"failover:off:{at.isoformat()}")
            return
        self._since = at
        sentence = f"failover mode: no bot makes entries any more, for {self._why()}; {self._remedy()}"
        logger.critical("{}", sentence)
        self._record.incidents.tell(
            "critical", "failover", sentence, key=f"failover:on:{at.isoformat()}", category=ErrorClass.SYSTEM
        )

    def _why(self) -> str:
        if self._state.by_hand:
            return "an operator asked for it"
        return f"{self._rule.errors} errors within {self._rule.window:g} s"

    def _remedy(self) -> str:
        ended = "`botctl failover --off` ends it"
        if self._state.by_hand or self._rule.cooldown == 0:
            return ended
        return f"it ends {self._rule.cooldown:g} s later if the errors cease, and {ended} at once"
