"""The postman's own connection to the database: each method is one short transaction.

Belongs to the postman's thread. Transactions are kept small, because SQLite lets one writer in at a time and the
recorder shall not notice this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from loguru import logger
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from supervisor.notify.address import Address
from supervisor.notify.fate import next_try
from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.payload import content_of
from supervisor.notify.periods import PERIODS, Period, last_period
from supervisor.notify.routing import Person, Route, lacks, routes
from supervisor.notify.wish_book import WishBook
from supervisor.notify.wishes import Wishes
from supervisor.store import post_office
from supervisor.store.engine import PoolSettings, open_engine, reading, writing
from supervisor.store.faults import is_poison, message_of
from supervisor.store.message_history import (
    forget_messages,
    note_health,
    note_retry,
    settle_messages,
    settle_status,
)
from supervisor.store.outbox import Outbox
from supervisor.store.post_office import Claimed, Letter, Waiting
from supervisor.store.recipients import administrators, configs, owners
from supervisor.store.shape import Shape, read_shape
from supervisor.store.summaries import summary_figures, was_about

_AT_ONCE = 20
"""Notices routed in one transaction."""
_LATEST = timedelta(days=1)
"""A summary that could not be made in time is made until then."""

Schedule = dict[str, tuple[Address, datetime]]
"""Targets that something waits for, with the time from which the first may be sent."""


class PostRoom:
    """The outbox, the message history and the accounts, as the postman needs them.

    Every method raises TransientError while the database is away, ConfigurationError when a person has to mend it.
    """

    def __init__(self, url: str, book: WishBook) -> None:
        self._engine: Engine = open_engine(url, PoolSettings(size=1, max_overflow=1))
        self._book = book
        with reading(self._engine) as connection:
            self._shape: Shape = read_shape(connection)

    def close(self) -> None:
        """Give the connection up."""
        self._engine.dispose()

    def begin(self) -> Schedule:
        """Learn what bots wish and what still waits; what a process before us was sending waits again."""
        self._all_wishes()
        with writing(self._engine) as connection:
            post_office.take_back(connection)
            waiting = post_office.backlog(connection)
        return {target: (Address(target, channel), due) for target, (channel, due) in waiting.items()}

    def _all_wishes(self) -> list[Wishes]:
        """Of every bot; the configs are understood once the database is left alone."""
        with reading(self._engine) as connection:
            rows = configs(connection, self._shape)
        self._book.forget_all_but({bot_id for bot_id, _, _ in rows})
        return [self._book.wishes(bot_id, config, text) for bot_id, config, text in rows]

    def _wishes_of(self, connection: Connection, bots: set[int]) -> dict[int, Wishes]:
        rows = configs(connection, self._shape, bots)
        return {bot_id: self._book.wishes(bot_id, config, text) for bot_id, config, text in rows}

    def route(self, now: datetime) -> tuple[Schedule, bool]:
        """Put some of the newest notices on their ways; the ways, and whether more notices wait."""
        ways: Schedule = {}
        with writing(self._engine) as connection:
            waiting = post_office.new_notices(connection, _AT_ONCE)
            if not waiting:
                return ways, False
            bots = {one.notice.bot_id for one in waiting if one.notice.bot_id is not None}
            wishes = self._wishes_of(connection, bots)
            people = owners(connection, self._shape, bots)
            admins = administrators(connection, self._shape) if self._book.service.accounts_can_be_reached else []
            for one in waiting:
                for route in self._post(connection, one, now, wishes, people, admins):
                    known = ways.get(route.address.ref)
                    due = route.due_at if known is None else min(known[1], route.due_at)
                    ways[route.address.ref] = (route.address, due)
        return ways, len(waiting) == _AT_ONCE

    def _post(
        self,
        connection: Connection,
        one: Waiting,
        now: datetime,
        known: Mapping[int, Wishes],
        people: Mapping[int, tuple[int, Person]],
        admins: Sequence[Person],
    ) -> Sequence[Route]:
        """Put one notice on its ways. One that cannot be told is logged, and holds up no other."""
        try:
            letter = self._letter(one.outbox_id, one.notice, known, people, admins)
            with connection.begin_nested():
                post_office.post(connection, self._shape, letter, now)
        except SQLAlchemyError as error:
            if not is_poison(error):
                raise
            logger.error("the database refuses the message about {}: {}", one.notice.key, message_of(error))
        except Exception:  # noqa: BLE001 - facts that nobody foresaw must not end all notifications
            logger.exception("what {} says cannot be put into words", one.notice.key)
        else:
            return letter.routes
        post_office.pass_over(connection, one.outbox_id, now)
        return ()

    def _letter(
        self,
        outbox_id: int,
        notice: Notice,
        known: Mapping[int, Wishes],
        people: Mapping[int, tuple[int, Person]],
        admins: Sequence[Person],
    ) -> Letter:
        owner_id, owner = people.get(notice.bot_id or 0, (None, Person()))
        wishes = None
        if notice.bot_id is not None:
            gone = Wishes(bot_id=notice.bot_id, name=notice.bot_name or f"Bot {notice.bot_id}")
            wishes = known.get(notice.bot_id, gone)
        service = self._book.service
        return Letter(
            outbox_id=outbox_id,
            notice=notice,
            recipient=None if owner_id is None else str(owner_id),
            content=content_of(notice),
            routes=routes(notice, wishes, owner, admins, service),
            lacks=None if wishes is None else lacks(notice, wishes, owner, service),
        )

    def claim(self, target: str, now: datetime, most: int) -> list[Claimed]:
        """Deliveries to this target that go as one message now; reminders that nobody needs any more are dropped."""
        with writing(self._engine) as connection:
            while claimed := post_office.claim(connection, target, now, most):
                over = [one for one in claimed if one.reminders and one.acknowledged]
                if not over:
                    break
                post_office.finish(connection, self._shape, over, "delivered", now)
        return claimed

    def put_back(self, claimed: Sequence[Claimed], now: datetime) -> None:
        """They do not share the message after all."""
        if claimed:
            with writing(self._engine) as connection:
                post_office.wait_again(connection, claimed, now, None, tried=False)

    def next_due(self, target: str) -> datetime | None:
        """From when the next message to this target may be sent; None when none waits."""
        with reading(self._engine) as connection:
            return post_office.next_due(connection, target)

    def waiting(self) -> int:
        """How many deliveries wait."""
        with reading(self._engine) as connection:
            return post_office.waiting_count(connection)

    def delivered(
        self, claimed: Sequence[Claimed], now: datetime, seconds: float, repeat: timedelta | None
    ) -> datetime | None:
        """They arrived; when what is critical and not acknowledged among them is to be told again."""
        again = None
        with writing(self._engine) as connection:
            self._settle(connection, [one for one in claimed if not one.reminders], now, seconds, error=None)
            done = []
            for one in claimed:
                if one.notice.repeats and repeat is not None and not one.acknowledged:
                    again = now + repeat
                    post_office.remind(connection, one, again)
                else:
                    done.append(one)
            post_office.finish(connection, self._shape, done, "delivered", now)
            settle_messages(connection, self._shape, _messages(claimed), now)
        return again

    def failed(
        self,
        claimed: Sequence[Claimed],
        now: datetime,
        seconds: float,
        error: str,
        *,
        give_up: timedelta,
        down: bool,
    ) -> int:
        """They did not arrive: each is due again later, or given up. How many were given up."""
        lost: list[Claimed] = []
        with writing(self._engine) as connection:
            for one in claimed:
                due = next_try(one.attempts, one.created_at, now, give_up, down=down)
                if due is None:
                    lost.append(one)
                else:
                    post_office.wait_again(connection, [one], due, error)
            kept = [one for one in claimed if one not in lost]
            note_retry(connection, self._shape, _messages(kept), error)
            self._settle(connection, [one for one in lost if not one.reminders], now, seconds, error=error)
            post_office.finish(connection, self._shape, lost, "failed", now, error)
        return len(lost)

    def _settle(
        self, connection: Connection, claimed: Iterable[Claimed], now: datetime, seconds: float, error: str | None
    ) -> None:
        for one in claimed:
            if one.status_id is not None:
                settle_status(
                    connection,
                    self._shape,
                    one.status_id,
                    delivered=error is None,
                    at=now,
                    seconds=seconds,
                    error=error or "",
                )

    def note_health(self, target: str, values: Mapping[str, Any]) -> None:
        """Write how a target does."""
        with writing(self._engine) as connection:
            note_health(connection, self._shape, target, values)

    def write_summaries(self, now: datetime) -> None:
        """Write the summaries of periods that are over, each once."""
        periods = [last_period(name, now) for name in PERIODS]
        due = [period for period in periods if now - period.end < min(_LATEST, period.end - period.begin)]
        asked = [one for one in self._all_wishes() if Kind.REPORT in self._book.wanted(one)]
        with reading(self._engine) as connection:
            summaries = [
                (one, self._summary(connection, one, period))
                for one in asked
                for period in due
                if period.name in (one.periods or {"daily"})
            ]
        outbox = Outbox(self._shape, self._book)
        with writing(self._engine) as connection:
            for one, summary in summaries:
                if summary is not None:
                    outbox.tell(connection, [summary], {one.bot_id: one})
        outbox.committed()

    def _summary(self, connection: Connection, wishes: Wishes, period: Period) -> Notice | None:
        if not was_about(connection, self._shape, wishes.bot_id, period.end):
            return None
        figures = summary_figures(
            connection,
            self._shape,
            wishes.bot_id,
            period.begin,
            period.end,
            by_our_clock=wishes.recorded_market,
        )
        bounds = {"period": period.name, "begin": period.begin.isoformat(), "end": period.end.isoformat()}
        return Notice(
            key=f"report/{wishes.bot_id}/{period.name}/{period.begin.isoformat()}",
            bot_id=wishes.bot_id,
            bot_name=wishes.name,
            kind=Kind.REPORT,
            topic=period.name,
            priority=Priority.LOW,
            at=period.end,
            facts=bounds | figures,
        )

    def forget(self, before: datetime) -> int:
        """Delete told news and messages that are older; how many."""
        with writing(self._engine) as connection:
            return post_office.forget(connection, before) + forget_messages(connection, before)


def _messages(claimed: Iterable[Claimed]) -> list[int]:
    return sorted({one.message_id for one in claimed if one.message_id is not None})
