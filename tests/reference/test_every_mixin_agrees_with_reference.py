"""Every entry and every exit in the trading engine against the reference, on random and on recorded markets.

Each test also counts: a mixin that hardly trades would agree about nothing.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from builders import RECORDED, a_bot, a_csv
from reference.engine_lives import Outcome, Record, assert_same, one_life
from reference.entries import ENTRIES
from reference.exits import EXITS
from reference.random_bots import a_bot_of
from reference.random_markets import a_coarse_market, a_random_market
from reference.simulator import simulate

REASONS = {
    "ATRExitMixin": ["stop_loss"],
    "SimpleATRExitMixin": ["atr_trailing_stop"],
    "AdvancedATRExitMixin": ["stop_hit"],
    "FixedRatioExitMixin": ["take_profit", "stop_loss"],
    "MACrossoverExitMixin": ["sma_crossover", "ema_crossover"],
    "RSIBBExitMixin": ["rsi_bb_cross_exit"],
    "RSIOrBBExitMixin": ["rsi_or_bb_rsi_cross", "rsi_or_bb_bb_cross", "rsi_or_bb_rsi_cross_bb_cross"],
    "TimeBasedExitMixin": ["time_limit_bars", "time_limit_minutes"],
    "TrailingStopExitMixin": ["trailing_stop"],
    "EOMBreakdownExitMixin": ["breakdown_momentum"],
    "EOMMAcdBreakdownExitMixin": ["macd_breakdown"],
    "EOMRejectionExitMixin": ["resistance_rejection"],
    "MultiLevelAtrExitMixin": ["multi_tf_atr_stop"],
}
ALL_ENTRIES, ALL_EXITS = list(ENTRIES), list(EXITS)
FEW = 5
TWO_DRAWS = ("first", "second")
CANDLES = RECORDED / "ETH_BTC-5m.csv"
recorded = pytest.mark.skipif(not CANDLES.exists(), reason="recorded market data is not at hand")

Trades = list[dict[str, Any]]


def agreed_trades(folder: Path, entry: str, leave: str, seed: object, csv: Path | None = None) -> Trades:
    """The trades of a random bot of these mixins, after the engine was seen to make the same."""
    chance = random.Random(f"{entry} {leave} {seed}")
    market = csv or a_csv(folder / "market.csv", a_random_market(chance))
    config = a_bot_of(chance, market, entry, leave)
    record = Record()
    assert one_life(config, folder, record) is Outcome.FINISHED
    expected = simulate(config, market).all_trades
    assert_same(record, expected)
    return expected


def five_exits(entry: str) -> list[str]:
    """Nine times five names take every exit at least three times."""
    first = 5 * ALL_ENTRIES.index(entry)
    return [ALL_EXITS[(first + step) % len(ALL_EXITS)] for step in range(5)]


def three_entries(leave: str) -> list[str]:
    first = 3 * ALL_EXITS.index(leave) + 1
    return [ALL_ENTRIES[(first + step) % len(ALL_ENTRIES)] for step in range(3)]


@pytest.mark.parametrize("entry", ALL_ENTRIES)
def test_every_entry_trades_as_the_reference_says_whatever_ends_the_trade(tmp_path: Path, entry: str) -> None:
    trades = [agreed_trades(tmp_path, entry, leave, draw) for leave in five_exits(entry) for draw in TWO_DRAWS]
    assert sum(map(len, trades)) >= 5 * FEW


@pytest.mark.parametrize("leave", ALL_EXITS)
def test_every_exit_ends_trades_as_the_reference_says_whatever_began_them(tmp_path: Path, leave: str) -> None:
    pairs = [(entry, draw) for entry in three_entries(leave) for draw in TWO_DRAWS]
    trades = [trade for entry, draw in pairs for trade in agreed_trades(tmp_path, entry, leave, draw)]
    assert sum(trade["exit_reason"] in REASONS[leave] for trade in trades) >= 2 * FEW


@pytest.mark.slow
@pytest.mark.parametrize("leave", ALL_EXITS)
def test_each_reason_of_an_exit_is_met(tmp_path: Path, leave: str) -> None:
    met = {
        trade["exit_reason"]
        for seed in range(6)
        for trade in agreed_trades(tmp_path, "RSIOrBBEntryMixin", leave, seed)
        if trade["status"] == "closed"
    }
    assert met == set(REASONS[leave])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 30))])
@pytest.mark.parametrize("leave", ALL_EXITS)
def test_ties_fall_to_the_same_side(tmp_path: Path, leave: str, seed: int) -> None:
    csv = a_csv(tmp_path / "market.csv", a_coarse_market(random.Random(f"{leave} {seed}")))
    for entry in three_entries(leave):
        agreed_trades(tmp_path, entry, leave, seed, csv)


@pytest.mark.parametrize("output", ["slowk", "slowd"])
def test_an_oscillator_may_stand_in_for_rsi(tmp_path: Path, output: str) -> None:
    """The bands have the longest period, so that the oscillator's part in the lookback does not matter."""
    periods = {"fastk_period": 5, "slowk_period": 3, "slowd_period": 4}
    bands = {"timeperiod": 30, "nbdevdn": 1.5}
    listed = [
        {"type": "STOCH", "params": periods, "fields_mapping": {output: "entry_rsi"}},
        {"type": "BBANDS", "params": bands, "fields_mapping": {"lowerband": "entry_bb_lower"}},
    ]
    csv = a_csv(tmp_path / "market.csv", a_random_market(random.Random(output)))
    config = a_bot(csv)
    parameters = config["strategy"]["parameters"]
    parameters["entry_logic"] = {"name": "RSIOrBBEntryMixin", "indicators": listed, "logic_params": {"oversold": 20}}
    record = Record()
    assert one_life(config, tmp_path, record) is Outcome.FINISHED
    expected = simulate(config, csv).all_trades
    assert_same(record, expected)
    assert len(expected) >= FEW


QUICKLY = ("AdvancedATRExitMixin",)


@recorded
@pytest.mark.parametrize(
    "leave", [leave if leave in QUICKLY else pytest.param(leave, marks=pytest.mark.slow) for leave in ALL_EXITS]
)
def test_recorded_candles_make_the_same_trades(tmp_path: Path, leave: str) -> None:
    entry = ALL_ENTRIES[ALL_EXITS.index(leave) % len(ALL_ENTRIES)]
    trades = [trade for draw in TWO_DRAWS for trade in agreed_trades(tmp_path, entry, leave, draw, CANDLES)]
    assert sum(trade["exit_reason"] in REASONS[leave] for trade in trades) >= FEW


@recorded
@pytest.mark.slow
@pytest.mark.parametrize("entry", ALL_ENTRIES)
@pytest.mark.parametrize("leave", ALL_EXITS)
def test_recorded_candles_make_the_same_trades_for_every_pair(tmp_path: Path, entry: str, leave: str) -> None:
    agreed_trades(tmp_path, entry, leave, "pairs", CANDLES)
