"""The exchange's own clock: this machine's, some seconds ahead or behind."""

from __future__ import annotations

from common.clock import Clock, SystemClock
from common.spec.intervals import EPOCH


class ExchangeClock:
    """Tells the time that requests, orders and candles are dated by."""

    def __init__(self, skew_seconds: float = 0.0, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.skew_seconds = skew_seconds
        """May be set at any time. The market follows: it hurries after a jump ahead and waits after one back."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(((self._clock.now() - EPOCH).total_seconds() + self.skew_seconds) * 1000)
