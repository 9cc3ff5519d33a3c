"""Small markets, scripted strategies and a recording commit for tests of the trading loop."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from common.clock import SystemClock
from common.spec import BotSpec, BrokerSpec, DataSpec, FileSpec, PaperSpec, RiskSpec, StrategySpec, TradingSpec
from common.wire.facts import AnyFact, Checkpoint, EntryDenied, OrderChanged, TradeChanged
from common.wire.ticket import LinkTicket, Places, Recovery, RowFacts, Ticket, TradeRow
from worker.engine.run import Outcome, Trading
from worker.progress import Progress
from worker.strategies.contract import BotStrategy, OpenPosition

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FREE = BrokerSpec(type="paper", start_balance=Decimal(1000), commission_rate=Decimal(0))


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


def at(bar: int) -> datetime:
    """Timestamp of bar number `bar`."""
    return START + bar * HOUR


def write_bars(folder: Path, rows: Sequence[Sequence[float]], start: datetime = START, step: timedelta = HOUR) -> Path:
    """A candle file; a row is (open, high, low, close) with an optional volume."""
    path = folder / "bars.csv"
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for number, row in enumerate(rows):
            stamp = int((start + number * step).timestamp())
            writer.writerow([stamp, *row[:4], row[4] if len(row) > 4 else 1.0])
    return path


def flat(price: float) -> tuple[float, float, float, float]:
    """A bar that does not move."""
    return price, price, price, price


def file_data(path: Path, **changes: Any) -> DataSpec:
    values: dict[str, Any] = {
        "source": "file",
        "symbol": "BTCUSDT",
        "file": FileSpec(path=str(path)),
        "market_identity": "market",
    }
    return DataSpec(**{**values, **changes})


def spec_for(
    data: DataSpec,
    *,
    broker: BrokerSpec = FREE,
    strategy: StrategySpec | None = None,
    risk: RiskSpec | None = None,
    trading: TradingSpec | None = None,
    paper: PaperSpec | None = None,
    symbol: str = "BTCUSDT",
) -> BotSpec:
    """A bot that puts half of its cash into an entry unless told otherwise."""
    return BotSpec(
        bot_id=7,
        name="scene",
        symbol=symbol,
        broker=broker if paper is None else broker.model_copy(update={"paper": paper}),
        strategy=strategy or StrategySpec(position_size=Decimal("0.5")),
        data=data,
        trading=trading or TradingSpec(),
        risk=risk or RiskSpec(),
    )


def ticket_for(incarnation: int = 1, trades: Sequence[TradeRow] = (), **changes: Any) -> Ticket:
    nowhere = Path("/nonexistent")
    values: dict[str, Any] = {
        "row": RowFacts(bot_id=7),
        "config": {},
        "bot_uid": "7-x",
        "install_tag": "test",
        "incarnation": incarnation,
        "generation": "g",
        "link": LinkTicket(endpoint="ipc://x", token="t", heartbeat_interval=1, credit=8, orphan_grace=300, lease=300),
        "places": Places(state_dir=nowhere, pid_file=nowhere, log_file=nowhere, output_file=nowhere),
        "process_title": "t",
        "recovery": Recovery(trades=tuple(trades)),
    }
    return Ticket(**{**values, **changes})


@dataclass
class Record:
    """What a supervisor would know: every committed fact, every checkpoint."""

    facts: list[AnyFact] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    delivered: list[bool] = field(default_factory=list)
    batches: list[tuple[AnyFact, ...]] = field(default_factory=list)

    def commit(
        self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, **_: bool
    ) -> None:
        self.facts.extend(facts)
        self.batches.append(tuple(facts))
        self.delivered.append(deliver or bool(facts))
        if checkpoint is not None:
            # as the journal does it: what the next life sees has been JSON in between
            self.checkpoints.append(Checkpoint.model_validate_json(checkpoint.model_dump_json()))

    @property
    def newest(self) -> Checkpoint | None:
        return self.checkpoints[-1] if self.checkpoints else None

    def trades(self) -> list[TradeChanged]:
        """The last state of each trade, in order of entry."""
        last: dict[str, TradeChanged] = {}
        for fact in self.facts:
            if isinstance(fact, TradeChanged):
                last[fact.trade_key] = fact
        return list(last.values())

    def orders(self) -> list[OrderChanged]:
        """The last state of each order, in order of appearance."""
        last: dict[str, OrderChanged] = {}
        for fact in self.facts:
            if isinstance(fact, OrderChanged):
                last[fact.client_order_id] = fact
        return list(last.values())

    def denials(self) -> list[EntryDenied]:
        return [fact for fact in self.facts if isinstance(fact, EntryDenied)]

    def of(self, kind: str) -> list[Any]:
        return [fact for fact in self.facts if fact.kind == kind]


class Scripted(BotStrategy):
    """Does what its script says: bar number → ("enter", reason) or ("leave", reason)."""

    script: Mapping[int, Any] = {}
    seen: list[Any] = []

    def on_bar(self) -> None:
        order = self.script.get(self.desk.bar_number)
        self.seen.append(("bar", self.desk.bar_number))
        if order is None:
            return
        if callable(order):
            order(self)
        elif order[0] == "enter":
            self.desk.enter(order[1])
        else:
            self.desk.leave(order[1])

    def on_entry(self, position: OpenPosition) -> None:
        self.seen.append(("entry", position.entry_bar))

    def on_exit(self, reason: str) -> None:
        self.seen.append(("exit", reason))


def scripted(script: Mapping[int, Any]) -> type[Scripted]:
    return type("Scene", (Scripted,), {"script": dict(script), "seen": []})


BUY = ("enter", "signal")
SELL = ("leave", "done")


@dataclass
class Life:
    """One life that ran to its end."""

    outcome: Outcome
    record: Record
    progress: Progress
    strategy: type[Any]


def live(
    spec: BotSpec,
    strategy: type[BotStrategy],
    *,
    record: Record | None = None,
    ticket: Ticket | None = None,
    checkpoint: Checkpoint | None = None,
) -> Life:
    """Run a life on `spec` until it ends by itself."""
    record = record or Record()
    progress = Progress()
    trading = Trading(
        spec, ticket or ticket_for(), checkpoint, record.commit, progress, SystemClock(), strategy=strategy
    )
    return Life(trading.run(), record, progress, strategy)


def play(folder: Path, rows: Sequence[Sequence[float]], script: Mapping[int, Any], **parts: Any) -> Record:
    """Trade `rows` by `script` in one life and return what was recorded."""
    data = file_data(write_bars(folder, rows), **parts.pop("data", {}))
    return live(spec_for(data, **parts), scripted(script)).record
