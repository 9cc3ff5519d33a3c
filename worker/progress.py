"""What the trading loop has achieved so far, for the heartbeat to carry.

Written only by the trading thread, read by the io thread (which alone ends a `pause_wish` and asks by `probe`);
each field is replaced as a whole, so a reader never sees half a value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from common.logs import ErrorCount
from common.wire.latency import Latencies
from common.wire.messages import Phase


def _nobody() -> None:
    return None


class Progress:
    """Progress of one life."""

    __slots__ = (
        "_phase",
        "answered",
        "bars",
        "equity",
        "errors",
        "last_bar_at",
        "last_round",
        "on_phase",
        "order_latencies",
        "pause_wish",
        "paused",
        "position",
        "probe",
    )

    def __init__(self, *, last_round: float = 0.0, paused: bool = False) -> None:
        self._phase = Phase.STARTING
        self.bars: int = 0
        """Bars processed in this life, warm-up included."""
        self.last_bar_at: datetime | None = None
        self.last_round = last_round
        """Monotonic time at which the trading loop last completed a round (idle rounds count)."""
        self.equity: str | None = None
        self.position: str | None = None
        self.order_latencies: Latencies | None = None
        """None where no order leaves the process."""
        self.paused = paused
        self.pause_wish: bool | None = None
        """What a signal asked for and the supervisor has not confirmed yet."""
        self.probe = self.answered = 0
        """The newest question to the trading loop, and the one it has come across."""
        self.errors = ErrorCount()
        self.on_phase: Callable[[], None] = _nobody
        """Called on the trading thread after each change of phase or answer, so that it is told at once."""

    def answer(self) -> None:
        """The trading loop has come across the question."""
        self.answered = self.probe
        self.on_phase()

    @property
    def phase(self) -> Phase:
        """What the worker is doing."""
        return self._phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        if phase is not self._phase:
            self._phase = phase
            self.on_phase()
