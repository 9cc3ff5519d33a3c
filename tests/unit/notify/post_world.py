"""A postman at work on a real database, and facts put in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from waiting import wait_until

from common.clock import SystemClock
from supervisor.news_settings import NewsSettings
from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.postman import Postman
from supervisor.notify.sender import AppriseSender
from supervisor.notify.terms import service_of, terms_of
from supervisor.notify.wish_book import WishBook
from supervisor.store.bots import insert_bot
from supervisor.store.commands import RecordIncident
from supervisor.store.engine import reading, writing
from supervisor.store.outbox import Outbox
from supervisor.store.shape import read_shape
from supervisor.store.writing import carry_out
from supervisor.telemetry.prometheus import PrometheusMeter

QUICK = {"notify_gather": 0.0, "notify_timeout": 2.0, "notify_stop": 0.0}


class SteppedClock(SystemClock):
    """The machine's clock, some time ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class PostWorld:
    """Puts facts in, and reads what became of the news of them."""

    engine: Engine
    settings: NewsSettings
    book: WishBook
    clock: SteppedClock
    meter: PrometheusMeter

    def bot(self, name: str = "Dipper", **notifications: Any) -> int:
        config = {"name": name, "symbol": "BTCUSDT", "notifications": notifications}
        with writing(self.engine) as connection:
            shape = read_shape(connection)
            return insert_bot(
                connection, shape, config=config, status="running", description=None, at=datetime.now(UTC)
            )

    def incident(self, key: str, bot_id: int | None = None, severity: str = "error", message: str = "broke") -> None:
        """Record an incident as the recorder does."""
        command = RecordIncident(
            key=key,
            bot_id=bot_id,
            severity=severity,  # type: ignore[arg-type]
            error_class="strategy",
            message=message,
            at=self.clock.now(),
        )
        with writing(self.engine) as connection:
            shape = read_shape(connection)
            outbox = Outbox(shape, self.book)
            carry_out(connection, shape, [command], self.clock.now(), outbox=outbox)
        outbox.committed()

    def tell(self, *notices: Notice) -> None:
        """Put news of the service into the outbox."""
        with writing(self.engine) as connection:
            outbox = Outbox(read_shape(connection), self.book)
            outbox.tell(connection, notices)
        outbox.committed()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with reading(self.engine) as connection:
            return [dict(row._mapping) for row in connection.execute(text(sql))]

    def count(self, table: str, where: str = "1 = 1") -> int:
        return int(self.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"])

    def states(self) -> list[str]:
        return [row["state"] for row in self.rows("SELECT state FROM outbox_deliveries ORDER BY id")]

    def until_settled(self, count: int) -> None:
        wait_until(
            f"{count} deliveries settled",
            lambda: self.count("outbox_deliveries", "state IN ('delivered', 'failed')") >= count,
        )

    @contextmanager
    def postman(self) -> Iterator[Postman]:
        """A postman that works until the block is left; what it has not sent then waits."""
        book = self.book
        url = self.engine.url.render_as_string(hide_password=False)
        terms = terms_of(self.settings)
        postman = Postman(url, terms, book, AppriseSender(terms.telegram_api), self.meter, self.clock)
        book.wake = postman.wake
        postman.start()
        book.database_taken()
        try:
            yield postman
        finally:
            book.wake = lambda: None
            postman.stop()


def post_world(engine: Engine, **settings: Any) -> PostWorld:
    """A world with these settings of notifications, named as their fields."""
    made = NewsSettings(**QUICK | settings)
    return PostWorld(engine, made, WishBook(service_of(made)), SteppedClock(), PrometheusMeter())


def a_notice(number: int = 1, **changes: Any) -> Notice:
    """News of the service."""
    values: dict[str, Any] = {
        "key": f"service/{number}",
        "bot_id": None,
        "kind": Kind.SYSTEM,
        "topic": "failover",
        "priority": Priority.NORMAL,
        "at": datetime.now(UTC),
        "facts": {"message": f"failover {number}"},
    }
    return Notice(**values | changes)
