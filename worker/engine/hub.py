"""The only place that waits. backtrader asks it first in every round of its loop, as it would ask a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from common.clock import Clock
from common.wire.messages import Phase
from worker.engine.bars import Bars
from worker.engine.bell import Bell
from worker.progress import Progress

IDLE_ROUND = 1.0
"""Longest wait, in seconds: an idle loop still shows that it lives."""
REST_AT_MOST = 0.25
"""Longest rest after a bar, in seconds: stops and targets may not wait longer for their next look."""
_WORTH_A_REST = 0.01
"""Seconds of work after which a loop without pace rests: shorter rests cannot be timed."""


class Hub:
    """Waits for the next bar, a stop or the end of an idle round, whichever comes first."""

    def __init__(self, stream: Bars, bell: Bell, progress: Progress, clock: Clock) -> None:
        self._stream = stream
        self._bell = bell
        self._progress = progress
        self._clock = clock
        self.stopping: Callable[[], bool] = lambda: False
        """Whether the loop is to end before the next bar."""
        self.before_wait: Callable[[], None] = lambda: None
        """Called before each wait: the moment to report what the bar left unreported."""
        self.each_round: Callable[[], None] = lambda: None
        """Called once a round, after the wait: the moment to take in what happened between bars."""
        self.rest = 0.0
        """Seconds to rest after a bar while the host is short; 0: not at all."""
        self._rested_after = 0
        self._working_since = clock.monotonic()
        self.end_loop: Callable[[], None] = lambda: None
        """Tells the runtime to leave its loop."""

    def start(self, *_: Any, **__: Any) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Nothing to close; the bell belongs to the trading."""

    def get_notifications(self) -> tuple[()]:
        """Begin a round: wait if there is reason to. A stop takes effect here, between two bars, and nowhere else."""
        progress = self._progress
        progress.last_round = self._clock.monotonic()
        if progress.answered != progress.probe:
            progress.answer()
        if self.rest:
            self._take_rest()
        if self._stream.paced and not self.stopping():
            self._wait()
        if self._stream.live and self._progress.phase is Phase.WARMING:
            self._progress.phase = Phase.TRADING
        self.each_round()
        if self.stopping():
            self._progress.phase = Phase.STOPPING
            self.end_loop()
        return ()

    def _take_rest(self) -> None:
        """After a live bar only; rings (a stop, a question) end it early. What is decided does not depend on it."""
        bars, now = self._progress.bars, self._progress.last_round
        if bars == self._rested_after or not self._stream.live or self.stopping():
            self._working_since = now
            return
        worked = now - self._working_since
        if not self._stream.paced and worked < _WORTH_A_REST:
            return
        self._rested_after = bars
        self._bell.wait(self.rest if self._stream.paced else min(self.rest, worked))
        self._working_since = self._progress.last_round = self._clock.monotonic()

    def _wait(self) -> None:
        seconds = self._stream.wait_seconds()
        if self._stream.live and self._progress.phase is Phase.WARMING:
            self._progress.phase = Phase.TRADING
        if seconds <= 0.0:
            return
        self.before_wait()
        self._bell.wait(min(seconds, IDLE_ROUND))
        self._progress.last_round = self._clock.monotonic()
