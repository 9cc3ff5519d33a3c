"""Which message goes to which target now, and what follows from what became of it.

Belongs to the postman's thread. Each target has a health of its own, so one that hangs or refuses delays no other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from loguru import logger

from common.clock import Clock
from supervisor.notify.address import Address
from supervisor.notify.attempts import Attempt, Attempts
from supervisor.notify.channel_health import ChannelHealth, rate_of
from supervisor.notify.parcel import Parcel, Receipt
from supervisor.notify.payload import payload_of, words_of
from supervisor.notify.phrasing import group_of
from supervisor.notify.terms import Terms
from supervisor.notify.wish_book import WishBook
from supervisor.store.post_office import Claimed
from supervisor.store.post_room import PostRoom, Schedule

if TYPE_CHECKING:
    from supervisor.notify.postman import DeliveryMeter

_LINES = 50
"""Notices that may share one message."""
_NOTE_EVERY = 60.0
"""Seconds between notes of a target's good health."""
_GONE = "no config and no setting names this target any more"


class Delivery:
    """Targets, their health, and what they wait for."""

    def __init__(
        self,
        room: PostRoom,
        terms: Terms,
        book: WishBook,
        attempts: Attempts,
        meter: DeliveryMeter,
        clock: Clock,
        health: dict[str, ChannelHealth],
    ) -> None:
        """`health` outlives this: a new one is made whenever the database was away."""
        self._room = room
        self._terms = terms
        self._book = book
        self._attempts = attempts
        self._meter = meter
        self._clock = clock
        self._noted: dict[str, tuple[str, float]] = {}
        self._health = health
        self._due: Schedule = room.begin()

    def expect(self, ways: Schedule) -> None:
        """Something new waits."""
        for target, (address, due) in ways.items():
            known = self._due.get(target)
            self._due[target] = (address, due if known is None else min(known[1], due))

    def dispatch(self, hurry: timedelta) -> None:
        """Begin an attempt for every target that is ready and has something due."""
        now, moment = self._clock.now() + hurry, self._clock.monotonic()
        for address, due in sorted(self._due.values(), key=lambda one: one[1]):
            ready = self._health_of(address).ready_at(moment)
            if due > now or ready is None or ready > moment:
                continue
            if not self._attempts.room:
                return
            self._send(address, now)

    def _health_of(self, address: Address) -> ChannelHealth:
        found = self._health.get(address.ref)
        if found is None:
            found = ChannelHealth(rate_of(address.channel), refilled_at=self._clock.monotonic())
            self._health[address.ref] = found
        return found

    def _send(self, address: Address, now: datetime) -> None:
        health = self._health_of(address)
        claimed = self._room.claim(address.ref, now, 1 if health.parked else _LINES)
        if claimed and address.channel == "webhook" and group_of(claimed[0].notice.kind) == "trade":
            claimed = self._alone(claimed)
        if not claimed:
            self._look_again(address)
            return
        moment = self._clock.monotonic()
        attempt = Attempt(address.ref, address.channel, claimed, moment + self._terms.timeout)
        self._health[address.ref] = health.began(moment)
        url = self._terms.url(address.ref) or self._book.url(address.ref)
        if url is None:
            self._fail(attempt, Receipt(False, _GONE), give_up=timedelta(0))
            self._health[address.ref] = health
            return
        try:
            self._attempts.begin(attempt, self._parcel(url, claimed))
        except RuntimeError as error:
            self._fail(attempt, Receipt(False, str(error)))

    def _alone(self, claimed: list[Claimed]) -> list[Claimed]:
        """A program reads one trade a message."""
        self._room.put_back(claimed[1:], self._clock.now())
        return claimed[:1]

    def _parcel(self, url: str, claimed: list[Claimed]) -> Parcel:
        notices = [one.notice for one in claimed]
        message = words_of(notices, claimed[0].reminders)
        return Parcel(url=url, message=message, payload=payload_of(notices), timeout=self._terms.timeout)

    def take_in_receipts(self) -> bool:
        """Write down what became of attempts; whether there were any."""
        any_ended = False
        for attempt, receipt in self._attempts.ended():
            any_ended = True
            health = self._health.get(attempt.target)
            if health is not None:
                self._health[attempt.target] = health.freed()
            try:
                self._settle(attempt, receipt)
            except Exception:
                self._attempts.not_settled(attempt, receipt)
                raise
        for attempt in self._attempts.newly_late(self._clock.monotonic()):
            any_ended = True
            error = f"no answer within {self._terms.timeout:g} s"
            self._fail(attempt, Receipt(False, error, self._terms.timeout), still_busy=True)
        return any_ended

    def _settle(self, attempt: Attempt, receipt: Receipt) -> None:
        if receipt.delivered:
            self._succeed(attempt, receipt)
        elif not attempt.late:
            self._fail(attempt, receipt)

    def _succeed(self, attempt: Attempt, receipt: Receipt) -> None:
        address, now = Address(attempt.target, attempt.channel), self._clock.now()
        before = self._health_of(address)
        if before.parked:
            logger.info("notifications to {} get through again", attempt.target)
        self._health[attempt.target] = before.succeeded()
        self._room.delivered(attempt.claimed, now, receipt.seconds, self._terms.repeat)
        for _ in attempt.claimed:
            self._meter.notified(attempt.channel, "delivered")
        self._look_again(address)
        self._note(address, {"last_success": now, "avg_response_time_ms": round(receipt.seconds * 1000)})

    def _fail(
        self, attempt: Attempt, receipt: Receipt, *, still_busy: bool = False, give_up: timedelta | None = None
    ) -> None:
        address, now, error = Address(attempt.target, attempt.channel), self._clock.now(), receipt.error or ""
        health = self._health_of(address).failed(self._clock.monotonic(), error, still_busy=still_busy)
        self._health[attempt.target] = health
        limit = self._terms.give_up if give_up is None else give_up
        lost = self._room.failed(attempt.claimed, now, receipt.seconds, error, give_up=limit, down=health.parked)
        for number in range(len(attempt.claimed)):
            self._meter.notified(attempt.channel, "failed" if number < lost else "retried")
        told = f"{lost} given up" if lost else "it is tried again"
        logger.warning(
            "a notification to {} failed ({}); {}{}",
            attempt.target,
            error,
            told,
            "; the target counts as down" if health.failures == 3 else "",
        )
        self._look_again(address)
        self._note(address, {"last_failure": now})

    def _look_again(self, address: Address) -> None:
        due = self._room.next_due(address.ref)
        if due is None:
            self._due.pop(address.ref, None)
        else:
            self._due[address.ref] = (address, due)

    def _note(self, address: Address, values: dict[str, Any]) -> None:
        """Write down how a target does: each failure and change, and now and then that all is well."""
        health, moment = self._health_of(address), self._clock.monotonic()
        word, noted_at = self._noted.get(address.ref, ("", 0.0))
        if health.word == word == "HEALTHY" and moment - noted_at < _NOTE_EVERY:
            return
        self._noted[address.ref] = (health.word, moment)
        values |= {
            "status": health.word,
            "failure_count": health.failures,
            "error_message": health.last_error,
            "checked_at": self._clock.now().astimezone(UTC),
        }
        self._room.note_health(address.ref, values)

    def seconds_to_rest(self, hurry: timedelta) -> float | None:
        """Until the next message may go or the next attempt is late; None when neither is in sight."""
        now, moment = self._clock.now() + hurry, self._clock.monotonic()
        moments = []
        for address, due in self._due.values():
            ready = self._health_of(address).ready_at(moment)
            if ready is not None:
                moments.append(max((due - now).total_seconds(), ready - moment))
        deadline = self._attempts.next_deadline()
        if deadline is not None:
            moments.append(deadline - moment)
            if not self._attempts.room:
                return max(0.0, deadline - moment)
        return max(0.0, min(moments)) if moments else None

    def is_idle(self, until: float, hurry: timedelta) -> bool:
        """Whether nothing is under way and nothing can go before the monotonic time `until`."""
        rest = self.seconds_to_rest(hurry)
        return self._attempts.awaited == 0 and (rest is None or self._clock.monotonic() + rest >= until)
