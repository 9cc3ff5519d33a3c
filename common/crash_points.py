"""Moments at which a test may have this process killed, as if the power had gone.

`BOTVISOR_CRASH_AT=name:k:file` kills the process that first passes the point `name` for the k-th time, by
SIGKILL, in whichever process that is; `file` is made just before, so that it happens once, and so that the test knows
it did. Without the variable a point is a call of an empty function. The variable is read once, when this is imported.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping

VARIABLE = "BOTVISOR_CRASH_AT"

WORKER_POINTS: dict[str, str] = {
    "life.locked": "the life holds its lock and has done nothing else",
    "journal.opened": "the journal is mended and open",
    "entry.before_write": "a bar with its facts is about to be written to the journal",
    "entry.after_write": "it is written and not told",
    "checkpoint.before_write": "a state without facts is about to be written",
    "checkpoint.after_write": "it is written",
    "segment.before_rename": "a new segment is complete and not yet under its name",
    "segment.after_rename": "it has its name and nobody has written to it",
    "segment.before_delete": "a segment whose entries are all acknowledged is about to go",
    "segment.after_delete": "it has gone",
    "entry.before_send": "an entry is about to be sent",
    "entry.after_send": "it is sent and not noted as under way",
    "acknowledgement.received": "the supervisor's acknowledgement is read and not noted",
    "acknowledgement.noted": "it is noted on disk, its segments are still there",
    "goodbye.before_send": "everything is delivered, the last words are not said",
    "goodbye.after_send": "the last words are said",
    "intent.recorded": "an order's intent is in the journal, the venue does not know it",
    "order.submitted": "the venue has the order, the book does not know",
    "order.accepted": "the book knows, nothing of it is written down",
    "fill.before_apply": "the venue has executed, the book does not know",
    "fill.applied": "the book knows of the fill, nothing of it is written down",
}
"""Point → what has happened and what has not. In the worker."""

EXCHANGE_POINTS: dict[str, str] = {
    "order.sending": "an order is about to be sent to an exchange",
    "order.answered": "the exchange has answered, nobody here knows what",
}
"""In a worker that trades at an exchange."""

FORK_SERVER_POINTS: dict[str, str] = {
    "fork.before": "a life is asked for and not made",
    "fork.after": "the life's process exists and nobody was told",
    "fork.told": "the supervisor was told, the life waits at its gate",
}
"""In the fork server."""

SUPERVISOR_POINTS: dict[str, str] = {
    "adoption.before": "the state folder is ours, no life of before is adopted",
    "adoption.after": "all are adopted, nothing else runs yet",
    "incarnations.reserved": "numbers of lives are reserved in a transaction that is not committed",
    "incarnations.received": "they are committed and not used",
    "life_record.before_write": "a life is decided, nothing of it is written down",
    "life_record.after_write": "its record is on disk, nobody was asked to make it",
    "spawn.asked": "the launcher was asked to make it",
    "life_record.before_pid": "the life is born, its record does not know its process",
    "life_record.after_pid": "the record knows its process",
    "life_record.before_remove": "the life is dead, its record still there",
    "life_record.after_remove": "the record has gone, the end is not recorded",
    "received.entry": "a worker's entry is read and not handed on",
    "ledger.before_transaction": "entries are about to be recorded",
    "ledger.before_commit": "they are written and not committed",
    "ledger.after_commit": "they are committed, nobody was told",
    "acknowledgement.before_send": "the commit is known, the worker does not know it",
    "acknowledgement.after_send": "the worker was told",
    "commands.before_commit": "statuses and records of lives are written and not committed",
    "commands.after_commit": "they are committed and not answered",
}
"""In the supervisor."""


def _unarmed(name: str) -> None:
    """The moment `name` has come. Nothing happens."""


def armed(order: str) -> Callable[[str], None]:
    """What `reach` is under this order. Raises ValueError when it is not `name:k:file` with a known point."""
    name, count, file = order.split(":", 2)
    if name not in WORKER_POINTS | EXCHANGE_POINTS | FORK_SERVER_POINTS | SUPERVISOR_POINTS:
        raise ValueError(f"{VARIABLE}={order!r}: there is no crash point {name!r}")
    left = int(count)
    lock = threading.Lock()

    def reach(passed: str) -> None:
        nonlocal left
        if passed != name:
            return
        with lock:
            left -= 1
            if left == 0 and _first(file):
                _die()

    return reach


def _first(file: str) -> bool:
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


def from_environment(environment: Mapping[str, str]) -> Callable[[str], None]:
    """What `reach` is in a process with this environment."""
    order = environment.get(VARIABLE)
    return armed(order) if order else _unarmed


reach = from_environment(os.environ)
"""Call it with a literal name of one of the tables above, where that moment has come."""
