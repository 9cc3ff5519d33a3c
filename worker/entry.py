"""From a ticket's open file to the end of the process: what each life does, however its process was made."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from pydantic import ValidationError

from common import logs
from common.exit_status import ExitStatus
from common.process import facts_of, forbid_core_files
from common.wire.ticket import Ticket
from worker.control_group import enter
from worker.mark import mark_life
from worker.output import redirect_output

Body = Callable[[Ticket], int]
"""What a life does; returns the exit code."""


def run(ticket_fd: int, body: Body | None = None) -> NoReturn:
    """Live the life whose ticket is in `ticket_fd`, and end the process.

    `body` defaults to `worker.lifecycle.live`. Interpreter teardown is skipped: it costs a hundred times the
    life's own clean-up and nothing is left to do.
    """
    code: int = ExitStatus.FAILED
    try:
        code = _live(ticket_fd, body)
    except SystemExit as error:
        code = _code_of(error)
    except BaseException:  # noqa: BLE001 - nothing may leave the process by any other way than its exit code
        sys.stderr.write(logs.scrub(traceback.format_exc()))
    finally:
        _flush_and_leave(code)


def rehearse() -> None:
    """Do for nothing what every life does first.

    A forked process takes a fault at its first write to each page of memory; one that has time has them before.
    """
    reset_signals()
    logs.rehearse()
    facts_of(os.getpid())
    with contextlib.suppress(ValidationError):
        Ticket.model_validate_json(b"{}")


def reset_signals() -> None:
    """Give every signal its default action and block none, whatever the parent did with them.

    SIGPIPE and SIGXFSZ stay ignored, as the interpreter wants them.
    """
    kept = {getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ", "SIGKILL", "SIGSTOP") if hasattr(signal, name)}
    for number in signal.valid_signals() - kept:
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def read_ticket(descriptor: int) -> Ticket:
    """The ticket in `descriptor`, which is closed unless it is a standard stream. Raises ValidationError, OSError."""
    with open(descriptor, "rb", closefd=descriptor > 2) as source:
        if source.seekable():
            source.seek(0)
        return Ticket.model_validate_json(source.read())


def _live(ticket_fd: int, body: Body | None) -> int:
    reset_signals()
    ticket = read_ticket(ticket_fd)
    if ticket.exchange is not None and ticket.exchange.credentials is not None:
        forbid_core_files()
    redirect_output(ticket.places.output_file)
    faulthandler.enable(all_threads=True)
    mark_life(ticket.process_title)
    enter(ticket.places.control_group)
    if body is None:
        from worker.lifecycle import live

        body = live
    return int(body(ticket))


def _code_of(error: SystemExit) -> int:
    if isinstance(error.code, str):
        sys.stderr.write(f"{error.code}\n")
        return ExitStatus.FAILED
    return int(error.code or 0)


def _flush_and_leave(code: int) -> NoReturn:
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        pass
    finally:
        os._exit(code)
