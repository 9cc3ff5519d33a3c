"""What a strategy may see and ask: the desk, the bar, its own open position.

A strategy decides; the desk sizes, checks the limits, journals and trades. Strategies never see the
venue, the journal, the socket or the settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol

from common.errors import ConfigurationError
from common.spec import BotSpec
from common.spec.intervals import Interval
from common.spec.strategy import PARAMETER_FIELDS
from common.trading.signal import Signal
from worker.engine.backtrader_import import bt
from worker.strategies.parameters import Parameter, Resolution, Values, resolve_plain
from worker.strategies.timeframe import Timeframe

__all__ = ["KEPT_BARS", "BarLoop", "BotStrategy", "Desk", "Direction", "OpenPosition", "Signal"]
PARAMETERS = "strategy.parameters"
READ_FOR_EVERY_TYPE = frozenset(field.name for field in PARAMETER_FIELDS)
"""Keys of `strategy.parameters` that mean the same for every strategy type."""

Direction = Literal["long", "short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """The bot's open position as a strategy sees it."""

    direction: Direction
    size: Decimal
    entry_price: Decimal
    entry_time: datetime
    """Timestamp of the bar of the entry fill, as in the data (its open)."""
    entry_bar: int
    """Number of the bar of the entry fill."""


class Desk(Protocol):
    """The engine's side of the conversation. All calls come from the trading thread."""

    @property
    def bar_number(self) -> int:
        """Number of the current bar: its row index in the data, from 0."""

    @property
    def bar_time(self) -> datetime:
        """Timestamp of the current bar as in the data (its open), aware UTC."""

    @property
    def position(self) -> OpenPosition | None:
        """The open position, or None when flat."""

    @property
    def pending(self) -> bool:
        """Whether an order waits for its fill."""

    @property
    def may_evaluate(self) -> bool:
        """False while the bar is history or was already decided in an earlier life."""

    def mark(self) -> None:
        """Take the equity of this bar's close into the equity curve; the engine has done so before `on_bar`."""

    def signal(self, signal: Signal) -> bool:
        """Have a signal checked, sized and traded. False when its check or a limit refused it, which is recorded.

        Only within `on_bar`; raises BotvisorError elsewhere.
        """

    def enter(self, reason: str, *, confidence: float = 1.0, risk_multiplier: float = 1.0) -> bool:
        """Short for a signal to buy at this close. False when it was refused, which is recorded.

        Only within `on_bar`; raises BotvisorError elsewhere.
        """

    def leave(self, reason: str) -> None:
        """Short for a signal to sell at this close; nothing happens when flat or when an exit is under way.

        Only within `on_bar`; raises BotvisorError elsewhere.
        """

    def report_failure(self, where: str, error: Exception) -> None:
        """A rule of the strategy failed and counts as "no"; reported now and then, with the number of times."""


class BarLoop(Protocol):
    """The engine's side of a bar: what surrounds the strategy's decision."""

    def close_bar(self, ready: bool) -> None:
        """The indicators have taken the bar in; `ready` when their minimum periods are met."""


class EarlierBar(Protocol):
    """A closed bar before the first one the strategy is run over."""

    @property
    def opened_at(self) -> datetime:
        """Its timestamp."""

    @property
    def ohlcv(self) -> tuple[float, float, float, float, float]:
        """open, high, low, close, volume."""


KEPT_BARS = 512
"""Values kept of any line (price or indicator), the current one included, so that memory stays flat.

An indicator's own period is kept where it is longer. Reading farther back gives meaningless values, as
backtrader's lines do before their first bar.
"""


class BotStrategy(bt.Strategy):  # type: ignore[misc]  # backtrader is untyped
    """Root of all strategies: CustomStrategy and plugins.

    Subclasses build their indicators in `__init__` (after `super().__init__()`) and decide in `on_bar`,
    which is called once per closed bar that may be evaluated, in bar order, when the minimum periods of
    backtrader indicators are met. `next` and `prenext` belong to the engine.
    """

    params = (("desk", None), ("spec", None), ("loop", None), ("earlier", ()), ("plugin_dirs", ()))

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    """What it reads of `strategy.parameters`. Validation, `botctl strategies show` and `values` read this table."""

    timeframes: ClassVar[tuple[str, ...]] = ()
    """Longer intervals that the strategy reads too, such as `("1h", "1d")`; see `higher`."""

    desk: Desk
    spec: BotSpec
    values: Values
    """Every parameter of the table by its plain name, checked: the config's value, else the default."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = self.p.desk
        self.spec = self.p.spec
        self.values = values_of(type(self), self.spec)
        self._higher = higher_timeframes(type(self).timeframes, self.spec)
        self._earlier: Iterable[EarlierBar] = self.p.earlier

    def higher(self, interval: str) -> Timeframe:
        """The completed bars of one of `timeframes`, joined from the bot's own.

        Raises ConfigurationError for one that the class does not declare.
        """
        if interval not in self._higher:
            name = type(self).__name__
            raise ConfigurationError(f"{name} does not declare {interval}; add it: timeframes = ({interval!r},)")
        return self._higher[interval]

    def on_bar(self) -> None:
        """Decide on the current closed bar."""
        raise TypeError(f"{type(self).__name__} defines no on_bar")

    def on_entry(self, position: OpenPosition) -> None:
        """The entry was filled.

        Indicator values seen here are those of the decision bar, the last one closed before the fill. Also
        called for a position that was found open and whose strategy state is unknown.
        """

    def on_exit(self, reason: str) -> None:
        """The position was closed; the strategy is flat."""

    def state(self) -> dict[str, Any]:
        """What the next life needs to go on, as JSON values. Indicators are not part of it: they are computed again."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned; called before the first bar, warm-up included."""

    def prenext(self) -> None:
        """A bar before the minimum periods are met."""
        if self._higher:
            self._take_in()
        if self.p.loop is not None:
            self.p.loop.close_bar(False)

    def next(self) -> None:
        """A bar of the running market."""
        if self._higher:
            self._take_in()
        if self.p.loop is not None:
            self.p.loop.close_bar(True)
        elif self.desk.may_evaluate:
            self.on_bar()

    def _take_in(self) -> None:
        """Let the longer bars grow by this bar, after those before the first one."""
        for bar in self._earlier:
            for timeframe in self._higher.values():
                timeframe.take(bar.opened_at, bar.ohlcv)
        self._earlier = ()
        data, at = self.data, self.desk.bar_time
        values = data.open[0], data.high[0], data.low[0], data.close[0], data.volume[0]
        for timeframe in self._higher.values():
            timeframe.take(at, values)

    def qbuffer(self, savemem: int = 0, replaying: bool = False) -> None:
        """Bound all lines to KEPT_BARS, or to their own need where that is larger."""
        super().qbuffer(1, replaying=replaying)
        for line in _lines_of(self):
            line.minbuffer(KEPT_BARS)


def read_parameters(strategy: type[BotStrategy], spec: BotSpec) -> Resolution:
    """The values of the strategy's own parameters in `spec`, and what is wrong with them.

    A class without a table reads `strategy.parameters` as it likes; then nothing is judged here.
    """
    table = tuple(strategy.parameters)
    if not table:
        return Resolution({}, (), {})
    return resolve_plain(table, spec.strategy.parameters, PARAMETERS, strategy.__name__, READ_FOR_EVERY_TYPE)


def values_of(strategy: type[BotStrategy], spec: BotSpec) -> Values:
    """The values alone. Raises ConfigurationError, naming every mistake."""
    reading = read_parameters(strategy, spec)
    mistakes = [problem.message for problem in reading.problems if problem.severity == "error"]
    if mistakes:
        raise ConfigurationError("; ".join(mistakes))
    return reading.values


def higher_timeframes(names: Iterable[str], spec: BotSpec) -> dict[str, Timeframe]:
    """A fresh timeframe for each name. Raises ConfigurationError for one that the bot's bars cannot be joined into."""
    made: dict[str, Timeframe] = {}
    for name in names:
        try:
            interval = Interval.of(name)
        except ValueError as rule:
            raise ConfigurationError(f"the strategy's timeframe {name!r} {rule}") from None
        made[name] = Timeframe(interval, spec.data.bar_interval, KEPT_BARS)
    return made


def _lines_of(node: Any) -> list[Any]:
    """The line buffers of a strategy or indicator, of its data feeds and of all indicators below it."""
    lines = list(node.lines)
    for data in getattr(node, "datas", ()):
        lines.extend(getattr(data, "lines", ()))
    for kind in getattr(node, "_lineiterators", {}).values():  # line expressions have none
        for child in kind:
            lines.extend(_lines_of(child))
    return lines
