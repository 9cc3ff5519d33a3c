"""The reference's fills, limits and money, against series small enough to compute by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from builders import BUY_ON_ANY_FALL, START, Candle, a_bot, a_csv, an_exit, candles_of
from reference.simulator import Result, simulate

NEVER_LEAVE = an_exit("TimeBasedExitMixin", max_bars=10_000)


def run(folder: Path, candles: list[Candle], exit_logic: dict[str, Any] = NEVER_LEAVE, **override: Any) -> Result:
    strategy = {"parameters": {"entry_logic": BUY_ON_ANY_FALL, "exit_logic": exit_logic, "position_size": 0.1}}
    config = a_bot("unused.csv", **{"strategy": strategy, "broker": {"cash": 100.0, "commission": 0.001}, **override})
    return simulate(config, a_csv(folder / "market.csv", candles))


def flat(price: float) -> Candle:
    return Candle(price, price, price, price)


SIGNAL_AT_3 = candles_of([10.0, 11.0, 12.0, 11.0])
"""Rises, then falls: the first buy is decided at the close of bar 3, at 11, and fills at the open of bar 4."""


def test_a_round_trip_by_time_has_the_hand_computed_money(tmp_path: Path) -> None:
    result = run(
        tmp_path, [*SIGNAL_AT_3, flat(10.0), flat(11.0), flat(12.0)], an_exit("TimeBasedExitMixin", max_bars=1)
    )
    (trade,) = result.trades
    assert trade["entry_time"] == START.replace(tzinfo=None, minute=20)
    assert trade["exit_time"] == START.replace(tzinfo=None, minute=30)
    assert trade["size"] == Decimal("0.90909090"), "100 x 0.1 / 11, rounded down"
    assert (trade["entry_price"], trade["exit_price"]) == (10, 12)
    assert (trade["entry_value"], trade["exit_value"]) == (Decimal("9.09090900"), Decimal("10.90909080"))
    assert trade["commission"] == Decimal("0.02000000"), "0.0199999998"
    assert trade["gross_pnl"] == Decimal("1.81818180")
    assert trade["net_pnl"] == Decimal("1.79818180")
    assert trade["pnl_percentage"] == Decimal("19.7800")
    assert trade["exit_reason"] == "time_limit_bars"
    assert result.balance == Decimal("101.7981818002")


def test_a_stop_fills_at_its_level_on_the_bar_of_the_fill_too(tmp_path: Path) -> None:
    result = run(tmp_path, [*SIGNAL_AT_3, Candle(10.0, 10.0, 9.0, 9.5)], risk_management={"stop_loss_pct": 3})
    (trade,) = result.trades
    assert (trade["exit_price"], trade["exit_reason"]) == (Decimal("9.7"), "stop_loss")
    assert trade["exit_time"] == trade["entry_time"]


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open(tmp_path: Path) -> None:
    result = run(tmp_path, [*SIGNAL_AT_3, flat(10.0), Candle(9.0, 9.2, 8.0, 9.0)], risk_management={"stop_loss_pct": 3})
    assert result.trades[0]["exit_price"] == 9


def test_the_stop_is_tested_before_the_target_but_not_before_an_open_above_it(tmp_path: Path) -> None:
    both = {"risk_management": {"stop_loss_pct": 3, "take_profit_pct": 6}}
    inside = run(tmp_path, [*SIGNAL_AT_3, flat(10.0), Candle(10.0, 11.0, 9.0, 10.0)], **both)
    assert (inside.trades[0]["exit_price"], inside.trades[0]["exit_reason"]) == (Decimal("9.7"), "stop_loss")
    above = run(tmp_path, [*SIGNAL_AT_3, flat(10.0), Candle(10.7, 11.0, 9.0, 10.0)], **both)
    assert (above.trades[0]["exit_price"], above.trades[0]["exit_reason"]) == (Decimal("10.7"), "take_profit")


def test_the_percent_trailing_stop_follows_the_highest_of_earlier_bars_once_active(tmp_path: Path) -> None:
    risk = {"trailing_stop": True, "trailing_stop_pct": 10, "trailing_stop_activation_pct": 20, "stop_loss_pct": 50}
    bars = [flat(10.0), Candle(10.0, 11.9, 8.0, 11.0), Candle(11.0, 12.0, 9.9, 11.0), Candle(11.0, 11.5, 10.7, 11.0)]
    (trade,) = run(tmp_path, [*SIGNAL_AT_3, *bars], risk_management=risk).trades
    assert (trade["exit_price"], trade["exit_reason"]) == (Decimal("10.8"), "trailing_stop")
    assert trade["exit_time"] == START.replace(tzinfo=None, minute=35)


def test_the_atr_stop_trails_the_highest_high_and_the_fill_bar_counts(tmp_path: Path) -> None:
    # ATR(1) is the true range of the bar itself: 1, then 0 and 2; highest 10, 12, 12; stop 9, 12 (exit on close 12).
    bars = [Candle(10.0, 10.0, 10.0, 10.0), Candle(12.0, 12.0, 12.0, 12.0), flat(12.0), flat(13.0)]
    (trade,) = run(tmp_path, [*SIGNAL_AT_3, *bars], an_exit("ATRExitMixin", atr_period=1, sl_multiplier=1.0)).trades
    assert (trade["exit_price"], trade["exit_reason"]) == (13, "stop_loss")
    assert trade["exit_time"] == START.replace(tzinfo=None, minute=35)


def test_a_fixed_ratio_exit_compares_the_close_with_the_entry(tmp_path: Path) -> None:
    bars = [flat(10.0), flat(10.9), flat(11.0), flat(12.0)]
    (trade,) = run(tmp_path, [*SIGNAL_AT_3, *bars], an_exit("FixedRatioExitMixin", take_profit=0.1)).trades
    assert (trade["exit_price"], trade["exit_reason"]) == (12, "take_profit")


def test_a_limit_entry_fills_at_the_limit_or_a_better_open_and_lives_one_bar(tmp_path: Path) -> None:
    limit = {"trading": {"order_type": "limit"}}
    reached = run(tmp_path, [*SIGNAL_AT_3, Candle(11.5, 12.0, 10.9, 12.0)], **limit)
    assert reached.open_trade is not None
    assert reached.open_trade["entry_price"] == 11
    better = run(tmp_path, [*SIGNAL_AT_3, Candle(10.5, 12.0, 10.0, 12.0)], **limit)
    assert better.open_trade is not None
    assert better.open_trade["entry_price"] == Decimal("10.5")
    missed = run(tmp_path, [*SIGNAL_AT_3, Candle(11.5, 12.0, 11.1, 12.0), Candle(12.0, 13.0, 5.0, 13.0)], **limit)
    assert missed.all_trades == []


def test_cash_that_does_not_cover_the_open_cuts_the_quantity(tmp_path: Path) -> None:
    strategy = {"parameters": {"entry_logic": BUY_ON_ANY_FALL, "exit_logic": NEVER_LEAVE, "position_size": 1}}
    result = run(tmp_path, [*SIGNAL_AT_3, flat(20.0)], strategy=strategy)
    assert result.open_trade is not None
    assert result.open_trade["size"] == Decimal("4.99500499"), "100 / (20 x 1.001), rounded down"


def test_the_money_cap_holds_at_the_decision_and_zero_refuses(tmp_path: Path) -> None:
    capped = run(tmp_path, [*SIGNAL_AT_3, flat(10.0)], risk_management={"max_position_size": 5})
    assert capped.open_trade is not None
    assert capped.open_trade["size"] == Decimal("0.45454545"), "5 / 11, rounded down"
    refused = run(tmp_path, [*SIGNAL_AT_3, flat(10.0)], risk_management={"max_position_size": 0})
    assert refused.open_trade is None
    assert [denial.rule for denial in refused.denials] == ["size", "size"]


def test_shares_are_whole(tmp_path: Path) -> None:
    result = run(tmp_path, [*SIGNAL_AT_3, flat(10.0)], symbol="ACME", broker={"cash": 300.0})
    assert result.open_trade is not None
    assert result.open_trade["size"] == 2, "300 x 0.1 / 11 = 2.72"


def test_daily_limits_refuse_until_the_next_day_of_the_recording(tmp_path: Path) -> None:
    candles = [*SIGNAL_AT_3, *(flat(10.0) for _ in range(700))]
    exit_logic = an_exit("TimeBasedExitMixin", max_bars=1)
    result = run(tmp_path, candles, exit_logic, risk_management={"max_daily_trades": 2})
    assert [trade["entry_time"].day for trade in result.all_trades] == [1, 1, 2, 2, 3, 3]
    losing = run(tmp_path, candles, exit_logic, risk_management={"max_daily_loss": 0.03})
    per_trade = -losing.trades[0]["net_pnl"]
    assert Decimal("0.015") < per_trade < Decimal("0.03"), "the commission of both sides"
    assert [trade["entry_time"].day for trade in losing.all_trades] == [1, 1, 2, 2, 3, 3]


def test_a_drawdown_refuses_entries(tmp_path: Path) -> None:
    bars = [*SIGNAL_AT_3, flat(10.0), flat(8.0), *(flat(8.0) for _ in range(20))]
    result = run(tmp_path, bars, an_exit("FixedRatioExitMixin", stop_loss=0.05), trading={"max_drawdown_pct": 1})
    assert len(result.all_trades) == 1
    assert {denial.rule for denial in result.denials} == {"max_drawdown_pct"}


def test_history_only_warms_up_unless_the_file_is_not_longer(tmp_path: Path) -> None:
    candles = [*SIGNAL_AT_3, *(flat(10.0) for _ in range(6))]
    later = run(tmp_path, candles, data={"history": True, "lookback_bars": 6})
    assert later.open_trade is not None
    assert later.open_trade["entry_time"] == START.replace(tzinfo=None, minute=35)
    short = run(tmp_path, candles, data={"history": True, "lookback_bars": 10})
    assert short.open_trade is not None
    assert short.open_trade["entry_time"] == START.replace(tzinfo=None, minute=20)


def test_an_exit_undone_at_the_end_leaves_the_trade_open(tmp_path: Path) -> None:
    result = run(tmp_path, [*SIGNAL_AT_3, flat(10.0), flat(11.0)], an_exit("TimeBasedExitMixin", max_bars=1))
    assert result.trades == []
    assert result.open_trade is not None
    assert result.open_trade["commission"] == Decimal("0.00909091")
    assert result.open_trade["net_pnl"] is None
