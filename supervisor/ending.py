"""How the service ends: it stops all bots and waits for them, or leaves them to the next supervisor.

Belongs to the control loop, which asks in each turn that decides whether the end has come.
"""

from __future__ import annotations

from math import inf

from loguru import logger

from common.clock import Clock
from supervisor.fleet.roster import Roster
from supervisor.lives.deeds import Deeds
from supervisor.news import News
from supervisor.service_manager.report import ServiceReport
from supervisor.store.recorder import Recorder

_RECORDER_FLUSH = 10.0
"""Seconds that the recorder may take for what is still to be written."""
_SAME_REQUEST = 0.01
"""Seconds within which a second signal is the first one, sent to the process and to its group (as `timeout` does)."""
_INSIST = 0.5
"""Seconds after which what was killed is looked after again."""


class Ending:
    """Whether and how far the service is on its way out."""

    def __init__(
        self,
        roster: Roster,
        deeds: Deeds,
        news: News,
        recorder: Recorder,
        report: ServiceReport,
        clock: Clock,
        *,
        stop_timeout: float,
    ) -> None:
        """After `stop_timeout` seconds of stopping, what is left is killed."""
        self._roster = roster
        self._deeds = deeds
        self._news = news
        self._recorder = recorder
        self._report = report
        self._clock = clock
        self._stop_timeout = stop_timeout
        self._since: float | None = None
        self._kill_now = False
        self._flushing = False
        self.leaving = False
        """The workers are left to the next supervisor."""
        self.due: float | None = None
        """Monotonic time at which the stop must be looked after, whatever else happens."""

    @property
    def stopping(self) -> bool:
        """All bots are being stopped."""
        return self._since is not None

    def stop(self, asker: str) -> None:
        """Stop all bots and end; asked for a second time, kill what is left."""
        if self._since is None:
            logger.info("{}: stopping all bots", asker)
            self._since = self._clock.monotonic()
            self._report.stopping()
        elif self._clock.monotonic() - self._since > _SAME_REQUEST:
            logger.warning("{} again: killing what is left", asker)
            self._kill_now = True

    def stop_by_request(self, *, now: bool) -> None:
        """Asked on the control socket: asking again changes nothing, unless what is left shall be killed (`now`)."""
        if self._since is None:
            self.stop("Request on the control socket")
        self._kill_now |= now
        self.due = -inf  # in this very turn

    def withdraw(self) -> None:
        """Another supervisor runs these bots: end their lives here, also those that were to be left to the next one."""
        self.leaving = False
        if self._since is None:
            self.stop("The database is another supervisor's")
        self.due = -inf  # in this very turn

    def leave(self) -> None:
        """End and leave the workers running."""
        self.leaving = True
        self._report.leaving()
        self._flush()

    def look_after(self, now: float) -> None:
        """While stopping: keep the time limit, and end once no life is left and every status is written."""
        self.due = None
        if self._since is None or self._flushing:
            return
        limit = self._since + self._stop_timeout
        if self._kill_now or now >= limit:
            self._deeds.stop_now()
        if self._roster.lives():
            self.due = limit if now < limit else now + _INSIST
            return
        if self._news.database_up and any(bot.status_in_flight for bot in self._roster):
            return
        self._flush()

    def _flush(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._recorder.request_stop(_RECORDER_FLUSH)
