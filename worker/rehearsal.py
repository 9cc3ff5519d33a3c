"""A strategy over a few bars, traded by the engine that trades for bots: for the tests of plugins.

Nothing is written anywhere, no supervisor is needed, and the same bars give the same trades.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from common.clock import SystemClock
from common.errors import ConfigurationError
from common.spec import BotSpec, read_spec
from common.trading.round_trip import RoundTrip
from common.wire.facts import AnyFact, Checkpoint
from common.wire.ticket import LinkTicket, Places, RowFacts, Ticket
from worker.backtest.ledger import Ledger
from worker.engine.run import Outcome, Trading
from worker.feeds.bar import Bar
from worker.progress import Progress
from worker.strategies.contract import BotStrategy
from worker.strategies.registry import everything
from worker.strategies.validation import validate_for

START = datetime(2024, 1, 1, tzinfo=UTC)
"""Timestamp of bar 0."""
INTERVAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it."""

    trades: tuple[RoundTrip, ...]
    """In order of entry; an open one is the last."""
    denials: Mapping[str, int]
    """Refused entries by rule."""

    @staticmethod
    def bar_of(moment: datetime | None) -> int | None:
        """Number of the bar with that timestamp; None for None."""
        return None if moment is None else round((moment - START) / INTERVAL)


def rehearse(
    strategy: type[BotStrategy],
    bars: Sequence[Sequence[float]],
    parameters: Mapping[str, Any] | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    plugin_dirs: Sequence[Path] = (),
    restart_after: int | None = None,
) -> Rehearsal:
    """Trade `bars`, each (open, high, low, close) with an optional volume, an hour apart.

    The account starts with 10,000 and pays no commission. `parameters` is the config's `strategy.parameters`,
    `config` replaces other sections of it, `plugin_dirs` are for mixins of plugins. With `restart_after` the bot's
    life ends after the bar of that number, and another takes over.
    Raises ConfigurationError when the config is refused, and whatever the strategy raises.
    """
    spec = _spec(strategy, dict(parameters or {}), config or {}, tuple(plugin_dirs))
    source = _Listed(bars)
    rehearsal = _Lives(spec, strategy, source, tuple(plugin_dirs))
    if restart_after is not None:
        rehearsal.live(until=restart_after)
    rehearsal.live()
    return Rehearsal(tuple(rehearsal.ledger.trades()), dict(rehearsal.ledger.denials))


def bars_of(closes: Sequence[float]) -> tuple[tuple[float, float, float, float], ...]:
    """Bars with these closes that open at the close before and have no wicks."""
    opens = [*closes[:1], *closes[:-1]]
    return tuple((o, max(o, c), min(o, c), c) for o, c in zip(opens, closes, strict=True))


def plugin(name: str, folder: Path) -> type[BotStrategy]:
    """The strategy type `name` of the plugins in `folder`, found as a worker finds it. Raises ConfigurationError."""
    discovery = everything([folder])
    for found in discovery.found:
        if found.name == name:
            return found.strategy
    known = ", ".join(found.name for found in discovery.found)
    faults = "".join(f"; {fault}" for fault in discovery.faults)
    raise ConfigurationError(f"{folder} has no strategy type {name}; known: {known}{faults}")


def _spec(
    strategy: type[BotStrategy], parameters: dict[str, Any], config: Mapping[str, Any], plugin_dirs: tuple[Path, ...]
) -> BotSpec:
    base = {
        "name": "rehearsal",
        "symbol": "BTCUSDT",
        "broker": {"type": "paper", "trading_mode": "paper", "cash": 10000.0, "commission": 0.0},
        "strategy": {"type": strategy.__name__, "parameters": parameters},
        "data": {"data_source": "simulated", "interval": "1h", "history": False, "speed": 0},
    }
    reading = read_spec({**base, **config}, _ROW)
    if reading.draft is not None:
        reading = reading.joined(validate_for(strategy, reading.draft, plugin_dirs))
    if reading.spec is None:
        raise ConfigurationError("; ".join(problem.message for problem in reading.errors))
    return reading.spec


class _Lives:
    """Lives of one bot, one after the other."""

    def __init__(
        self, spec: BotSpec, strategy: type[BotStrategy], source: _Listed, plugin_dirs: tuple[Path, ...]
    ) -> None:
        self._spec = spec
        self._strategy = strategy
        self._source = source
        self._plugin_dirs = plugin_dirs
        self._count = 0
        self._checkpoint: Checkpoint | None = None
        self._trading: Trading | None = None
        self._until: int | None = None
        self.ledger = Ledger(self._committed)

    def live(self, until: int | None = None) -> Outcome:
        """One life, to the end of the bars or until the bar `until` is decided."""
        self._count += 1
        self._until = until
        ticket = _ticket(self._count, self._plugin_dirs)
        trading = Trading(
            self._spec,
            ticket,
            self._checkpoint,
            self._commit,
            Progress(),
            SystemClock(),
            strategy=self._strategy,
            source=self._source,
        )
        self._trading = trading
        return trading.run()

    def _commit(self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, **_: bool) -> None:
        self.ledger.commit(facts, checkpoint)

    def _committed(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is None:
            return
        # As a journal does it: what the next life sees has been JSON in between.
        self._checkpoint = Checkpoint.model_validate_json(checkpoint.model_dump_json())
        bar = Rehearsal.bar_of(checkpoint.bar_at)
        if self._until is not None and bar is not None and bar >= self._until and self._trading is not None:
            self._trading.request_stop()


class _Listed:
    """Bars from a list, as a source."""

    warm_up_limit = None
    live_from = None

    def __init__(self, bars: Sequence[Sequence[float]]) -> None:
        self._bars = [_bar(number, values) for number, values in enumerate(bars)]

    @property
    def length(self) -> int | None:
        return len(self._bars)

    def rows_until(self, moment: datetime) -> int:
        return sum(bar.opened_at <= moment for bar in self._bars)

    def bars(self, start: int = 0) -> Iterator[Bar]:
        return iter(self._bars[start:])


def _bar(number: int, values: Sequence[float]) -> Bar:
    opened, high, low, close = map(float, values[:4])
    volume = float(values[4]) if len(values) > 4 else 100.0
    at = START + number * INTERVAL
    return Bar(number, at, at + INTERVAL, opened, high, low, close, volume)


_ROW = RowFacts(bot_id=1)


def _ticket(incarnation: int, plugin_dirs: tuple[Path, ...]) -> Ticket:
    """The ticket of a life without a supervisor: there is nobody to reach and nothing to keep."""
    nowhere = Path()
    return Ticket(
        row=_ROW,
        config={},
        bot_uid="rehearsal",
        install_tag="test",
        incarnation=incarnation,
        generation="",
        link=LinkTicket(endpoint="", token="", heartbeat_interval=1.0, credit=1, orphan_grace=0.0, lease=0.0),
        places=Places(state_dir=nowhere, pid_file=nowhere, log_file=nowhere, output_file=nowhere),
        checkpoint_bars=1,
        process_title="",
        plugin_dirs=plugin_dirs,
    )
