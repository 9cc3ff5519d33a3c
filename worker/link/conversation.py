"""What is said on the worker's socket, and when. Owned by the link thread.

Nothing is delivered before the supervisor has welcomed this connection: a new connection announces itself with
an empty message (ZMQ_PROBE_ROUTER), the supervisor asks who it is, Hello answers, Welcome starts the delivery
from the oldest unacknowledged entry. So on each connection entries arrive in order and without holes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import zmq
from loguru import logger

from common.clock import Clock
from common.crash_points import reach
from common.wire.codec import DecodeError, decode_message, encode_message
from common.wire.messages import (
    Ack,
    Drain,
    Goodbye,
    Heartbeat,
    Hello,
    Identify,
    Kind,
    Message,
    Pause,
    Phase,
    Probe,
    Renew,
    Stacks,
    TellStacks,
    Throttle,
    Welcome,
    WriteOff,
)
from common.wire.ticket import LinkTicket
from worker.link.lease import Lease
from worker.link.outlet import Outlet
from worker.progress import Progress

RECEIVE_LIMIT = 500
"""Messages read in one round."""
RESEND_AFTER = 5.0
"""Seconds without an acknowledgement after which the oldest entry is sent once more; doubles up to RESEND_AT_MOST."""
RESEND_AT_MOST = 600.0
LONGEST_STACKS = 12_000
"""Characters of stacks told in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the supervisor's words lead to; called on the link thread and must not block."""

    drain: Callable[[Drain], None]
    pause: Callable[[bool], None]
    stacks: Callable[[], str]
    probe: Callable[[int], None]
    throttle: Callable[[float], None]
    write_off: Callable[[Decimal], None]


class Conversation:
    """State of the talk with the supervisor: who knows whom, what is due, what is under way."""

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        outlet: Outlet,
        ticket: LinkTicket,
        hello: Hello,
        progress: Progress,
        orders: Orders,
        lease: Lease,
        clock: Clock,
    ) -> None:
        self._socket = socket
        self._outlet = outlet
        self._ticket = ticket
        self._hello = hello
        self._progress = progress
        self._orders = orders
        self._clock = clock
        self._began = clock.monotonic()
        self._asked_at = lease.renewed_at
        self._next_beat = self._began
        self._beat_of: tuple[Phase, bool, bool | None, int] | None = None
        self._stacks_due: list[int | None] = []
        self._resend_wait = RESEND_AFTER
        self._resend_at = self._began
        self._probed = False
        self.welcomed = False
        self.blocked = False
        """True while the socket takes no more; the poller should then wait for it to be writable."""
        self.lease = lease

    def seconds_until_due(self) -> float:
        """Seconds until a heartbeat is due, never negative."""
        return max(0.0, self._next_beat - self._clock.monotonic())

    def receive(self) -> None:
        """Read and follow what the supervisor said."""
        for _ in range(RECEIVE_LIMIT):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                kind, payload = frames
                message = decode_message(kind, payload)
            except (DecodeError, ValueError) as error:
                logger.warning("a message from the supervisor is ignored: {}", error)
                continue
            self._follow(message)

    def speak(self) -> None:
        """Say what is due: Hello or a heartbeat, then entries as far as the credit goes."""
        now = self._clock.monotonic()
        changed = self.welcomed and self._beat_of != self._to_be_told_at_once()
        if now >= self._next_beat or changed:
            self._next_beat = _slot(now + self._ticket.heartbeat_interval, self._ticket.heartbeat_interval)
            self._beat(now)
        if self.welcomed:
            self._tell_stacks()
            self._send_once_more(now)
            self._deliver(now)

    def say_goodbye(self, goodbye: Goodbye) -> bool:
        """Send the last words; False when nobody is there to hear them."""
        reach("goodbye.before_send")
        said = self.welcomed and self._send(goodbye)
        reach("goodbye.after_send")
        return said

    def stacks_asked(self, question: int | None) -> None:
        """The stacks of all threads are to be told once more, in answer to `question` or (None) to a signal."""
        self._stacks_due.append(question)

    # -- listening ----------------------------------------------------------------------------------------------

    def _follow(self, message: Message) -> None:
        match message:
            case Ack(journal_id=journal_id, seq=seq):
                self._on_ack(journal_id, seq)
            case Renew(lease=lease):
                self._renew(lease)
            case Welcome(lease=lease):
                self._on_welcome(lease)
            case Identify():
                self.welcomed = self.blocked = False
                self._ask(self._hello)
            case Drain():
                self._orders.drain(message)
            case Pause(paused=paused):
                if self._progress.pause_wish == paused:
                    self._progress.pause_wish = None
                self._orders.pause(paused)
            case TellStacks(question=question):
                self.stacks_asked(question)
            case Probe(number=number):
                self._orders.probe(number)
            case Throttle(pause_seconds=seconds):
                self._orders.throttle(seconds)
            case WriteOff(price=price):
                self._orders.write_off(price)
            case _:
                logger.warning("the supervisor sent a {}, which only workers send", type(message).__name__)

    def _renew(self, granted: float) -> None:
        self.lease = self.lease.renewed(asked_at=self._asked_at, granted=granted)

    def _on_welcome(self, granted: float) -> None:
        self._renew(granted)
        if self.welcomed:
            return
        self.welcomed = True
        self._outlet.rewind()
        self._probed = False
        self._rest(RESEND_AFTER)
        self._next_beat = self._clock.monotonic()

    def _on_ack(self, journal_id: str, seq: int) -> None:
        reach("acknowledgement.received")
        if not self._outlet.acknowledge(journal_id, seq):
            return
        self._rest(RESEND_AFTER)
        if self._probed:  # the supervisor commits again, but what else of the window it has is unknown
            self._probed = False
            self._outlet.rewind()

    # -- speaking -----------------------------------------------------------------------------------------------

    def _beat(self, now: float) -> None:
        if not self.welcomed:
            self._ask(self._hello)
            return
        progress = self._progress
        self._beat_of = self._to_be_told_at_once()
        self._ask(
            Heartbeat(
                phase=progress.phase,
                bars=progress.bars,
                last_bar_at=progress.last_bar_at,
                loop_age=max(0.0, now - max(progress.last_round, self._began)),
                unacknowledged=self._outlet.unacknowledged(),
                equity=progress.equity,
                position=progress.position,
                paused=progress.paused,
                pause_wish=progress.pause_wish,
                errors=progress.errors.count,
                answered=progress.answered,
                order_latencies=progress.order_latencies,
            )
        )

    def _to_be_told_at_once(self) -> tuple[Phase, bool, bool | None, int]:
        progress = self._progress
        return progress.phase, progress.paused, progress.pause_wish, progress.answered

    def _tell_stacks(self) -> None:
        while self._stacks_due:
            text = self._orders.stacks()[-LONGEST_STACKS:]
            if not self._send(Stacks(text=text, asked=self._stacks_due[0])):
                return
            self._stacks_due.pop(0)

    def _ask(self, message: Message) -> None:
        """Send what the supervisor answers with a renewed lease."""
        asked_at = self._clock.boottime()
        if self._send(message):
            self._asked_at = asked_at

    def _send_once_more(self, now: float) -> None:
        """One entry again after a long silence; rarely, for a dead database holds acknowledgements back as well."""
        if self._outlet.in_flight == 0 or now < self._resend_at:
            return
        oldest = self._outlet.oldest()
        self._rest(min(self._resend_wait * 2, RESEND_AT_MOST))
        if oldest is not None:
            self._probed = self._send_entry(oldest.payload) or self._probed

    def _rest(self, seconds: float) -> None:
        self._resend_wait = seconds
        self._resend_at = self._clock.monotonic() + seconds

    def _deliver(self, now: float) -> None:
        self.blocked = False
        while (room := self._ticket.credit - self._outlet.in_flight) > 0:
            upcoming = self._outlet.upcoming(room)
            if not upcoming:
                return
            if self._outlet.in_flight == 0:
                self._resend_at = now + self._resend_wait
            for pending in upcoming:
                reach("entry.before_send")
                if not self._send_entry(pending.payload):
                    self.blocked = True
                    return
                reach("entry.after_send")
                self._outlet.sent(pending)

    def _send_entry(self, payload: bytes) -> bool:
        try:
            self._socket.send_multipart((Kind.ENTRY, payload), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _send(self, message: Message) -> bool:
        try:
            self._socket.send_multipart(encode_message(message), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True


def _slot(moment: float, interval: float) -> float:
    """The last twentieth of an interval that begins at or before `moment`, by a clock that all lives of a host share.

    Lives that beat together wake the supervisor once, not each on its own.
    """
    step = interval / 20
    return moment // step * step
