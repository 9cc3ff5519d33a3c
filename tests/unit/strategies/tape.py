"""Bars, and a small market that runs a strategy over them: fills at the next open, nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from common.spec import BotSpec, read_spec
from common.wire.ticket import RowFacts
from worker.engine.backtrader_import import bt
from worker.strategies.contract import BotStrategy, OpenPosition
from worker.strategies.custom import CustomStrategy

START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bar:
    open: float
    high: float
    low: float
    close: float
    volume: float = 100.0


def random_bars(seed: int, count: int, volatility: float = 0.01) -> list[Bar]:
    """A random walk that falls and rises in turns, with volumes that now and then stand out."""
    chance = random.Random(seed)
    price, bars = 100.0, []
    for i in range(count):
        drift = volatility * 0.6 * (-1 if (i // 25) % 2 else 1)
        opened, price = price, round(price * (1 + chance.gauss(drift, volatility)), 4)
        high = round(max(opened, price) * (1 + chance.random() * volatility), 4)
        low = round(min(opened, price) * (1 - chance.random() * volatility), 4)
        bars.append(Bar(opened, high, low, price, round(chance.expovariate(1 / 100.0), 3)))
    return bars


def closes_to_bars(closes: Sequence[float], volumes: Sequence[float] | None = None) -> list[Bar]:
    """Bars without wicks."""
    opened = [closes[0], *closes[:-1]]
    given = volumes if volumes is not None else [100.0] * len(closes)
    return [Bar(o, max(o, c), min(o, c), c, v) for o, c, v in zip(opened, closes, given, strict=True)]


def a_spec(entry: Any, leaving: Any, strategy_type: str = "CustomStrategy", **parameters: Any) -> BotSpec:
    """The spec of a config with these logics."""
    logics = {"entry_logic": entry, "exit_logic": leaving}
    given = {key: value for key, value in logics.items() if value is not None}
    config = {
        "symbol": "ETHBTC",
        "broker": {"type": "paper", "trading_mode": "paper"},
        "strategy": {"type": strategy_type, "parameters": {**given, **parameters}},
        "data": {"data_source": "simulated", "interval": "5m"},
    }
    reading = read_spec(config, RowFacts(bot_id=1, user_id=1, description="tape", status="enabled"))
    assert reading.spec is not None, reading.problems
    return reading.spec


@dataclass
class TapeDesk:
    """A desk over a list of bars: market orders fill at the next open."""

    bars: Sequence[Bar]
    interval: timedelta = timedelta(minutes=5)
    denies: Callable[[int], bool] = lambda bar: False
    bar_number: int = -1
    position: OpenPosition | None = None
    order: tuple[str, str] | None = None
    strategy: BotStrategy | None = None
    entries: list[tuple[int, str]] = field(default_factory=list)
    exits: list[tuple[int, str]] = field(default_factory=list)
    failures: list[tuple[int, str, Exception]] = field(default_factory=list)
    keeps_waiting: bool = False

    @property
    def bar_time(self) -> datetime:
        return START + self.bar_number * self.interval

    @property
    def pending(self) -> bool:
        return self.order is not None

    @property
    def may_evaluate(self) -> bool:
        return True

    def mark(self) -> None:
        """Nothing here draws an equity curve."""

    def enter(self, reason: str, *, confidence: float = 1.0, risk_multiplier: float = 1.0) -> bool:
        if self.denies(self.bar_number):
            return False
        self.entries.append((self.bar_number, reason))
        self.order = ("enter", reason)
        return True

    def report_failure(self, where: str, error: Exception) -> None:
        self.failures.append((self.bar_number, where, error))

    def leave(self, reason: str) -> None:
        self.exits.append((self.bar_number, reason))
        self.order = ("leave", reason)

    def next_bar(self) -> Bar | None:
        """Go to the next bar and fill what waits at its open, before its indicators are computed."""
        if self.bar_number + 1 == len(self.bars):
            return None
        self.bar_number += 1
        bar = self.bars[self.bar_number]
        if self.order is not None and not self.keeps_waiting:
            self._fill(bar)
        return bar

    def _fill(self, bar: Bar) -> None:
        assert self.order is not None
        assert self.strategy is not None
        (kind, reason), self.order = self.order, None
        if kind == "enter":
            price = Decimal(repr(bar.open))
            self.position = OpenPosition(
                direction="long",
                size=Decimal(1),
                entry_price=price,
                entry_time=self.bar_time,
                entry_bar=self.bar_number,
            )
            self.strategy.on_entry(self.position)
        else:
            self.position = None
            self.strategy.on_exit(reason)


class Tape(bt.feed.DataBase):  # type: ignore[misc]
    """Delivers the desk's bars one by one, as a live feed does."""

    params = (("desk", None),)

    def islive(self) -> bool:
        return True

    def _load(self) -> bool:
        bar = self.p.desk.next_bar()
        if bar is None:
            return False
        self.lines.datetime[0] = bt.date2num(self.p.desk.bar_time.replace(tzinfo=None))
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self.lines, name)[0] = getattr(bar, name)
        self.lines.openinterest[0] = 0.0
        return True


def on_tape(strategy: type[BotStrategy]) -> type[BotStrategy]:
    """The strategy, decided on at every bar."""

    def begin(self: BotStrategy) -> None:
        strategy.__init__(self)
        self.desk.strategy = self  # type: ignore[attr-defined]

    return type(strategy.__name__, (strategy,), {"__init__": begin, "next": lambda self: self.on_bar()})


def play(
    spec: BotSpec | None, desk: TapeDesk, strategy: type[BotStrategy] = CustomStrategy, exactbars: int = -1
) -> BotStrategy:
    """Run to the end of the bars; returns the strategy."""
    cerebro = bt.Cerebro(stdstats=False, exactbars=exactbars, quicknotify=True)
    cerebro.adddata(Tape(desk=desk))
    cerebro.addstrategy(on_tape(strategy), desk=desk, spec=spec)
    (ran,) = cerebro.run()
    assert isinstance(ran, BotStrategy)
    return ran
