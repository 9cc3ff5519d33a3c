"""The simulated market: the same for everybody who asks for the same, and worth trading in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import fmean, pstdev

from common.spec import DataSpec
from worker.feeds.simulated import START, SimulatedMarket


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
