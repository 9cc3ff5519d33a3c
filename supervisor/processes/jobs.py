"""Requests to a launcher that are under way, and the events they end in."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from common.wire.launch import CHECK, SPAWN, SPAWN_AT_EXCHANGE, CheckAnswer, CheckRequest
from common.wire.ticket import RowFacts, Ticket, encode_ticket
from supervisor.processes.anonymous import anonymous_file, contents
from supervisor.processes.port import Checked, Exited, ExitReport, ProcessEvent, ProcessIdentity, Spawned, SpawnFailed

CHECK_SECONDS = 20.0
"""Time limit of a check; a plugin that is still busy then is not going to trade either."""


@dataclass(slots=True)
class LifeJob:
    """A life that is asked for or lives."""

    incarnation: int
    files: tuple[int, ...]
    lost_before: bool = False
    """Whether a fork server has already died with this request unanswered."""
    kind: bytes = SPAWN

    @classmethod
    def of(cls, ticket: Ticket) -> LifeJob:
        """Raises OSError when the ticket cannot be laid down."""
        files = (anonymous_file(encode_ticket(ticket)),)
        return cls(ticket.incarnation, files, kind=SPAWN if ticket.exchange is None else SPAWN_AT_EXCHANGE)

    def born(self, child: ProcessIdentity) -> list[ProcessEvent]:
        """The process exists; our copy of the ticket is let go."""
        self.drop()
        return [Spawned(self.incarnation, child)]

    def failed(self, reason: str) -> list[ProcessEvent]:
        """There is no process."""
        self.drop()
        return [SpawnFailed(self.incarnation, reason)]

    def ended(self, report: ExitReport) -> list[ProcessEvent]:
        """The process is gone."""
        return [Exited(self.incarnation, report)]

    def drop(self) -> None:
        """Close what is still open here."""
        self.files = _closed(self.files)


@dataclass(slots=True)
class CheckJob:
    """An examination of a config: one file with the question, one for the answer."""

    request_id: str
    files: tuple[int, ...]
    lost_before: bool = False
    """Whether a fork server has already died with this request unanswered."""
    kind: ClassVar[bytes] = CHECK

    @classmethod
    def of(cls, request_id: str, row: RowFacts, config: Any, plugin_dirs: Sequence[Path], limit: float) -> CheckJob:
        """Raises OSError when the question cannot be laid down, ValidationError or ValueError when it is no JSON."""
        request = CheckRequest(row=row, config=config, plugin_dirs=tuple(plugin_dirs), time_limit=limit)
        question = anonymous_file(request.model_dump_json().encode())
        return cls(request_id, (question, anonymous_file()))

    def born(self, child: ProcessIdentity) -> list[ProcessEvent]:
        """Work is under way; nothing to tell."""
        return []

    def failed(self, reason: str) -> list[ProcessEvent]:
        """There is no process."""
        self.drop()
        return [Checked(self.request_id, None, reason)]

    def ended(self, report: ExitReport) -> list[ProcessEvent]:
        """The process is gone; its answer is read."""
        question, answer = self.files
        self.files = ()
        os.close(question)
        problems, failure = finding(contents(answer), report)
        return [Checked(self.request_id, problems, failure)]

    def drop(self) -> None:
        """Close what is still open here."""
        self.files = _closed(self.files)


Job = LifeJob | CheckJob


def finding(raw: bytes, report: ExitReport) -> tuple[tuple[dict[str, str], ...] | None, str | None]:
    """Problems or failure, of which exactly one is None, from a checking process's answer and end."""
    if report.signal == getattr(signal, "SIGALRM", None) and report.signal is not None:
        return None, "the check did not end within its time limit; a strategy plugin or an import in it hangs"
    try:
        answer = CheckAnswer.model_validate_json(raw)
    except ValidationError:
        how = f"signal {report.signal}" if report.signal is not None else f"exit code {report.exit_code}"
        return (
            None,
            f"the check ended with {how} and without an answer; what it said is on the supervisor's standard error",
        )
    if answer.problems is None:
        return None, answer.failure or "the check gave neither problems nor a reason"
    return answer.problems, None


def _closed(files: tuple[int, ...]) -> tuple[int, ...]:
    for descriptor in files:
        os.close(descriptor)
    return ()
