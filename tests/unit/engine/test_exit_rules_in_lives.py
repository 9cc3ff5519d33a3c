"""Exit rules in the engine: the values at the fill, kills within a trade, positions found open."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from engine_scenes import (
    HOUR,
    START,
    Killed,
    Record,
    at,
    file_data,
    live,
    spec_for,
    ticket_for,
    write_bars,
)

from common.spec import BotSpec, LogicSpec, StrategySpec
from common.wire.ticket import TradeRow
from worker.strategies.custom import CustomStrategy
from worker.strategies.mixins.catalogue import EXITS

D = Decimal
ALWAYS = LogicSpec(name="RSIOrBBEntryMixin", params={"e_rsi_period": 1, "e_bb_period": 1, "e_rsi_oversold": 100})
PARAMETERS: dict[str, dict[str, Any]] = {
    "ATRExitMixin": {"atr_period": 5},
    "SimpleATRExitMixin": {"atr_period": 5},
    "AdvancedATRExitMixin": {"p_slow": 9, "swing_lookback": 4, "max_trail_freq": 3, "k_init": 3.0},
    "MACrossoverExitMixin": {"fast_period": 3, "slow_period": 6},
    "RSIBBExitMixin": {"rsi_period": 4, "rsi_overbought": 55, "bb_period": 5, "bb_dev": 0.5},
    "RSIOrBBExitMixin": {"rsi_period": 4, "bb_period": 5},
    "TimeBasedExitMixin": {"max_bars": 7},
    "TrailingStopExitMixin": {"use_atr": True, "atr_period": 5},
    "EOMBreakdownExitMixin": {"eom_period": 3, "vol_ma_period": 3, "atr_period": 3, "resistance_lookback": 1},
    "EOMMAcdBreakdownExitMixin": {
        "macd_fast_period": 3,
        "macd_slow_period": 5,
        "macd_signal_period": 2,
        "eom_period": 2,
        "vol_ma_period": 3,
        "resistance_lookback": 1,
        "support_threshold": 0.0,
    },
    "EOMRejectionExitMixin": {
        "eom_period": 2,
        "rsi_period": 3,
        "rsi_overbought": 40,
        "resistance_lookback": 1,
        "resistance_threshold": 0.9,
    },
    "MultiLevelAtrExitMixin": {"ltf_atr_period": 5, "use_dynamic_k": True, "vol_sma_period": 6},
}


def a_bot(folder: Path, rows: Any, name: str, **parameters: Any) -> BotSpec:
    leaving = LogicSpec(name=name, logic_params=parameters or PARAMETERS.get(name, {}))
    strategy = StrategySpec(type="CustomStrategy", position_size=D("0.5"), entry=ALWAYS, exit=leaving)
    return spec_for(file_data(write_bars(folder, rows)), strategy=strategy)


def a_walk(seed: int, count: int) -> list[tuple[float, ...]]:
    chance, price, rows = random.Random(seed), 100.0, []
    for i in range(count):
        opened, price = price, round(price * (1 + chance.gauss(0.006 if i // 15 % 2 else -0.006, 0.01)), 4)
        high, low = max(opened, price) + chance.random(), min(opened, price) - chance.random()
        rows.append((opened, round(high, 4), round(low, 4), price, round(chance.expovariate(0.01), 3)))
    return rows


def story(record: Record) -> list[Any]:
    return [
        (trade.entry_time, trade.entry_price, trade.exit_time, trade.exit_price, trade.exit_reason)
        for trade in record.trades()
    ]


class Mortal(Record):
    """Kills the life at its n-th commit, when that is on disk."""

    left = 0

    def commit(self, facts: Any, checkpoint: Any, *, deliver: bool = False, **_: bool) -> None:
        super().commit(facts, checkpoint, deliver=deliver)
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("name", EXITS)
def test_a_bot_that_is_killed_within_its_trades_leaves_them_as_one_that_lives(name: str, tmp_path: Path) -> None:
    spec = a_bot(tmp_path, a_walk(8, 240), name)
    undisturbed = story(live(spec, CustomStrategy).record)
    assert [trade for trade in undisturbed if trade[-1] is not None]
    chance, record = random.Random(name), Mortal()
    for life in range(1, 500):
        record.left = chance.randint(1, 4)
        try:
            live(spec, CustomStrategy, record=record, ticket=ticket_for(life), checkpoint=record.newest)
        except Killed:
            continue
        break
    assert life > 5
    assert story(record) == undisturbed


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        ("SimpleATRExitMixin", {"atr_period": 2}, "atr_trailing_stop"),
        ("AdvancedATRExitMixin", {"p_fast": 1, "p_slow": 1, "swing_lookback": 1, "k_init": 2.0}, "stop_hit"),
    ],
)
def test_the_first_stop_is_made_of_the_range_before_the_fill(
    name: str, parameters: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    calm, wide = (100.0, 100.5, 99.5, 100.0), (100.0, 120.0, 97.0, 97.5)
    # decided at bar 2, filled at 100 on the wide bar: stop 100 - 2 x 1; with the wide bar it were far below
    record = live(a_bot(tmp_path, [calm, calm, calm, wide, calm], name, **parameters), CustomStrategy).record
    assert story(record)[0] == (at(3), D(100), at(4), D(100), reason)


def an_open_row(entered: Any, price: int = 100) -> TradeRow:
    return TradeRow(
        row_id=1,
        symbol="BTCUSDT",
        direction="long",
        status="open",
        size=D(1),
        entry_time=entered,
        entry_price=D(price),
        exit_time=None,
        net_pnl=None,
        commission=D("0.1"),
    )


@pytest.mark.parametrize("name", EXITS)
@pytest.mark.parametrize("entered", [START - 50 * HOUR, at(0), at(1), at(30)])
def test_a_position_found_open_is_managed_from_the_first_values_on(name: str, entered: Any, tmp_path: Path) -> None:
    spec = a_bot(tmp_path, a_walk(8, 240), name)
    life = live(spec, CustomStrategy, ticket=ticket_for(trades=[an_open_row(entered)]))
    first, *others = life.record.trades()
    assert first.adopted_row_id == 1
    assert first.exit_reason is not None
    assert others


@pytest.mark.parametrize(
    ("name", "reason"), [("SimpleATRExitMixin", "atr_trailing_stop"), ("AdvancedATRExitMixin", "stop_hit")]
)
def test_a_position_found_far_below_its_entry_price_is_left_at_the_first_question(
    name: str, reason: str, tmp_path: Path
) -> None:
    spec = a_bot(tmp_path, [(50.0, 50.5, 49.5, 50.0)] * 30, name)
    life = live(spec, CustomStrategy, ticket=ticket_for(trades=[an_open_row(START - HOUR)]))
    lookback = {"SimpleATRExitMixin": 5, "AdvancedATRExitMixin": 9}[name]
    assert story(life.record)[0][2:] == (at(lookback + 1), D(50), reason)
