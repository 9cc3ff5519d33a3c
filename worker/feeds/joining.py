"""Joining finer candles into longer ones: first open, highest high, lowest low, last close, volume summed up."""

from __future__ import annotations

import math
from bisect import bisect_left

from loguru import logger

from common.spec.intervals import Interval
from worker.feeds.candle_table import CandleTable, micros, moment


def joined(table: CandleTable, rows: Interval, into: Interval) -> CandleTable:
    """Bars of `into` from an ordered table whose candles are of the interval `rows`.

    A bar begins on the grid of `into` and is made of the candles stamped within it, however many there are; where
    there is none there is no bar. The last bar is left out, with a warning, unless the data reaches its end.
    """
    stamps, bars = table.stamps, CandleTable()
    length, first, reaching_over = rows.seconds * 1_000_000, 0, 0
    while first < len(stamps):
        opened_at = into.opening(moment(stamps[first]))
        end = micros(into.closing(opened_at))
        last = bisect_left(stamps, end, first)
        reaches = stamps[last - 1] + length
        if last == len(stamps) and reaches < end:
            logger.warning(
                "the last {} bar, {}, is left out: its candles end {} s before it does",
                into.text,
                opened_at.isoformat(),
                (end - reaches) // 1_000_000,
            )
            break
        reaching_over += reaches > end
        bars.stamps.append(micros(opened_at))
        bars.opens.append(table.opens[first])
        bars.highs.append(max(table.highs[first:last]))
        bars.lows.append(min(table.lows[first:last]))
        bars.closes.append(table.closes[last - 1])
        bars.volumes.append(math.fsum(table.volumes[first:last]))
        first = last
    if reaching_over:
        logger.warning(
            "{} bars of {} end with a {} candle that reaches over their end; it counts where it begins",
            reaching_over,
            into.text,
            rows.text,
        )
    return bars
