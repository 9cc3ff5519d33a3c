"""The reference's exits on series small enough to follow by hand; the true range is 2 where candles are wide."""

from __future__ import annotations

from builders import Candle
from reference.series import flat, flats, left_at, wide


def test_the_atr_stop_trails_the_highest_high() -> None:
    # Highs 11, 12, 13, 12: stops 9, 10, 11, 11.
    candles = wide(10, 10, 11, 12, 11)
    assert left_at("ATRExitMixin", candles, 10, 1, atr_period=1, sl_multiplier=1) == (4, "stop_loss")
    assert left_at("ATRExitMixin", candles, 10, 1, atr_period=1, sl_multiplier=1.5) is None


def test_the_simple_atr_stop_goes_to_break_even_once_and_trails_the_close() -> None:
    # Stop 10 - 4 = 6, then 7; at 12 (entry + 2) it goes to 10.
    candles = wide(10, 10, 11, 12, 11, 10)
    stop = {"atr_period": 1, "atr_multiplier": 2}
    assert left_at("SimpleATRExitMixin", candles, 10, 2, **stop) == (5, "atr_trailing_stop")
    assert left_at("SimpleATRExitMixin", candles, 10, 2, **stop, use_breakeven=False) is None
    assert left_at("SimpleATRExitMixin", candles, 10, 2, **stop, breakeven_atr=1.5) is None


def test_the_first_simple_atr_stop_is_of_the_decision_bar() -> None:
    # True ranges 1 at the decision, 3 at the fill: the stop is 11 - 1, not 11 - 3.
    candles = [flat(10), flat(11), Candle(11, 11, 8, 10)]
    stop = {"atr_period": 1, "atr_multiplier": 1, "use_breakeven": False}
    assert left_at("SimpleATRExitMixin", candles, 11, 2, **stop) == (2, "atr_trailing_stop")


ADVANCED = {"p_fast": 1, "p_slow": 1, "anchor": "close", "k_init": 1, "k_run": 0.5, "use_swing_ratchet": False}


def test_the_advanced_atr_stop_tightens_when_the_trade_has_earned_its_risk() -> None:
    # Risk 2: stop 8, 9; at 12 the profit is one risk and the stop 12 - 0.5 x 2 = 11, which the next low meets.
    candles = wide(10, 10, 11, 12, 12)
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED) == (4, "stop_hit")
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED, arm_at_R=1.1) is None
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED, min_stop_step=3.5) is None


def test_the_advanced_atr_stop_passes_two_phases_on_one_bar() -> None:
    # At 12 both thresholds are met; the stop is 12 - 0.25 x 2 = 11.5, above the low of 11.2.
    candles = [*wide(10, 10, 11, 12), Candle(12, 12.2, 11.2, 12)]
    both = {"arm_at_R": 0.9, "phase2_at_R": 1.0, "k_phase2": 0.25}
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED, **both) == (4, "stop_hit")
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED, **both | {"phase2_at_R": 1.1}) is None


def test_the_advanced_atr_stop_is_moved_every_so_many_bars() -> None:
    # Updated at bar 2 only (9); an update at bar 3 would have set 11.
    candles = wide(10, 10, 11, 12, 12, 12)
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED, max_trail_freq=3) is None
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ADVANCED, max_trail_freq=2) == (5, "stop_hit")


def test_the_advanced_atr_stop_ratchets_to_recent_lows_and_ignores_noise() -> None:
    # The lowest low of bars 1 and 2 is 9.
    candles = wide(10, 10, 11, 10)
    ratchet = ADVANCED | {"k_init": 3, "use_swing_ratchet": True, "swing_lookback": 2, "struct_buffer_atr": 0}
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ratchet) == (3, "stop_hit")
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ratchet | {"struct_buffer_atr": 0.25}) is None
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ratchet, noise_filter_atr=1.1) is None
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **ratchet, noise_filter_atr=1) == (3, "stop_hit")


def test_the_advanced_atr_stop_uses_the_largest_of_its_ranges_and_the_floor() -> None:
    candles = wide(10, 10, 9)
    halved = ADVANCED | {"alpha_fast": 0.5, "alpha_slow": 0.5, "alpha_htf": 0.5}
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **halved) == (2, "stop_hit"), "stop 9, low 8"
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **halved, atr_floor=2.5) is None
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **halved | {"alpha_htf": 1.5}) is None
    assert left_at("AdvancedATRExitMixin", candles, 10, 2, **halved | {"alpha_htf": 1.5}, use_htf_atr=False) is not None


def test_a_fixed_ratio_and_a_time() -> None:
    assert left_at("FixedRatioExitMixin", flats(10, 10.9, 11), 10, 0) == (2, "take_profit")
    assert left_at("FixedRatioExitMixin", flats(10, 9.6, 9.5), 10, 0) == (2, "stop_loss")
    assert left_at("TimeBasedExitMixin", flats(10, 10, 10), 10, 0, max_bars=2) == (2, "time_limit_bars")
    assert left_at("TimeBasedExitMixin", flats(10, 10), 10, 0, max_bars=0) == (0, "time_limit_bars")
    minutes = {"use_time": True, "max_minutes": 6}
    assert left_at("TimeBasedExitMixin", flats(10, 10, 10), 10, 0, **minutes) == (2, "time_limit_minutes")


def test_moving_averages_cross() -> None:
    # Means of one and of two closes: 11 over 10.5, then 10 under 10.5 (exponential: 10.17).
    assert left_at("MACrossoverExitMixin", flats(10, 11, 10), 10, 2, fast_period=1, slow_period=2) == (
        2,
        "sma_crossover",
    )
    exponential = {"fast_period": 1, "slow_period": 2, "ma_type": "Ema"}
    assert left_at("MACrossoverExitMixin", flats(10, 11, 10), 10, 2, **exponential) == (2, "ema_crossover")
    assert left_at("MACrossoverExitMixin", flats(10, 10, 9), 10, 2, fast_period=1, slow_period=2) is None


def test_rsi_and_upper_band_are_left_downwards() -> None:
    # RSI over one change 100, then 0; the band at one deviation is 11 at both bars, at two 11.5.
    candles = flats(10, 11, 10)
    names = {"rsi_period": 1, "bb_period": 2}
    both = names | {"rsi_overbought": 100, "bb_dev": 1}
    assert left_at("RSIBBExitMixin", candles, 10, 2, **both) == (2, "rsi_bb_cross_exit")
    assert left_at("RSIBBExitMixin", candles, 10, 2, **both | {"bb_dev": 2}) is None
    assert left_at("RSIBBExitMixin", candles, 10, 2, **both | {"rsi_overbought": 101}) is None
    assert left_at("RSIOrBBExitMixin", candles, 10, 2, **both) == (2, "rsi_or_bb_rsi_cross_bb_cross")
    assert left_at("RSIOrBBExitMixin", candles, 10, 2, **both | {"bb_dev": 2}) == (2, "rsi_or_bb_rsi_cross")
    assert left_at("RSIOrBBExitMixin", candles, 10, 2, **both | {"rsi_overbought": 101}) == (2, "rsi_or_bb_bb_cross")


def test_the_trailing_stop_is_strict_and_silent_below_the_activation() -> None:
    # 12 x 0.5 = 6: a close of 6 is not below it.
    candles = flats(10, 12, 6, 5.9)
    assert left_at("TrailingStopExitMixin", candles, 10, 0, trail_pct=0.5) == (3, "trailing_stop")
    assert left_at("TrailingStopExitMixin", candles, 10, 0, trail_pct=0.5, activation_pct=0.1) is None
    assert left_at("TrailingStopExitMixin", flats(10, 12, 11, 10.9), 10, 0, trail_pct=0.05, activation_pct=0.1) == (
        2,
        "trailing_stop",
    )
    by_range = {"use_atr": True, "atr_period": 1, "atr_multiplier": 1}
    # Highest close 12, range 2: a close of 10 is not below 10; then a range of 2 and a close of 9.
    assert left_at("TrailingStopExitMixin", wide(10, 11, 12, 11, 10, 9), 11, 1, **by_range) == (5, "trailing_stop")


QUICK = {"resistance_lookback": 1, "eom_period": 1}


def test_support_of_the_previous_bar_gives_way() -> None:
    # Support 2; ease -0.5 then -1, true range 0.5 then 1, volume 200 over 150; 2 x 0.9 = 1.8.
    candles = [*flats(5, 4, 2, 3, 2.5), flat(1.5, 200)]
    quick = QUICK | {"vol_ma_period": 2, "atr_period": 1}
    assert left_at("EOMBreakdownExitMixin", candles, 3, 4, **quick, breakdown_threshold=0.1) == (
        5,
        "breakdown_momentum",
    )
    assert left_at("EOMBreakdownExitMixin", candles, 3, 4, **quick, breakdown_threshold=0.3) is None
    assert left_at("EOMBreakdownExitMixin", candles, 3, 4, **quick | {"vol_ma_period": 1}) is None


def test_a_macd_cross_below_support() -> None:
    # Support 3; MACD over signal at bar 4, under it at bar 5; 3 x 0.9 = 2.7.
    candles = [*flats(6, 3, 6, 6, 6), flat(2, 200)]
    quick = QUICK | {"macd_fast_period": 1, "macd_slow_period": 2, "macd_signal_period": 2, "vol_ma_period": 2}
    assert left_at("EOMMAcdBreakdownExitMixin", candles, 6, 4, **quick, support_threshold=0.1) == (5, "macd_breakdown")
    assert left_at("EOMMAcdBreakdownExitMixin", candles, 6, 4, **quick, support_threshold=0.4) is None


def test_resistance_turns_the_price_back() -> None:
    # Resistance 6, high 5.5; RSI over two changes goes from 73.3 to 55.6.
    candles = [*flats(3, 4, 6, 5, 4.5, 5.5), Candle(5.5, 5.5, 5.1, 5.2)]
    quick = QUICK | {"rsi_period": 2, "rsi_overbought": 50, "resistance_threshold": 0.9}
    assert left_at("EOMRejectionExitMixin", candles, 5, 5, **quick) == (6, "resistance_rejection")
    assert left_at("EOMRejectionExitMixin", candles, 5, 5, **quick | {"resistance_threshold": 0.95}) is None
    assert left_at("EOMRejectionExitMixin", candles, 5, 5, **quick | {"rsi_overbought": 56}) is None


def test_the_highest_of_three_atr_stops_holds() -> None:
    # Trailing by one range: 10, 11, 11; break-even at 12 puts 10.6, which stays.
    candles = wide(10, 10, 11, 12, 11, 10.5)
    stops = {"htf_atr_period": 1, "ltf_atr_period": 1, "micro_atr_period": 1, "htf_sl_multiplier": 2}
    name = "MultiLevelAtrExitMixin"
    assert left_at(name, candles, 10, 2, **stops, ltf_sl_multiplier=1) == (5, "multi_tf_atr_stop")
    assert left_at(name, candles, 10, 2, **stops, ltf_sl_multiplier=3) == (5, "multi_tf_atr_stop")
    assert left_at(name, candles, 10, 2, **stops, ltf_sl_multiplier=3, be_activation_atr=1.5) is None
    wide_only = stops | {"htf_sl_multiplier": 0.5, "ltf_sl_multiplier": 9, "be_activation_atr": 9}
    assert left_at(name, wide(10, 10, 9, 8.9), 10, 2, **wide_only) == (3, "multi_tf_atr_stop"), "9 is not below 9"


def test_a_livelier_market_widens_the_atr_stops() -> None:
    # True ranges 3 and 4, mean 3.5: the stop is 12.5 - 4 x 4 / 3.5 = 7.93, plain 8.5.
    candles = [*wide(10, 10, 12), Candle(12, 12, 8, 8)]
    stops = {"htf_atr_period": 1, "ltf_atr_period": 1, "micro_atr_period": 1, "be_activation_atr": 9}
    near = stops | {"htf_sl_multiplier": 9, "ltf_sl_multiplier": 1, "vol_sma_period": 2}
    assert left_at("MultiLevelAtrExitMixin", candles, 12.5, 3, **near) == (3, "multi_tf_atr_stop")
    assert left_at("MultiLevelAtrExitMixin", candles, 12.5, 3, **near, use_dynamic_k=True) is None
