"""The trading engine against the reference: random bots on random markets, run through and cut off anywhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import a_csv
from reference.random_bots import a_random_bot
from reference.random_markets import a_random_market
from reference.simulator import simulate
from reference.trade import MONEY_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS

from common.clock import SystemClock
from common.spec import BotSpec, read_spec
from common.trading.money import round_money, round_percent
from common.wire.facts import AnyFact, Checkpoint, TradeChanged
from common.wire.ticket import LinkTicket, Places, RowFacts, Ticket
from worker.engine.run import Outcome, Trading
from worker.progress import Progress

SEEDS = range(40)


class Record:
    """Takes the place of the journal: keeps what was committed, and cuts the life off after so many commits."""

    def __init__(self) -> None:
        self.trades: dict[str, TradeChanged] = {}
        self.checkpoint: Checkpoint | None = None
        self.left: int | None = None
        self.trading: Trading | None = None

    def __call__(self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False) -> None:
        for fact in facts:
            if isinstance(fact, TradeChanged):
                self.trades[fact.trade_key] = fact
        if checkpoint is not None:
            self.checkpoint = Checkpoint.model_validate_json(checkpoint.model_dump_json())
        if self.left is not None:
            self.left -= 1
            if self.left <= 0 and self.trading is not None:
                self.trading.request_stop()


def a_ticket(config: dict[str, Any], folder: Path, incarnation: int) -> Ticket:
    link = LinkTicket(endpoint="ipc://nowhere", token="t", heartbeat_interval=5, credit=8, orphan_grace=300, lease=300)
    places = Places(state_dir=folder, pid_file=folder / "pid", log_file=folder / "log", output_file=folder / "output")
    return Ticket(
        row=RowFacts(bot_id=1),
        config=config,
        bot_uid="1-x",
        install_tag="test",
        incarnation=incarnation,
        generation="g",
        link=link,
        places=places,
        process_title="botvisor: bot 1 test",
        checkpoint_bars=7,
    )


def spec_of(config: dict[str, Any]) -> BotSpec:
    reading = read_spec(config, RowFacts(bot_id=1))
    assert reading.spec is not None, reading.errors
    return reading.spec


def one_life(config: dict[str, Any], folder: Path, record: Record, incarnation: int = 1) -> Outcome:
    trading = Trading(
        spec_of(config), a_ticket(config, folder, incarnation), record.checkpoint, record, Progress(), SystemClock()
    )
    record.trading = trading
    return trading.run()


def columns(fact: TradeChanged) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(fact, name) for name in TEXT_COLUMNS}
    for name in TIME_COLUMNS:
        value = getattr(fact, name)
        row[name] = value.replace(tzinfo=None) if value else None
    for name in MONEY_COLUMNS:
        amount: Decimal | None = getattr(fact, name)
        row[name] = None if amount is None else round_money(amount)
    row["pnl_percentage"] = None if fact.pnl_percentage is None else round_percent(fact.pnl_percentage)
    return row


def assert_same(record: Record, expected: list[dict[str, Any]]) -> None:
    actual = [columns(fact) for fact in record.trades.values()]
    for number, (mine, theirs) in enumerate(zip(actual, expected, strict=False)):
        different = {name: (mine[name], theirs[name]) for name in theirs if mine[name] != theirs[name]}
        assert not different, f"trade {number} (engine, reference): {different}"
    assert len(actual) == len(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_bot_trades_as_the_reference_says(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    csv = a_csv(tmp_path / "market.csv", a_random_market(chance))
    config = a_random_bot(chance, csv)
    record = Record()
    assert one_life(config, tmp_path, record) is Outcome.FINISHED
    assert_same(record, simulate(config, csv).all_trades)


@pytest.mark.parametrize("seed", SEEDS)
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
