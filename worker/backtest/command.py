"""`python -m worker backtest`: a request on standard input, JSON lines on standard output."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from pydantic import ValidationError

from common import logs
from common.errors import ConfigurationError
from common.wire.backtest import BacktestFailed, BacktestLine, BacktestRequest, encode_line
from worker.entry import reset_signals

Tell = Callable[[BacktestLine], None]


def run(request_fd: int = 0, answer_fd: int = 1) -> NoReturn:
    """Read the request, write the lines, end the process; the code is 0 when there is a result.

    What strategies print goes to stderr, and so do warnings: the answer stands alone.
    """
    code = 1
    try:
        reset_signals()
        logs.reset()
        logs.add_terminal("WARNING")
        kept = os.dup(answer_fd)
        os.dup2(2, 1)
        with open(kept, "wb", buffering=0) as answer, open(request_fd, "rb", closefd=False) as question:
            last = _answer(question.read(), lambda line: _write(answer.fileno(), encode_line(line)))
            _write(answer.fileno(), encode_line(last))
        code = 1 if isinstance(last, BacktestFailed) else 0
    except BaseException:  # noqa: BLE001 - a plugin may raise anything; the exit code tells, the trace explains
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _answer(raw: bytes, tell: Tell) -> BacktestLine:
    from worker.backtest.run import backtest

    try:
        request = BacktestRequest.model_validate_json(raw)
    except ValidationError as error:
        return BacktestFailed(message=f"the request for a back-test is not readable: {error}")
    try:
        return backtest(request, tell)
    except ConfigurationError as error:
        return BacktestFailed(message=str(error))
    except BrokenPipeError:
        raise  # nobody listens any more
    except Exception as error:  # noqa: BLE001 - the strategy's own code; whatever it raised is the finding
        traceback.print_exc()
        return BacktestFailed(message=f"the strategy failed: {type(error).__name__}: {error}")


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
