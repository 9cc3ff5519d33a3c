"""Exit bars and reasons on golden series: computed from the definitions, not by the code under test."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import exact_formulas as exact
import pytest
from tape import Bar, TapeDesk, a_spec, closes_to_bars, play, random_bars

ATR, RATIO, TIME = "ATRExitMixin", "FixedRatioExitMixin", "TimeBasedExitMixin"
ALWAYS = {
    "name": "RSIOrBBEntryMixin",
    "params": {"e_rsi_period": 1, "e_bb_period": 1, "e_rsi_oversold": 100},
}
"""An entry at every bar from bar 1 on."""
BARS = random_bars(31, 500, 0.006)


def trades(bars: list[Bar], leaving: dict[str, Any], **desk: Any) -> list[tuple[int, int, str]]:
    """(decision bar of the entry, decision bar of the exit, reason) of every closed trade."""
    market = TapeDesk(bars, **desk)
    play(a_spec(ALWAYS, leaving), market)
    return [(entry, leave, reason) for (entry, _), (leave, reason) in zip(market.entries, market.exits, strict=False)]


def expected_atr_trades(bars: list[Bar], period: int, multiplier: float) -> list[tuple[int, int, str]]:
    highs, lows, closes = [b.high for b in bars], [b.low for b in bars], [b.close for b in bars]
    average = exact.atr(highs, lows, closes, period)
    found, entry = [], max(period, 1)
    while entry + 1 < len(bars):
        fill = entry + 1
        highest, stop = Decimal(bars[fill].open), None
        for i in range(fill, len(bars)):
            value = average[i]
            assert value is not None
            highest = max(highest, Decimal(highs[i]))
            candidate = highest - value * Decimal(multiplier)
            stop = candidate if stop is None else max(stop, candidate)
            if Decimal(closes[i]) <= stop:
                found.append((entry, i, "stop_loss"))
                break
        else:
            return found
        entry = i + 1  # the exit fills at the open of the next bar, at whose close the next entry is decided
    return found


@pytest.mark.parametrize(("period", "multiplier"), [(14, 2.0), (5, 2.0), (14, 1.25), (14, 3.5), (1, 1.0), (30, 0.5)])
@pytest.mark.parametrize("prefix", ["", "x_", "exit_x_"])
def test_atr_exits_are_those_of_the_definition(period: int, multiplier: float, prefix: str) -> None:
    leaving = {"name": ATR, "params": {f"{prefix}atr_period": period, f"{prefix}sl_multiplier": multiplier}}
    expected = expected_atr_trades(BARS, period, multiplier)
    assert trades(BARS, leaving) == expected
    assert expected


def test_each_atr_parameter_alone_changes_the_exits() -> None:
    base = expected_atr_trades(BARS, 14, 2.0)
    assert expected_atr_trades(BARS, 5, 2.0) != base
    assert expected_atr_trades(BARS, 14, 1.25) != base


def test_the_atr_stop_never_falls_when_the_range_widens() -> None:
    calm = [Bar(100.0, 100.5, 99.5, 100.0)] * 8
    wide = [Bar(100.0, 100.5, 92.0, 99.2 - i / 10) for i in range(4)]
    leaving = {"name": ATR, "params": {"x_atr_period": 3, "x_sl_multiplier": 1.5}}
    # stop 100.5 - 1.5 x 1 = 99.0 on the calm bars; the wide ones would put it below 96
    assert trades([*calm, *wide], leaving)[0] == (3, 10, "stop_loss")


def test_the_highest_starts_at_the_entry_price_and_takes_in_the_whole_fill_bar() -> None:
    calm = [Bar(100.0, 100.5, 99.5, 100.0)] * 5
    spike = Bar(100.0, 110.0, 99.9, 104.0)
    leaving = {"name": ATR, "params": {"x_atr_period": 3, "x_sl_multiplier": 1.0}}
    # ATR after the spike: (1 x 2 + 10.1) / 3 = 4.03; stop 110 - 4.03 = 105.97, above the close of the fill bar itself
    assert trades([*calm[:4], spike, *calm], leaving)[0] == (3, 4, "stop_loss")


def expected_ratio_trades(bars: list[Bar], take: str, stop: str) -> list[tuple[int, int, str]]:
    found, entry = [], 1
    while entry + 1 < len(bars):
        price = Decimal(repr(bars[entry + 1].open))
        for i in range(entry + 1, len(bars)):
            ratio = (Decimal(repr(bars[i].close)) - price) / price
            if ratio >= Decimal(take) or ratio <= -Decimal(stop):
                found.append((entry, i, "take_profit" if ratio >= Decimal(take) else "stop_loss"))
                break
        else:
            return found
        entry = i + 1
    return found


@pytest.mark.parametrize(("take", "stop"), [("0.1", "0.05"), ("0.013", "0.05"), ("0.1", "0.011"), ("0.02", "0.02")])
def test_fixed_ratio_exits_are_those_of_the_definition(take: str, stop: str) -> None:
    expected = expected_ratio_trades(BARS, take, stop)
    plain = {"take_profit": float(take), "stop_loss": float(stop)}
    form = {"x_take_profit_pct": float(take) * 100, "x_stop_loss_pct": float(stop) * 100}
    assert trades(BARS, {"name": RATIO, "logic_params": plain}) == expected
    assert trades(BARS, {"name": RATIO, "params": {f"x_{key}": value for key, value in plain.items()}}) == expected
    assert trades(BARS, {"name": RATIO, "params": form}) == expected
    assert {reason for *_, reason in expected} == {"take_profit", "stop_loss"}


@pytest.mark.parametrize(
    ("close", "reason"), [(110.0, "take_profit"), (109.99, None), (95.0, "stop_loss"), (95.01, None)]
)
def test_a_ratio_that_is_just_reached_counts(close: float, reason: str | None) -> None:
    bars = closes_to_bars([100.0, 100.0, 100.0, close])
    found = trades(bars, {"name": RATIO})
    assert found == ([] if reason is None else [(1, 3, reason)])


@pytest.mark.parametrize(("limit", "leaves"), [(0, 2), (1, 3), (5, 7)])
def test_bars_count_from_the_bar_of_the_fill(limit: int, leaves: int) -> None:
    bars = closes_to_bars([100.0] * 12)
    assert trades(bars, {"name": TIME, "params": {"x_max_bars": limit}})[0] == (1, leaves, "time_limit_bars")
    assert trades(bars, {"name": TIME, "params": {"x_max_hold_bars": limit}})[0] == (1, leaves, "time_limit_bars")


@pytest.mark.parametrize(("minutes", "leaves"), [(0, 2), (5, 3), (5.1, 4), (60, 14)])
def test_minutes_count_between_the_timestamps_of_the_bars(minutes: float, leaves: int) -> None:
    bars = closes_to_bars([100.0] * 20)
    leaving = {"name": TIME, "params": {"x_use_time": True, "x_max_minutes": minutes, "x_max_bars": 1}}
    assert trades(bars, leaving)[0] == (1, leaves, "time_limit_minutes")
    hourly = trades(bars, leaving, interval=timedelta(hours=1))
    assert hourly[0] == (1, 2 if minutes == 0 else 3, "time_limit_minutes")


def test_a_new_trade_starts_without_the_last_ones_stop() -> None:
    high = [Bar(200.0, 200.5, 199.5, 200.0)] * 5
    low = [Bar(100.0, 100.5, 99.5, 100.0)] * 40
    leaving = {"name": ATR, "params": {"x_atr_period": 3, "x_sl_multiplier": 2.0}}
    desk = TapeDesk([*high, *low])
    play(a_spec(ALWAYS, leaving), desk)
    assert desk.exits == [(5, "stop_loss")]
    assert [bar for bar, _ in desk.entries] == [3, 6]
