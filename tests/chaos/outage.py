"""The database goes away and comes back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from database import Database
from postgres import Postgres
from waiting import PATIENCE

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def taken_away(database: Database, postgres: Postgres | None) -> Iterator[None]:
    """PostgreSQL is stopped; a SQLite file is locked exclusively by another process."""
    if postgres is not None:
        postgres.stop()
        try:
            yield
        finally:
            postgres.start()
        return
    command = [sys.executable, "-c", _HOLD, str(database.file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.communicate(timeout=PATIENCE)
