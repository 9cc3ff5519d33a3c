"""The yardstick of the engine: the same rules as a plain backtrader program, its own feed, broker and indicators.

Bar by bar as the worker runs (`runonce=False, preload=False`), no journal, no records, no limits, binary floats.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worker.engine.backtrader_import import bt


class _Candles(bt.feeds.GenericCSVData):  # type: ignore[misc]  # backtrader is untyped
    """Rows of milliseconds, open, high, low, close, volume."""

    params = (
        ("dtformat", lambda text: datetime.fromtimestamp(int(text) / 1000, UTC).replace(tzinfo=None)),
        ("timeframe", bt.TimeFrame.Minutes),
        ("compression", 5),
        ("datetime", 0),
        ("open", 1),
        ("high", 2),
        ("low", 3),
        ("close", 4),
        ("volume", 5),
        ("openinterest", -1),
    )


class _Dip(bt.Strategy):  # type: ignore[misc]
    """RSI, lower band and volume in; a stop that trails by the average true range out."""

    def __init__(self) -> None:
        self._rsi = bt.ind.RSI(self.data.close, period=14, safediv=True)
        self._bands = bt.ind.BollingerBands(self.data.close, period=20, devfactor=2.0)
        self._volume = bt.ind.SMA(self.data.volume, period=20)
        self._atr = bt.ind.ATR(self.data, period=14)
        self._order: Any = None
        self._highest = self._level = 0.0

    def notify_order(self, order: Any) -> None:
        if order.status in (order.Completed, order.Canceled, order.Margin, order.Rejected):
            self._order = None
            if order.isbuy():
                self._highest, self._level = order.executed.price, 0.0

    def next(self) -> None:
        if self._order is not None:
            return
        close = self.data.close[0]
        if not self.position:
            low = self._rsi[0] <= 30 and close <= self._bands.bot[0]
            if low and self.data.volume[0] > self._volume[0] * 1.1:
                self._order = self.buy(size=self.broker.getcash() * 0.1 / close)
            return
        self._highest = max(self._highest, self.data.high[0])
        self._level = max(self._level, self._highest - self._atr[0] * 2.0)
        if close <= self._level:
            self._order = self.close()


def microseconds(file: Path) -> float:
    """Microseconds per bar of one run over `file`, reading it included."""
    began = time.perf_counter()
    cerebro = bt.Cerebro(runonce=False, preload=False, stdstats=False)
    cerebro.broker.setcash(10_000)
    cerebro.broker.setcommission(commission=0.001)
    cerebro.adddata(_Candles(dataname=str(file)))
    cerebro.addstrategy(_Dip)
    bars = len(cerebro.run()[0])
    return (time.perf_counter() - began) / bars * 1e6
