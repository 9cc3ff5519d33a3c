"""Closed bars as a backtrader data feed, stamped with their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from worker.engine.backtrader_import import bt
from worker.engine.bars import Bars
from worker.feeds.bar import Bar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = float(datetime(1970, 1, 1, tzinfo=UTC).toordinal())
_DAY = timedelta(days=1)


class ClosedBars(bt.feed.DataBase):  # type: ignore[misc]  # backtrader is untyped
    """Hands over one closed bar a round. Filters, resampling and replaying are not served."""

    params = (("stream", None),)

    stream: Bars
    bar: Bar | None
    """The bar last handed over."""

    def start(self) -> None:
        """Called by the runtime before the first round."""
        super().start()
        self.stream = self.p.stream
        self.bar = None
        lines = self.lines
        self._prices = (lines.open, lines.high, lines.low, lines.close, lines.volume)
        self._rest = (lines.openinterest, lines.datetime)

    def islive(self) -> bool:
        """True: bars come one by one, nothing is preloaded."""
        return True

    def load(self) -> bool | None:
        """Move on by one bar: True; None when none is due; False when the data has ended."""
        bar = self.stream.take()
        self.bar = bar
        if bar is None:
            return False if self.stream.finished else None
        open_, high, low, close, volume = self._prices
        open_.forward(bar.open)
        high.forward(bar.high)
        low.forward(bar.low)
        close.forward(bar.close)
        volume.forward(bar.volume)
        interest, stamp = self._rest
        interest.forward(0.0)
        stamp.forward(_EPOCH_DAY + (bar.closed_at - _EPOCH) / _DAY)
        return True

    def get_notifications(self) -> tuple[()]:
        """Nothing to notify."""
        return ()

    def _tick_nullify(self) -> None:
        """Ticks within a bar do not exist here."""

    def _tick_fill(self, force: bool = False) -> None:
        """Ticks within a bar do not exist here."""

    def num2date(self, dt: float | None = None, tz: Any = None, naive: bool = True) -> datetime:
        """backtrader's number as a datetime."""
        return bt.num2date(self.lines.datetime[0] if dt is None else dt, tz, naive)  # type: ignore[no-any-return]
