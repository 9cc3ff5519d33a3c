"""Examines one bot's config and answers with its problems: the job of a short-lived process.

Strategy plugins run their code when they are examined, which is why neither the supervisor nor the fork server
does this itself.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import NoReturn

from pydantic import ValidationError

from common.wire.launch import CheckAnswer, CheckRequest
from worker.entry import reset_signals


def examine(request: CheckRequest) -> list[dict[str, str]]:
    """All problems of the config: of its structure, its strategy and its data file."""
    from common.spec import missing_file_problem, read_spec
    from worker.strategies.validation import validate

    reading = read_spec(request.config, request.row)
    if reading.draft is not None:
        found = list(validate(reading.draft, request.plugin_dirs))
        file = reading.draft.data.file
        if file is not None and not os.path.isfile(file.path):
            found.append(missing_file_problem(file.path))
        reading = reading.joined(found)
    return [problem.model_dump() for problem in reading.problems]


def run(request_fd: int = 0, answer_fd: int = 1) -> NoReturn:
    """Read the request, write the answer (JSON both), end the process.

    What plugins print goes to stderr: the answer stands alone in its file.
    """
    code = 1
    try:
        reset_signals()
        answer_fd = _out_of_the_way(answer_fd)
        answer = _answer(_read(request_fd))
        _write(answer_fd, answer.model_dump_json().encode())
        code = 0 if answer.failure is None else 1
    except BaseException:  # noqa: BLE001 - a plugin may raise anything; the exit code tells, the trace explains
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _answer(raw: bytes) -> CheckAnswer:
    try:
        request = CheckRequest.model_validate_json(raw)
    except ValidationError as error:
        return CheckAnswer(failure=f"the request to check a config is not readable: {error}")
    if request.time_limit and hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, request.time_limit)
    try:
        return CheckAnswer(problems=tuple(examine(request)))
    except Exception as error:  # noqa: BLE001 - plugin code; whatever it raised is the finding
        traceback.print_exc()
        return CheckAnswer(failure=f"the check failed: {type(error).__name__}: {error}")


def _out_of_the_way(answer_fd: int) -> int:
    kept = os.dup(answer_fd)
    sys.stdout.flush()
    os.dup2(2, 1)
    return kept


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as source:
        if source.seekable():
            source.seek(0)
        return source.read()


def _write(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb") as answer:
        answer.write(content)
