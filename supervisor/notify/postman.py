"""The postman: takes news out of the outbox and sees to it that it is sent.

One thread with a database connection of its own. Nobody waits for it: it is woken, never called. What it has not sent
when it ends, or when its process is killed, waits in the outbox for the next one.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Protocol

from loguru import logger

from common.clock import Clock
from common.errors import BotvisorError
from supervisor.notify.attempts import Attempts
from supervisor.notify.channel_health import ChannelHealth
from supervisor.notify.delivery import Delivery
from supervisor.notify.sender import Sender
from supervisor.notify.terms import Terms
from supervisor.notify.wish_book import WishBook
from supervisor.store.post_room import PostRoom

_FIRST_RETRY, _LONGEST_RETRY = 1.0, 30.0
_LONGEST_REST = 60.0
_SUMMARIES_AFTER = timedelta(seconds=10)
"""Time after the end of a period in which its last trades are recorded."""
_PATIENCE = 2.0
"""Seconds of grace, beyond those of the settings, that a stop waits for the thread."""


class DeliveryMeter(Protocol):
    """Told of what becomes of messages, on the postman's thread."""

    def notified(self, channel: str, outcome: str) -> None:
        """A message was `delivered`, `retried` or `failed`."""

    def news_waiting(self, count: int) -> None:
        """So many deliveries wait."""


class Postman:
    """The thread and its round."""

    def __init__(self, url: str, terms: Terms, book: WishBook, sender: Sender, meter: DeliveryMeter, clock: Clock):
        self._url = url
        self._terms = terms
        self._book = book
        self._clock = clock
        self._meter = meter
        self._wake = threading.Event()
        self._stop_at: float | None = None
        self._news = True
        self._attempts = Attempts(sender, self._wake.set)
        self._health: dict[str, ChannelHealth] = {}
        self._summaries_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def wake(self) -> None:
        """There is news in the outbox. From any thread; returns at once."""
        self._news = True
        self._wake.set()

    def start(self) -> None:
        """Start the thread; it rests until the database is ours."""
        self._thread.start()

    def stop(self) -> None:
        """Send what can be sent in the seconds the settings allow, and end; the rest waits in the outbox."""
        self._stop_at = self._clock.monotonic() + self._terms.stop
        self._wake.set()
        self._thread.join(self._terms.stop + _PATIENCE)

    def _run(self) -> None:
        delay = _FIRST_RETRY
        while not self._over():
            if not self._book.is_open.is_set():
                if self._stop_at is not None:
                    return
                self._rest(None)
                continue
            try:
                self._serve()
                delay = _FIRST_RETRY
            except BotvisorError as error:
                logger.debug("notifications wait for the database: {}", error)
            except Exception:  # noqa: BLE001 - a mistake here must not end all notifications
                logger.exception("the postman met what it did not foresee; it tries again in {:.0f} s", delay)
            self._rest(None if self._over() else delay)
            delay = min(_LONGEST_RETRY, delay * 2)

    def _over(self) -> bool:
        return self._stop_at is not None and self._clock.monotonic() >= self._stop_at

    def _rest(self, seconds: float | None) -> None:
        if self._stop_at is not None:
            left = max(0.0, self._stop_at - self._clock.monotonic())
            seconds = left if seconds is None else min(seconds, left)
        if not self._wake.wait(_LONGEST_REST if seconds is None else min(seconds, _LONGEST_REST)):
            self._news = self._news or seconds is None or seconds >= _LONGEST_REST
        self._wake.clear()

    def _serve(self) -> None:
        """Rounds, until it is over or the database fails."""
        room = PostRoom(self._url, self._book)
        try:
            delivery = Delivery(room, self._terms, self._book, self._attempts, self._meter, self._clock, self._health)
            self._news = True
            while not self._over():
                more = delivery.take_in_receipts()
                unrouted = self._route(room, delivery)
                self._write_summaries(room)
                delivery.dispatch(self._hurry())
                if self._stop_at is not None and not unrouted and delivery.is_idle(self._stop_at, self._hurry()):
                    self._stop_at = self._clock.monotonic()
                    return
                if not (unrouted or more):
                    self._rest(self._patience(delivery))
        finally:
            room.close()

    def _route(self, room: PostRoom, delivery: Delivery) -> bool:
        if not self._news:
            return False
        self._news = False  # before looking: what comes meanwhile is looked for again
        ways, more = room.route(self._clock.now())
        delivery.expect(ways)
        self._news = self._news or more
        return more

    def _hurry(self) -> timedelta:
        """How much earlier than due messages go: who stops waits for no bursts."""
        return timedelta(0) if self._stop_at is None else self._book.service.gather

    def _patience(self, delivery: Delivery) -> float | None:
        moments = [delivery.seconds_to_rest(self._hurry())]
        if self._summaries_at is not None:
            moments.append(max(0.0, (self._summaries_at - self._clock.now()).total_seconds()))
        return min((moment for moment in moments if moment is not None), default=None)

    def _write_summaries(self, room: PostRoom) -> None:
        """Shortly after each full hour, and at the start; old messages are forgotten along with it."""
        now = self._clock.now()
        if self._stop_at is not None or (self._summaries_at is not None and now < self._summaries_at):
            return
        room.write_summaries(now)
        room.forget(now - self._terms.keep)
        self._meter.news_waiting(room.waiting())
        hour = now.replace(minute=0, second=0, microsecond=0)
        this = hour + _SUMMARIES_AFTER
        self._summaries_at = this if now < this else this + timedelta(hours=1)
