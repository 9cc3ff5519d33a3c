"""Back-tests in a process of their own: strategies run their code there and never here."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from pydantic import ValidationError

from common.errors import BotvisorError
from common.trading.round_trip import RoundTrip
from common.wire.backtest import (
    BacktestDone,
    BacktestFailed,
    BacktestLine,
    BacktestRequest,
    BarsDone,
    TradeMade,
    decode_line,
)
from supervisor.processes.environment import worker_environment
from supervisor.processes.interpreter import COMMAND

_MOST_REMARKS = 10
_MOST_NOISE = 65_536
_END_SECONDS = 10.0


class BacktestError(BotvisorError):
    """A back-test that came to no result."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """What came of it."""

    trades: list[RoundTrip]
    """In order of entry; an open one is the last."""
    done: BacktestDone
    remarks: list[str]
    """The first lines that were printed or warned of on the way."""


def run_backtest(request: BacktestRequest, on_progress: Callable[[BarsDone], None]) -> Backtest:
    """Run it in a fresh interpreter and wait for its end; the process ends with this call, however it is left.

    Raises BacktestError, whose message says what the process said.
    """
    trades: list[RoundTrip] = []
    last: BacktestLine | None = None
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as noise:
        question.write(request.model_dump_json().encode())
        question.seek(0)
        process = _start(question, noise)
        try:
            for last in _lines(process):
                if isinstance(last, BarsDone):
                    on_progress(last)
                elif isinstance(last, TradeMade):
                    trades.append(last.trade)
            code = process.wait(_END_SECONDS)
        finally:
            _end(process)
        remarks = _remarks(noise)
    if isinstance(last, BacktestDone):
        return Backtest(trades, last, remarks[:_MOST_REMARKS])
    if isinstance(last, BacktestFailed):
        raise BacktestError(last.message)
    raise BacktestError("\n".join([f"the back-test ended with {code} and without a result", *remarks[-_MOST_REMARKS:]]))


def _start(question: IO[bytes], noise: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [*COMMAND, "backtest"], stdin=question, stdout=subprocess.PIPE, stderr=noise, env=worker_environment()
        )
    except OSError as error:
        raise BacktestError(f"the interpreter cannot be started: {error}") from error


def _lines(process: subprocess.Popen[bytes]) -> Iterator[BacktestLine]:
    assert process.stdout is not None
    for raw in process.stdout:
        try:
            yield decode_line(raw)
        except ValidationError as error:
            raise BacktestError(f"the back-test answered something unreadable: {error}") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    if process.poll() is None:
        process.kill()
        process.wait()


def _remarks(noise: IO[bytes]) -> list[str]:
    noise.seek(0)
    return noise.read(_MOST_NOISE).decode(errors="replace").splitlines()
