"""Messages between a worker and its supervisor, other than journal entries.

On the socket a message is two frames: one byte that names its kind, and JSON. The supervisor knows the bot
by the life's secret in `Hello`, never by what a payload claims.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from common.wire.latency import Latencies
from common.wire.told import Told

PROTOCOL_VERSION = 1


class Kind:
    """First frame of each message."""

    HELLO = b"H"
    HEARTBEAT = b"B"
    ENTRY = b"E"
    GOODBYE = b"G"
    STACKS = b"T"

    WELCOME = b"W"
    IDENTIFY = b"I"
    ACK = b"A"
    RENEW = b"R"
    DRAIN = b"D"
    PAUSE = b"P"
    TELL_STACKS = b"S"
    PROBE = b"Q"
    THROTTLE = b"L"
    WRITE_OFF = b"O"


class Phase(StrEnum):
    """What a worker is doing."""

    STARTING = "starting"
    WARMING = "warming"
    TRADING = "trading"
    STOPPING = "stopping"


class Message(BaseModel):
    """Root of all messages."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Hello(Message):
    """Worker → supervisor, first on each connection and whenever asked by Identify."""

    protocol: int = PROTOCOL_VERSION
    token: str
    incarnation: int
    pid: int
    generation: str


class Heartbeat(Message):
    """Worker → supervisor; carries the trading loop's progress, not a side thread's."""

    phase: Phase
    bars: int
    """Bars processed in this life, warm-up included."""
    last_bar_at: datetime | None
    loop_age: float
    """Seconds since the trading loop last completed a round."""
    unacknowledged: int
    equity: str | None = None
    position: str | None = None
    """Human text such as `long 1.5 @ 100.2`; None when flat."""
    paused: bool = False
    pause_wish: bool | None = None
    """A signal asked this life to pause (or resume); repeated until a Pause answers it."""
    detail: str | None = None
    errors: int | None = None
    """ERROR and CRITICAL lines logged in this life; None: it does not count them."""
    answered: int | None = None
    """Number of the newest Probe that the trading loop has come across; None: it knows no probes."""
    order_latencies: Latencies | None = None
    """Of this life's orders, where they go to an exchange."""


class Goodbye(Message):
    """Worker → supervisor, last words of a life that ends on purpose."""

    cause: Literal[
        "drained", "terminated", "hangup", "finished", "orphaned", "unsettled", "bad_spec", "locked", "failed"
    ]
    detail: Told | None = None
    error_class: str | None = None
    """Name of the `ErrorClass` of what ended it; None for an end that is no error."""


class Stacks(Message):
    """Worker → supervisor: what each of its threads is doing, asked for by TellStacks or by a signal."""

    text: str
    asked: int | None = None
    """Number of the question that this answers; None: a signal asked."""


class Welcome(Message):
    """Supervisor → worker, answer to a Hello that was believed."""

    lease: float
    """Seconds of trading allowed without a further word."""


class Identify(Message):
    """Supervisor → worker: I do not know this connection; say Hello."""


class Ack(Message):
    """Supervisor → worker: everything up to and including `seq` is committed; forget it."""

    journal_id: str
    seq: int


class Renew(Message):
    """Supervisor → worker, answer to a heartbeat now and then; renews the lease."""

    lease: float


class Drain(Message):
    """Supervisor → worker: end this life. With `apply_on_stop` the bot was stopped for good: apply its stop policy."""

    apply_on_stop: bool
    reason: str


class Pause(Message):
    """Supervisor → worker: no new entries while `paused`; positions stay managed."""

    paused: bool


class TellStacks(Message):
    """Supervisor → worker: say what your threads are doing."""

    question: int


class Probe(Message):
    """Supervisor → worker: have the trading loop answer by a heartbeat, which tells how quickly it does."""

    number: int


class Throttle(Message):
    """Supervisor → worker: the host is short; wait this long after each bar. 0: no longer."""

    pause_seconds: float


class WriteOff(Message):
    """Supervisor → worker: what is held is not there any more; close the trade at `price` without an order."""

    price: Decimal


MESSAGE_OF_KIND: dict[bytes, type[Message]] = {
    Kind.HELLO: Hello,
    Kind.HEARTBEAT: Heartbeat,
    Kind.GOODBYE: Goodbye,
    Kind.STACKS: Stacks,
    Kind.WELCOME: Welcome,
    Kind.IDENTIFY: Identify,
    Kind.ACK: Ack,
    Kind.RENEW: Renew,
    Kind.DRAIN: Drain,
    Kind.PAUSE: Pause,
    Kind.TELL_STACKS: TellStacks,
    Kind.PROBE: Probe,
    Kind.THROTTLE: Throttle,
    Kind.WRITE_OFF: WriteOff,
}
KIND_OF_MESSAGE: dict[type[Message], bytes] = {message: kind for kind, message in MESSAGE_OF_KIND.items()}
