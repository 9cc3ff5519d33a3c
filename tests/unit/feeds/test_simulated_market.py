"""The simulated market: the same for everybody who asks for the same, and worth trading in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import fmean, pstdev

import pytest

from common.spec import DataSpec
from common.spec.intervals import Interval
from worker.feeds.simulated import END_OF_TIME, START, SimulatedMarket


def market(**changes):
    values = {"source": "simulated", "symbol": "BTCUSDT", "interval": "1m", "interval_seconds": 60}
    return SimulatedMarket(DataSpec(**{**values, **changes}))


def bars(source, count, start=0):
    return list(islice(source.bars(start), count))


def test_the_same_seed_symbol_and_interval_give_the_same_bars():
    assert bars(market(), 200) == bars(market(), 200)


def test_seed_symbol_and_interval_each_make_another_market():
    first = [bar.close for bar in bars(market(), 50)]
    others = [market(seed=1), market(symbol="ETHUSDT"), market(interval="5m")]
    assert all([bar.close for bar in bars(other, 50)] != first for other in others)


def test_it_starts_at_a_fixed_date_or_at_fromdate():
    assert bars(market(), 1)[0].opened_at == START
    moment = datetime(2023, 5, 1, tzinfo=UTC)
    assert bars(market(fromdate=moment), 2)[1].opened_at == moment + timedelta(minutes=1)


def test_it_has_no_end_unless_todate_names_one():
    assert market().length is None
    finite = market(todate=START + timedelta(minutes=9))
    assert finite.length == len(list(finite.bars())) == 10


def test_it_can_be_entered_anywhere():
    whole = bars(market(), 400)
    assert bars(market(), 100, start=300) == whole[300:]
    assert market().rows_until(whole[300].opened_at) == 301


def test_candles_are_candles():
    for bar in bars(market(), 2000):
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0
        assert round(bar.close, 8) == bar.close


def test_prices_stay_in_bounds_for_ever():
    lows = [bar.low for start in range(0, 5_000_000, 100_000) for bar in bars(market(), 48, start)]
    assert 30 < min(lows) < max(lows) < 300


def test_oversold_touches_of_the_lower_band_on_volume_come_often():
    rows = bars(market(), 3000)
    gain = loss = 0.0
    signals = 0
    for index in range(1, len(rows)):
        change = rows[index].close - rows[index - 1].close
        gain, loss = (gain * 13 + max(change, 0.0)) / 14, (loss * 13 + max(-change, 0.0)) / 14
        if index < 30:
            continue
        window = [bar.close for bar in rows[index - 19 : index + 1]]
        oversold = 100 * gain / (gain + loss) <= 30 and rows[index].close <= fmean(window) - 2 * pstdev(window)
        volumes = [bar.volume for bar in rows[index - 19 : index + 1]]
        signals += oversold and rows[index].volume > 1.5 * fmean(volumes)
    assert signals > 30


@pytest.mark.parametrize("text", ["1s", "45s", "1m", "7m", "1h", "4h", "1d", "3d", "1W", "1M"])
def test_bars_of_every_interval_follow_each_other_without_holes(text):
    source = market(interval=text)
    rows = bars(source, 130)
    assert rows[0].opened_at == START
    assert [bar.closed_at for bar in rows[:-1]] == [bar.opened_at for bar in rows[1:]]
    assert all(Interval.of(text).closing(bar.opened_at) == bar.closed_at for bar in rows)
    assert [source.rows_until(bar.opened_at) for bar in rows] == list(range(1, 131))
    assert bars(market(interval=text), 30, start=100) == rows[100:]


def test_weeks_and_months_begin_on_their_day_after_fromdate():
    tuesday = datetime(2024, 2, 13, 7, tzinfo=UTC)
    assert bars(market(interval="1W", fromdate=tuesday), 1)[0].opened_at == datetime(2024, 2, 19, tzinfo=UTC)
    months = bars(market(interval="1M", fromdate=tuesday), 11)
    assert months[0].opened_at == datetime(2024, 3, 1, tzinfo=UTC)
    assert months[-1].opened_at == datetime(2025, 1, 1, tzinfo=UTC)
    monday = datetime(2024, 2, 19, tzinfo=UTC)
    assert bars(market(interval="1W", fromdate=monday), 1)[0].opened_at == monday


def test_months_up_to_a_date_are_counted_by_the_calendar():
    source = market(interval="1M", todate=datetime(2025, 2, 1, tzinfo=UTC))
    assert source.length == len(list(source.bars())) == 14


def test_the_calendars_last_years_end_the_market_instead_of_breaking_it():
    source = market(interval="1M", fromdate=END_OF_TIME - timedelta(days=100))
    assert [bar.opened_at.month for bar in source.bars()] == [10, 11, 12, 1]
    assert list(market(fromdate=END_OF_TIME + timedelta(days=1)).bars()) == []
