"""What backtrader believes the broker is: a mirror of the book, and the place where a bar's fills happen."""

from __future__ import annotations

from typing import Any, Protocol

from common.errors import BotvisorError
from worker.book.book import Book
from worker.engine.backtrader_import import bt
from worker.engine.feed import ClosedBars
from worker.feeds.bar import Bar
from worker.strategies.contract import BotStrategy


class UseTheDesk(BotvisorError):
    """A strategy called an order method of backtrader that has no meaning here."""


class BarOpener(Protocol):
    """Who is told of each new bar before the indicators take it in."""

    def attach(self, strategy: BotStrategy) -> None:
        """The strategy exists now."""

    def open_bar(self, bar: Bar) -> None:
        """A bar has closed."""


class MirrorBroker(bt.broker.BrokerBase):  # type: ignore[misc]  # backtrader is untyped
    """Shows cash, value and position of the book; the position's truth is never here."""

    cerebro: Any

    def __init__(self, book: Book, session: BarOpener) -> None:
        super().__init__()
        self._book = book
        self._session = session
        self._seen: Bar | None = None
        self.startingcash = float(book.start_balance)
        self.feed: ClosedBars | None = None

    def next(self) -> None:
        """Each round: a bar that is new is opened, after the data moved and before the indicators do."""
        bar = None if self.feed is None else self.feed.bar
        if bar is None or bar is self._seen:
            return
        if self._seen is None:
            self._session.attach(self.cerebro.runningstrats[0])
        self._seen = bar
        self._session.open_bar(bar)

    def get_notification(self) -> None:
        """Orders are not backtrader's here; there is nothing to notify."""

    def getcash(self) -> float:
        """Cash of the book."""
        return float(self._book.cash)

    get_cash = getcash

    def getvalue(self, datas: Any = None) -> float:
        """Equity at the last close marked."""
        return float(self._book.curve.equity)

    get_value = getvalue

    def getposition(self, data: Any = None, clone: bool = True) -> Any:
        """The open position as backtrader's, size 0 when flat."""
        trade = self._book.trade
        if trade is None:
            return bt.Position(0.0, 0.0)
        return bt.Position(float(trade.open_quantity), float(trade.entry_price))

    def buy(self, *_: Any, **__: Any) -> None:
        """Refused: the bot's rules size an entry. Raises UseTheDesk."""
        raise UseTheDesk("self.buy() is not available: sizes follow the bot's rules; call self.desk.enter(reason)")

    def sell(self, *_: Any, **__: Any) -> None:
        """Refused: a position is left whole, with a reason. Raises UseTheDesk."""
        raise UseTheDesk("self.sell() and self.close() are not available; call self.desk.leave(reason)")

    def cancel(self, order: Any) -> None:
        """Refused. Raises UseTheDesk."""
        raise UseTheDesk("orders are the desk's; a strategy cannot cancel them")
