"""One fork server process and the conversation with it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from loguru import logger
from pydantic import ValidationError

from common.wire.launch import REQUEST, Answer, Born, Died, Ready, Refused, decode_answer
from supervisor.processes.child import create_time
from supervisor.processes.environment import worker_environment
from supervisor.processes.port import ProcessIdentity

COMMAND = (sys.executable, "-m", "worker.forkserver")
_SOON = 2.0
START_SECONDS = 60.0
"""Seconds after which a server that has not said that it is ready is taken for hung."""
ANSWER_SECONDS = 20.0
"""The same when a request is out and nothing is answered; importing an exchange's client is part of that time."""


class ServerProcess:
    """A fork server from its start to its burial. Keeps account of what it was asked and whom it made."""

    def __init__(self, command: Sequence[str], preload: Sequence[str], patience: float = ANSWER_SECONDS) -> None:
        """Start it; `ready` follows. It owes each answer within `patience` seconds.

        Raises OSError when the system refuses.
        """
        self._patience = patience
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [*command, "--socket", str(theirs.fileno()), "--preload", ",".join(preload)],
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    env=worker_environment(),
                )
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        self._socket = ours
        self._heard = bytearray()
        self._started = time.monotonic()
        created = create_time(self._process.pid)
        self.identity = ProcessIdentity(self._process.pid, created if created is not None else 0.0)
        self.ready = False
        self.lost = False
        """Its end of the socket is closed: it is dead or about to be."""
        self.word_due: float | None = self._started + START_SECONDS
        """Monotonic time by which it must have said a word; None while it owes none."""
        self.unanswered: set[int] = set()
        """Numbers of requests that it was sent and has not answered."""
        self.children: dict[int, ProcessIdentity] = {}
        """Living children, by the number of the request that made them."""

    def fileno(self) -> int:
        """Descriptor of the socket; readable when there are answers or the server is lost."""
        return self._socket.fileno()

    def request(self, kind: bytes, number: int, files: Sequence[int]) -> bool:
        """Send a request. False when the socket takes no more now, or the server is lost."""
        try:
            socket.send_fds(self._socket, [REQUEST.pack(kind, number)], list(files))
        except OSError:
            # Full, or gone, or too many files in flight: each shows as answers to read or as end of file.
            return False
        if self.ready and not self.unanswered:
            self.word_due = time.monotonic() + self._patience
        self.unanswered.add(number)
        return True

    def answers(self) -> list[Answer]:
        """Answers that have come in, in order; the accounts are brought up to date."""
        self._receive()
        told = []
        while (end := self._heard.find(b"\n")) >= 0:
            line = bytes(self._heard[:end])
            del self._heard[: end + 1]
            try:
                answer = decode_answer(line)
            except ValidationError:
                logger.error("The fork server {} said something that is no answer: {!r}", self.identity.pid, line[:200])
                continue
            self._account(answer)
            told.append(answer)
        if told:
            self.word_due = time.monotonic() + self._patience if self.unanswered else None
        return told

    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started

    def leave(self) -> None:
        """Ask it to end: it sees the end of its requests. Harmless when repeated."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def bury(self) -> int:
        """Reap the ended process; returns its exit code, negative for a signal."""
        return self._process.wait(_SOON)

    def kill(self) -> None:
        """SIGKILL for the server alone; its children live on."""
        self.word_due = None
        self._process.kill()

    def close(self) -> None:
        """Close the socket, at which the server leaves, and see it off; children live on."""
        self._socket.close()
        if self._process.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_SOON)
                return
            self._process.kill()
            self._process.wait(_SOON)

    def _receive(self) -> None:
        try:
            while chunk := self._socket.recv(1 << 16):
                self._heard += chunk
        except BlockingIOError:
            return
        except OSError:
            pass
        self.lost = True

    def _account(self, answer: Answer) -> None:
        if isinstance(answer, Ready):
            self.ready = True
        elif isinstance(answer, Born):
            self.unanswered.discard(answer.number)
            self.children[answer.number] = newborn(answer)
        elif isinstance(answer, Refused):
            self.unanswered.discard(answer.number)
        elif isinstance(answer, Died):
            self.children.pop(answer.number, None)


def newborn(answer: Born) -> ProcessIdentity:
    """The process that a birth tells of; it may have ended since."""
    created = answer.created if answer.created is not None else create_time(answer.pid)
    return ProcessIdentity(answer.pid, created if created is not None else 0.0)
