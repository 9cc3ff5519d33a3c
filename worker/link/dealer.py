"""The link thread: the only owner of the worker's socket.

It sleeps in one poll over the socket and a bell; the trading thread rings the bell when the journal has grown.
ZeroMQ reconnects by itself when the supervisor goes and comes; `worker.link.conversation` says what follows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import zmq
from loguru import logger

from common.clock import Clock
from common.wire.messages import Drain, Goodbye, Hello
from common.wire.ticket import LinkTicket
from worker.link.conversation import Conversation, Orders
from worker.link.lease import Lease
from worker.link.outlet import Outlet, Place
from worker.link.segments import segment_numbers, segment_path
from worker.link.stacks import thread_stacks
from worker.link.waker import Waker
from worker.progress import Progress

LINGER_MS = 500
"""How long last words may take to leave this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Farewell:
    goodbye: Goodbye
    deadline: float
    """Monotonic time after which nobody waits for acknowledgements any longer."""


def _ignore_failure(_: BaseException) -> None:
    return None


def _ignore_number(_: float) -> None:
    return None


def _ignore_price(_: Decimal) -> None:
    return None


class Link:
    """Delivers the journal, reports progress, receives commands; one thread, one socket.

    The callbacks run on the link thread and must only set something and return.
    """

    def __init__(
        self,
        ticket: LinkTicket,
        folder: Path,
        progress: Progress,
        hello: Hello,
        *,
        on_drain: Callable[[Drain], None],
        on_pause: Callable[[bool], None],
        stacks: Callable[[], str] = thread_stacks,
        on_orphaned: Callable[[], None],
        clock: Clock,
        on_failed: Callable[[BaseException], None] = _ignore_failure,
        on_probe: Callable[[int], None] = _ignore_number,
        on_throttle: Callable[[float], None] = _ignore_number,
        on_write_off: Callable[[Decimal], None] = _ignore_price,
    ) -> None:
        """`folder` is that of a journal which is already open. `on_failed` hears of an end that nobody asked for."""
        self._ticket = ticket
        self._folder = folder
        self._progress = progress
        self._hello = hello
        self._orders = Orders(
            drain=on_drain,
            pause=on_pause,
            stacks=stacks,
            probe=on_probe,
            throttle=on_throttle,
            write_off=on_write_off,
        )
        self._on_orphaned = on_orphaned
        self._on_failed = on_failed
        self._clock = clock
        self._waker = Waker()
        self._settled: Place | None = None
        self._farewell: _Farewell | None = None
        self._orphaned = False
        self._spared_until = 0.0
        self._last_look = clock.boottime()
        self._lease = Lease(granted=ticket.lease, renewed_at=self._last_look)
        self._stacks_wanted = False
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self.failure: BaseException | None = None
        """Why the thread ended without being asked to; None while all is well."""

    def start(self) -> None:
        """Connect and begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """The journal has new entries, or the phase of the progress has changed. From any thread, at any time."""
        self._waker.ring()

    def tell_stacks(self) -> None:
        """Have the supervisor told what all threads are doing. From a signal handler too."""
        self._stacks_wanted = True
        self._waker.ring()

    def may_trade(self) -> bool:
        """Whether the lease allows new risk at this moment. From any thread."""
        return self._lease.may_trade(self._clock.boottime())

    def delivered(self) -> bool:
        """Whether everything in the journal is acknowledged. From the thread that writes it."""
        settled = self._settled
        newest = segment_numbers(self._folder)[-1:]
        if settled is not None and newest == [settled.segment]:
            size = segment_path(self._folder, settled.segment).stat().st_size
            if size == settled.offset:
                return True
        self.wake()
        return False

    def finish(self, goodbye: Goodbye, deadline_seconds: float) -> None:
        """Deliver what is left, wait for acknowledgements at most `deadline_seconds`, say goodbye, end the thread."""
        if not self._thread.is_alive():
            return
        self._farewell = _Farewell(goodbye=goodbye, deadline=self._clock.monotonic() + deadline_seconds)
        self.wake()
        self._thread.join(deadline_seconds + 2 * LINGER_MS / 1000 + 1)
        if self._thread.is_alive():
            logger.warning("the link thread did not end within its deadline; it ends with the process")

    # -- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 - the one place that may not die silently
            logger.exception("the link to the supervisor failed: {}", error)
            self.failure = error
            self._on_failed(error)
        finally:
            self._waker.close()

    def _serve(self) -> None:
        outlet = Outlet(self._folder)
        context = zmq.Context(io_threads=1)
        try:
            socket = self._connect(context)
            try:
                self._talk(socket, outlet)
            finally:
                socket.close(LINGER_MS)
        finally:
            context.term()
            outlet.close()

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]]) -> zmq.Socket[bytes]:
        socket = context.socket(zmq.DEALER)
        try:
            return self._connected(socket)
        except BaseException:
            socket.close(0)  # an open socket would keep the context from ending, and the failure from being told
            raise

    def _connected(self, socket: zmq.Socket[bytes]) -> zmq.Socket[bytes]:
        socket.set_hwm(self._ticket.credit + 100)
        socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing is queued for a supervisor that is not there
        socket.setsockopt(zmq.PROBE_ROUTER, 1)
        socket.setsockopt(zmq.RECONNECT_IVL, 20)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        if self._ticket.server_key is not None:
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
            socket.curve_serverkey = self._ticket.server_key.encode()
        socket.connect(self._ticket.endpoint)
        return socket

    def _talk(self, socket: zmq.Socket[bytes], outlet: Outlet) -> None:
        talk = Conversation(
            socket, outlet, self._ticket, self._hello, self._progress, self._orders, self._lease, self._clock
        )
        poller = zmq.Poller()
        poller.register(self._waker.fileno(), zmq.POLLIN)
        while True:
            poller.register(socket, zmq.POLLIN | zmq.POLLOUT if talk.blocked else zmq.POLLIN)
            ready = dict(poller.poll(self._patience(talk)))
            if self._waker.fileno() in ready:
                self._waker.silence()
            talk.receive()
            if self._stacks_wanted:
                self._stacks_wanted = False
                talk.stacks_asked(None)
            talk.speak()
            self._settled = outlet.settled()
            self._lease = talk.lease
            self._look_for_supervisor(talk.lease)
            if self._may_leave(talk, outlet):
                return

    def _patience(self, talk: Conversation) -> int:
        """Milliseconds to sleep at most, rounded up so that what is due then is really due."""
        seconds = talk.seconds_until_due()
        if self._farewell is not None:
            seconds = min(seconds, max(0.0, self._farewell.deadline - self._clock.monotonic()))
        return int(seconds * 1000) + 1

    def _look_for_supervisor(self, lease: Lease) -> None:
        """Tell once when no supervisor has been heard for the grace; one that was asleep asks before it gives up."""
        now = self._clock.boottime()
        interval = self._ticket.heartbeat_interval
        if now - self._last_look > 3 * interval + 1:
            self._spared_until = now + 2 * interval
        self._last_look = now
        if self._orphaned or now < self._spared_until or not lease.orphaned(now, self._ticket.orphan_grace):
            return
        self._orphaned = True
        logger.warning("no supervisor for {:.0f} s, the grace is {:.0f} s", lease.age(now), self._ticket.orphan_grace)
        self._on_orphaned()

    def _may_leave(self, talk: Conversation, outlet: Outlet) -> bool:
        farewell = self._farewell
        if farewell is None:
            return False
        heard = talk.welcomed or self._orphaned
        done = heard and outlet.in_flight == 0 and not outlet.upcoming(1)
        if not done and self._clock.monotonic() < farewell.deadline:
            return False
        if not talk.say_goodbye(farewell.goodbye):
            logger.warning("no supervisor heard the goodbye; undelivered entries stay in the journal")
        return True
