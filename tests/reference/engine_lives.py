"""Lives of the trading engine in this process, their trades kept in memory and compared with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from reference.trade import MONEY_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS

from common.clock import SystemClock
from common.spec import BotSpec, read_spec
from common.trading.money import round_money, round_percent
from common.wire.facts import AnyFact, Checkpoint, TradeChanged
from common.wire.ticket import LinkTicket, Places, RowFacts, Ticket
from worker.engine.run import Outcome, Trading
from worker.progress import Progress

OPEN_ENDED_REASONS = ("breakdown_momentum", "macd_breakdown", "resistance_rejection")
"""Reasons of which only the beginning is settled."""


class Record:
    """Takes the place of the journal: keeps what was committed, and cuts the life off after so many commits."""

    def __init__(self) -> None:
        self.trades: dict[str, TradeChanged] = {}
        self.checkpoint: Checkpoint | None = None
        self.left: int | None = None
        self.trading: Trading | None = None

    def __call__(
        self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, **_: bool
    ) -> None:
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
        different = {name: (mine[name], theirs[name]) for name in theirs if not _agree(name, mine[name], theirs[name])}
        if different:
            raise AssertionError(f"trade {number} (engine, reference): {different}")
    if len(actual) != len(expected):
        raise AssertionError(f"{len(actual)} trades by the engine, {len(expected)} by the reference")


def _agree(name: str, mine: object, theirs: object) -> bool:
    if name == "exit_reason" and theirs in OPEN_ENDED_REASONS:
        return isinstance(mine, str) and mine.startswith(str(theirs))
    return mine == theirs
