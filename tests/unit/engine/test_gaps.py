"""Missing bars: the next row is the next bar, minutes count, bars do not, and the pace is the market's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from builders import BUY_ON_ANY_FALL, a_bot, an_exit
from engine_scenes import live

from common.spec import DataSpec, read_spec
from common.wire.ticket import RowFacts
from worker.engine.stream import BarStream
from worker.feeds.source import open_source
from worker.strategies.custom import CustomStrategy

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_file(folder, minutes):
    """One-minute bars at these minutes; the third falls, so that an entry is filled at the fourth."""
    path = folder / "gaps.csv"
    rows = [
        f"{int((START + minute * MINUTE).timestamp())},{price},{price},{price},{price},1"
        for minute, price in zip(minutes, [10, 11, 9, *[12] * len(minutes)], strict=False)
    ]
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("leave", "exit_minute"),
    [
        (an_exit("TimeBasedExitMixin", use_time=True, max_minutes=60), 65),
        (an_exit("TimeBasedExitMixin", max_bars=2), 65),
        (an_exit("TimeBasedExitMixin", max_bars=3), 66),
    ],
)
def test_rules_by_minutes_count_the_time_of_a_gap_and_rules_by_bars_the_bars_there_are(tmp_path, leave, exit_minute):
    path = a_file(tmp_path, [0, 1, 2, 3, 4, 64, 65, 66, 67])
    config = a_bot(path, data={"interval": "1m"}, strategy={"parameters": {"exit_logic": leave}})
    config["strategy"]["parameters"]["entry_logic"] = BUY_ON_ANY_FALL
    spec = read_spec(config, RowFacts(bot_id=7)).spec
    trade, *_ = live(spec, CustomStrategy).record.trades()
    assert trade.entry_time == START + 3 * MINUTE
    assert trade.exit_time == START + exit_minute * MINUTE


class Stopped:
    """A clock that stands where it is put."""

    now = 0.0

    def monotonic(self):
        return self.now


def waits(data, count):
    """Real seconds from each bar's due time to the next one's."""
    clock = Stopped()
    stream = BarStream(open_source(data).bars(), 0, data, clock)
    for _ in range(count):
        clock.now += stream.wait_seconds()
        assert stream.take() is not None
        yield clock.now


def test_speed_waits_for_a_gap_and_a_pace_by_bars_does_not(tmp_path):
    path = str(a_file(tmp_path, [0, 1, 61]))
    fast = DataSpec(source="file", symbol="X", interval="1m", speed=60.0, file={"path": path})
    assert list(waits(fast, 3)) == [0.0, 1.0, 61.0]
    paced = DataSpec(source="file", symbol="X", interval="1m", speed=None, bar_seconds=5.0, file={"path": path})
    assert list(waits(paced, 3)) == [0.0, 5.0, 10.0]


@pytest.mark.parametrize(
    ("interval", "days"), [("1s", 1 / 86400), ("4h", 1 / 6), ("1d", 1), ("1W", 7), ("1M", None), ("45s", 45 / 86400)]
)
def test_the_simulated_markets_pace_is_its_calendar(interval, days):
    data = DataSpec(source="simulated", symbol="X", interval=interval, speed=86400.0)
    moments = list(waits(data, 4))
    expected = [0, 31, 60, 91] if days is None else [days * number for number in range(4)]
    assert moments == pytest.approx(expected)
