"""The exchange's time, steady while the machine's wall clock is set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from common.clock import Clock


class ExchangeTime:
    """Wall time plus the measured difference, taken once per measurement and carried on by a clock that never steps."""

    def __init__(self, clock: Clock, offset: Callable[[], timedelta]) -> None:
        """`offset`: exchange's clock minus ours, as measured last."""
        self._clock = clock
        self._offset = offset
        self._measured: timedelta | None = None
        self._moment = clock.now()
        self._at = clock.boottime()

    def now(self) -> datetime:
        """Aware UTC."""
        offset = self._offset()
        if offset != self._measured:
            self._measured = offset
            self._moment, self._at = self._clock.now() + offset, self._clock.boottime()
        return self._moment + timedelta(seconds=self._clock.boottime() - self._at)
