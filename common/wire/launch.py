"""What supervisor and fork server say to each other about births and deaths.

Requests are fixed-size records on a stream socket, with their open files beside them (SCM_RIGHTS); answers
are JSON lines. The fork server never reads what is in the files: a ticket holds secrets.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from common.wire.ticket import RowFacts

REQUEST = struct.Struct("!cQ")
"""Kind and number. The number is the supervisor's own and comes back in each answer."""

SPAWN = b"S"
"""Start a life; one file: the ticket."""
SPAWN_AT_EXCHANGE = b"X"
"""As SPAWN, of a life that trades at an exchange."""
CHECK = b"C"
"""Examine a config; two files: the request to read, the answer to write."""
MOST_FILES = 2

NOT_STARTED = 70
"""Exit code of a child that the fork server did not live to let go: it ended before it did anything."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ready(_Answer):
    """The fork server has imported everything and takes requests."""

    event: Literal["ready"] = "ready"
    pid: int
    seconds: float
    """Time that importing took."""
    broken: dict[str, str] = {}
    """Modules that could not be imported, and why. A child that needs one fails with the true error."""


class Born(_Answer):
    """A request was answered by a child process."""

    event: Literal["born"] = "born"
    number: int
    pid: int
    created: float | None
    """Create time as `common.process` tells it; None where the system does not."""


class Refused(_Answer):
    """No process was started for a request."""

    event: Literal["refused"] = "refused"
    number: int
    reason: str


class Died(_Answer):
    """A child has ended and was reaped."""

    event: Literal["died"] = "died"
    number: int
    pid: int
    exit_code: int | None
    signal: int | None
    core_dumped: bool


Answer = Ready | Born | Refused | Died

_ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="event")])


def encode_answer(answer: Answer) -> bytes:
    """One line, its end included."""
    return answer.model_dump_json().encode() + b"\n"


def decode_answer(line: bytes) -> Answer:
    """The answer in one line. Raises pydantic.ValidationError."""
    return _ANSWERS.validate_json(line)


class CheckRequest(BaseModel):
    """What a checking process is to examine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: RowFacts
    config: Any
    plugin_dirs: tuple[Path, ...] = ()
    time_limit: float | None = None
    """Seconds until the system ends the process (SIGALRM), whatever a plugin is busy with."""


class CheckAnswer(BaseModel):
    """What a checking process found: problems, or why there is no finding."""

    model_config = ConfigDict(frozen=True)

    problems: tuple[dict[str, str], ...] | None = None
    failure: str | None = None


LOCK_NAME = "life.lock"
"""File in a bot's state folder that its life holds locked."""


LIFE_MARKER = "--- life {} ---"
"""Line that a life begins its part of the output file with."""


class LockNote(BaseModel):
    """What is written in a held life lock, for people and for a supervisor that looks for survivors."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    created: float | None
    """Create time as `common.process` tells it."""
    incarnation: int
