"""The trading engine against the reference: random bots on random markets, run through and cut off anywhere."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from builders import a_csv
from reference.engine_lives import Outcome, Record, assert_same, one_life
from reference.random_bots import a_random_bot
from reference.random_markets import a_random_market
from reference.simulator import simulate

SEEDS = [*range(20), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(20, 600))]
CUT_OFF_SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 200))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_bot_trades_as_the_reference_says(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    csv = a_csv(tmp_path / "market.csv", a_random_market(chance))
    config = a_random_bot(chance, csv)
    record = Record()
    assert one_life(config, tmp_path, record) is Outcome.FINISHED
    assert_same(record, simulate(config, csv).all_trades)


@pytest.mark.parametrize("seed", CUT_OFF_SEEDS)
def test_a_bot_cut_off_again_and_again_trades_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(1000 + seed)
    csv = a_csv(tmp_path / "market.csv", a_random_market(chance, 300))
    config = a_random_bot(chance, csv)
    record = Record()
    for incarnation in range(1, 400):
        record.left = chance.randint(1, 6)
        if one_life(config, tmp_path, record, incarnation) is Outcome.FINISHED:
            break
    assert_same(record, simulate(config, csv).all_trades)
