"""The supervisor's end of the link: one ROUTER socket that all workers speak to.

Owned by one thread. Nothing that comes in can make it raise or wait: what is not understood is counted and
told as `Suspicious`, at most once per second. A life is known by the secret in its Hello, never by what a
payload claims.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeGuard

import zmq
from zmq.utils.monitor import recv_monitor_message

from common.clock import Clock, SystemClock
from common.errors import ConfigurationError
from common.wire.codec import DecodeError, decode_message, encode_message
from common.wire.messages import Ack, Hello, Identify, Kind, Message
from supervisor.intake.endpoint import loopback_endpoint, remember_port, remove_own
from supervisor.intake.keys import KeyPair, load_keys
from supervisor.intake.opening import open_socket
from supervisor.intake.sessions import Session, Sessions
from supervisor.intake.suspicion import Suspicions, Suspicious, tell_in_log

WATCH_INTERVAL = 1.0
"""Seconds between looks at connections that failed to shake hands."""
RECEIVE_LIMIT = 500
"""Messages read per call, so that the loop that calls stays responsive."""
_POLLIN = int(zmq.POLLIN)
MAX_WORD = 64 * 1024
"""Bytes of anything but a journal entry."""
_FROM_WORKERS = frozenset({Kind.HELLO, Kind.HEARTBEAT, Kind.ENTRY, Kind.GOODBYE, Kind.STACKS})
_FAILED_HANDSHAKES = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message of a life that is known by its secret."""

    bot_id: int
    incarnation: int
    kind: bytes
    """One of `common.wire.messages.Kind`."""
    message: Message | None
    """Decoded; None for a journal entry, which is passed on as it came."""
    payload: bytes
    """The JSON as it came."""


class Router:
    """The socket, and who is who on it."""

    def __init__(self, clock: Clock | None = None, on_suspicious: Callable[[Suspicious], None] = tell_in_log) -> None:
        """`on_suspicious` is called within `receive`, at most once per second."""
        self._clock = clock or SystemClock()
        self._on_suspicious = on_suspicious
        self._sessions = Sessions()
        self._suspicions = Suspicions()
        self._context = zmq.Context(io_threads=1)
        self._socket = self._context.socket(zmq.ROUTER)
        self._monitor = self._socket.get_monitor_socket(_FAILED_HANDSHAKES)
        self._more = False
        self._next_watch = 0.0
        self._file: tuple[Path, int] | None = None
        self.endpoint = ""
        """As workers reach it; empty before `bind`."""
        self.server_key: str | None = None
        """CURVE public key for the tickets; None over ipc."""

    @classmethod
    def bind_ipc(cls, path: Path) -> Self:
        """A router at the socket `path`. Raises ConfigurationError."""
        return cls()._bound(f"ipc://{path}", None)

    @classmethod
    def bind_tcp(cls, state_dir: Path) -> Self:
        """A router on the loopback interface, with the port and keys of `state_dir`. Raises ConfigurationError."""
        router = cls()._bound(loopback_endpoint(state_dir), load_keys(state_dir))
        remember_port(state_dir, router.endpoint)
        return router

    def bind(self, endpoint: str, keys: KeyPair | None = None) -> str:
        """Open the socket at `ipc://<absolute path>`, or at `tcp://127.0.0.1:<port or *>` with `keys`.

        Returns the endpoint as workers reach it. Raises ConfigurationError when it cannot be opened.
        """
        opened = open_socket(self._socket, endpoint, keys)
        self._file = opened.file
        self.endpoint = opened.endpoint
        self.server_key = None if keys is None else keys.public
        return self.endpoint

    def sources(self) -> tuple[zmq.Socket[bytes], ...]:
        """The sockets to wait for (see Poller)."""
        return self._socket, self._monitor

    @property
    def more_waiting(self) -> bool:
        """Whether the last `receive` left messages behind."""
        return self._more

    def admit(self, token: str, bot_id: int, incarnation: int) -> None:
        """Believe whoever says `token` to be this life. Raises BotvisorError when another life has the token."""
        for routing_id in self._sessions.admit(token, bot_id, incarnation):
            self._send(routing_id, Identify())

    def dismiss(self, incarnation: int) -> None:
        """Forget a life that is over; receive what it left behind first."""
        self._sessions.dismiss(incarnation)

    def receive(self, limit: int = RECEIVE_LIMIT) -> list[Received]:
        """What came in, at most `limit` messages, without waiting."""
        for session in self._sessions.with_unsent_acks():
            self._send_acks(session)
        self._watch_handshakes()
        received: list[Received] = []
        self._more = False
        for _ in range(limit):
            if not _readable(self._socket):
                break
            frames = self._socket.recv_multipart(zmq.NOBLOCK)
            accepted = self._accept(frames)
            if accepted is not None:
                received.append(accepted)
        else:
            self._more = _readable(self._socket)
        report = self._suspicions.due(self._clock.monotonic())
        if report is not None:
            self._on_suspicious(report)
        return received

    def send(self, incarnation: int, message: Message) -> bool:
        """Send to a life; False when it is not connected, or is connected and does not read. An Ack goes by `ack`."""
        if isinstance(message, Ack):
            return self.ack(incarnation, message.journal_id, message.seq)
        session = self._sessions.of_life(incarnation)
        if session is None or session.routing_id is None:
            return False
        return self._send_to(session, message)

    def ack(self, incarnation: int, journal_id: str, seq: int) -> bool:
        """Tell a life that everything up to `seq` of a journal is committed.

        False when it is not connected: it will send again and be acknowledged again. An acknowledgement that
        the connection does not take now is kept and sent later.
        """
        session = self._sessions.of_life(incarnation)
        if session is None or session.routing_id is None:
            return False
        session.unsent_acks[journal_id] = max(seq, session.unsent_acks.get(journal_id, seq))
        return self._send_acks(session)

    def close(self) -> None:
        """Close the socket; workers keep trying to come back. A socket file goes unless another has taken its place."""
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close(0)
        self._context.term()
        if self._file is not None:
            remove_own(*self._file)

    # -- incoming -----------------------------------------------------------------------------------------------

    def _bound(self, endpoint: str, keys: KeyPair | None) -> Self:
        try:
            self.bind(endpoint, keys)
        except ConfigurationError:
            self.close()
            raise
        return self

    def _accept(self, frames: list[bytes]) -> Received | None:
        routing_id, words = frames[0], frames[1:]
        session = self._sessions.of_connection(routing_id)
        if not self._well_formed(words, session):
            if session is None:
                self._ask(routing_id)
            return None
        kind, payload = words
        if session is None and kind != Kind.HELLO:
            self._ask(routing_id)
            return None
        try:
            message = None if kind == Kind.ENTRY else decode_message(kind, payload)
        except DecodeError as error:
            speaker = "a stranger" if session is None else f"bot {session.bot_id}"
            self._suspicions.note("unreadable message", f"from {speaker}: {error}")
            return None
        if isinstance(message, Hello):
            session = self._introduce(routing_id, message)
        if session is None:
            return None
        return Received(
            bot_id=session.bot_id, incarnation=session.incarnation, kind=kind, message=message, payload=payload
        )

    def _well_formed(self, words: list[bytes], session: Session | None) -> TypeGuard[tuple[bytes, bytes]]:
        speaker = "a stranger" if session is None else f"bot {session.bot_id}"
        if words == [b""]:
            return False  # how a new connection announces itself (ZMQ_PROBE_ROUTER)
        if len(words) != 2:
            self._suspicions.note("wrong number of frames", f"{len(words)} from {speaker}: {_glimpse(words)}")
        elif words[0] not in _FROM_WORKERS:
            self._suspicions.note("unknown kind", f"from {speaker}: {_glimpse(words)}")
        elif len(words[1]) > MAX_WORD and words[0] != Kind.ENTRY:
            self._suspicions.note("oversized message", f"{len(words[1])} bytes of kind {words[0]!r} from {speaker}")
        else:
            return True
        return False

    def _introduce(self, routing_id: bytes, hello: Hello) -> Session | None:
        """The life that this Hello proves to be; None for a wrong token."""
        if routing_id[:1] != b"\0":
            self._suspicions.note("self-chosen routing id", f"{routing_id[:20]!r}")
            return None
        session = self._sessions.claim(routing_id, hello.token, self._clock.monotonic())
        if session is None:
            self._suspicions.note("unknown token", f"a Hello of life {hello.incarnation}, process {hello.pid}")
        elif session.incarnation != hello.incarnation:
            self._suspicions.note("wrong life", f"life {session.incarnation} says it is life {hello.incarnation}")
        return session

    def _ask(self, routing_id: bytes) -> None:
        if self._sessions.should_ask(routing_id, self._clock.monotonic()):
            self._send(routing_id, Identify())

    def _watch_handshakes(self) -> None:
        """Looks at most once a second: asking costs as much as a message."""
        now = self._clock.monotonic()
        if now < self._next_watch:
            return
        self._next_watch = now + WATCH_INTERVAL
        for _ in range(RECEIVE_LIMIT):
            if not _readable(self._monitor):
                return
            recv_monitor_message(self._monitor)
            self._suspicions.note("failed handshake", "a peer that does not speak the protocol of this socket")

    # -- outgoing -----------------------------------------------------------------------------------------------

    def _send_acks(self, session: Session) -> bool:
        for journal_id, seq in list(session.unsent_acks.items()):
            if not self._send_to(session, Ack(journal_id=journal_id, seq=seq)):
                return bool(session.unsent_acks)
            session.unsent_acks.pop(journal_id, None)
        return True

    def _send_to(self, session: Session, message: Message) -> bool:
        """False when the connection is full, or gone; what it said before it went may still wait to be read."""
        assert session.routing_id is not None
        try:
            self._socket.send_multipart((session.routing_id, *encode_message(message)), zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError:
            session.unsent_acks.clear()
            return False
        return True

    def _send(self, routing_id: bytes, message: Message) -> None:
        """Send to a connection that may be gone; it does not matter then."""
        with suppress(zmq.ZMQError):
            self._socket.send_multipart((routing_id, *encode_message(message)), zmq.NOBLOCK)


def _readable(socket: zmq.Socket[bytes]) -> bool:
    """Asked before each read: cheaper than the exception of a read that finds nothing."""
    return bool(int(socket.getsockopt(zmq.EVENTS)) & _POLLIN)


def _glimpse(words: list[bytes]) -> str:
    return ", ".join(repr(word[:20]) for word in words[:3])
