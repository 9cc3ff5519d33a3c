"""A worker whose life does what the ticket's config says, for tests of launchers.

Run as `python stand_in_worker.py --ticket-fd N` (a fresh interpreter) or `… forkserver --socket N` (a fork server
whose lives are such).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from common.wire.ticket import Ticket
from worker import __main__ as worker_main
from worker import forkserver
from worker.lock import LifeLock, LockHeldError
from worker.pid_file import PidFile

_LONG = 120


def body(ticket: Ticket) -> int:
    """Obey `config["do"]`; with `config["note"]` first tell the world about this process in that file."""
    try:
        with LifeLock(ticket.places.state_dir, ticket.incarnation), PidFile(ticket.places.pid_file):
            return _obey(ticket)
    except LockHeldError as error:
        sys.stderr.write(f"{error}\n")
        return 75


def _obey(ticket: Ticket) -> int:
    order = ticket.config
    if order["do"] == "breed":
        order["offspring"] = _breed(order)
    if order["do"] == "ignore_term":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "note" in order:
        _tell(Path(order["note"]), order.get("offspring", []))
    if order["do"] == "exit":
        return int(order["code"])
    if order["do"] == "raise":
        raise RuntimeError(order["text"])
    if order["do"] == "signal":
        os.kill(os.getpid(), order["number"])
    time.sleep(_LONG)
    return 0


def _breed(order: dict[str, object]) -> list[int]:
    program = [sys.executable, "-c", f"import time; time.sleep({_LONG})"]
    if order["kin"] == "group":
        return [subprocess.Popen(program).pid, _fork()]
    return [subprocess.Popen(program, start_new_session=True).pid, _orphan()]


def _fork() -> int:
    pid = os.fork()
    if pid == 0:
        time.sleep(_LONG)
        os._exit(0)
    return pid


def _orphan() -> int:
    """A daemon by the book: fork, new session, fork again."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        os.write(writer, str(_fork()).encode())
        os._exit(0)
    os.waitpid(middle, 0)
    pid = int(os.read(reader, 20))
    os.close(reader)
    os.close(writer)
    return pid


def _tell(path: Path, offspring: object) -> None:
    facts = {
        "at": time.monotonic(),
        "pid": os.getpid(),
        "group": os.getpgid(0),
        "session": os.getsid(0),
        "parent": os.getppid(),
        "files": {int(name): _target(name) for name in os.listdir("/proc/self/fd")},
        "environment": dict(os.environ),
        "arguments": Path("/proc/self/cmdline").read_bytes().decode(errors="replace"),
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "threads": len(os.listdir("/proc/self/task")),
        "client": "ccxt.pro" in sys.modules,
        "offspring": offspring,
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(facts))
    draft.replace(path)


def _target(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""


if __name__ == "__main__":
    if sys.argv[1] == "forkserver":
        forkserver.main(sys.argv[2:], body)
    sys.exit(worker_main.main(sys.argv[1:], body))
