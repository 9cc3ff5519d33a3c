"""A whole service in temporary folders, driven and watched from outside: environment, SQL, signals, sockets, /proc."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from benchmarks.databases import Database, Session
from benchmarks.waiting import wait_for

_KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class Installation:
    """One database, one state folder, at most one supervisor. Ends only processes that it started."""

    def __init__(self, database: Database, **settings: str) -> None:
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix="bvb", dir="/tmp" if os.path.isdir("/tmp") else None))
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._family: dict[int, psutil.Process] = {}

    def __enter__(self) -> Installation:
        subprocess.run(
            [sys.executable, "-m", "supervisor", "db", "upgrade"],
            cwd=self.folder,
            env=self._environment(),
            check=True,
            capture_output=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                sys.stderr.write("".join(f"  {line}\n" for line in self.last_words()))
            self._end()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        places = {"BOTVISOR_STATE_DIR": str(self.folder / "var"), "BOTVISOR_DATABASE_URL": self.database.url}
        return kept | places | self._settings

    # -- the service ----------------------------------------------------------------------------------------------

    def start(self) -> float:
        """Start the supervisor without waiting for anything; the wall time just before."""
        before = time.time()
        with (self.folder / "terminal").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor"],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return before

    def until_ready(self) -> None:
        """Wait until the supervisor answers and has read the rows."""
        wait_for("the supervisor to answer", lambda: (self.status() or {}).get("database") == "up", 60)

    @property
    def supervisor(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def wait(self, within: float) -> bool:
        """Whether the supervisor ended within these seconds."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
            return True
        return False

    def _require_alive(self) -> None:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError("the supervisor has ended by itself; its last words are above")

    def last_words(self) -> list[str]:
        """The end of what it printed."""
        with contextlib.suppress(OSError):
            return (self.folder / "terminal").read_text(errors="replace").splitlines()[-15:]
        return []

    # -- what can be seen of it -----------------------------------------------------------------------------------

    def status(self) -> dict[str, Any] | None:
        """What the control socket answers; None when nobody does."""
        path = self.folder / "var" / "run" / "control.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            try:
                client.connect(os.fspath(path))
                client.sendall(b'{"do": "status"}\n')
                answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
            except OSError:
                return None
        return dict(json.loads(answer)) if answer else None

    def lives(self) -> dict[int, dict[str, Any]]:
        """Bot id -> its present life."""
        bots = (self.status() or {}).get("bots", [])
        return {bot["id"]: bot["life"] for bot in bots if bot["life"] is not None}

    def workers(self) -> dict[int, int]:
        """Bot id -> pid by the pid files."""
        found = {}
        for file in (self.folder / "var" / "run" / "bots").glob("*.pid"):
            with contextlib.suppress(OSError, ValueError):
                found[int(file.stem)] = int(file.read_text())
        return found

    def life_lock(self, bot_id: int) -> Path:
        """The lock file of a bot that lives, found by the pid in it."""
        pid = self.workers()[bot_id]
        for path in (self.folder / "var" / "bots").glob("*/life.lock"):
            with contextlib.suppress(OSError, ValueError):
                if json.loads(path.read_text())["pid"] == pid:
                    return path
        raise LookupError(f"no life lock names process {pid} of bot {bot_id}")

    def until_all_trade(self, session: Session, count: int, since: float, within: float) -> float:
        """Wait until `count` bots trade; the wall time at which the last of them told it."""

        def all_running() -> bool:
            self._require_alive()
            return self._running_since(session, since)[0] >= count

        wait_for(f"{count} bots to trade", all_running, within, every=0.05)
        return self._running_since(session, since)[1]

    def _running_since(self, session: Session, since: float) -> tuple[int, float]:
        sql = "SELECT count(DISTINCT bot_id), max(running_at) FROM incarnations WHERE running_at >= ?"
        count, last = session.run(sql, stored(since, self.database.is_sqlite))[0]
        return int(count), 0.0 if last is None else wall_time(last)

    def remember(self) -> dict[int, psutil.Process]:
        """Every process of this installation that can be seen now."""
        with contextlib.suppress(psutil.Error):
            for process in self.supervisor.children(recursive=True):
                self._family[process.pid] = process
        return self._family

    def _end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.remember()
            self._process.terminate()
            if not self.wait(40):
                self._process.kill()
                self._process.wait(10)
        self._remember_workers()
        for process in self._family.values():
            with contextlib.suppress(psutil.Error):
                if process.is_running():
                    process.kill()

    def _remember_workers(self) -> None:
        """Workers that outlived a crashed supervisor: named by the pid files of this folder and by their title."""
        for pid in self.workers().values():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if "botvisor: bot" in " ".join(process.cmdline()):
                    self._family[pid] = process


def wall_time(told: Any) -> float:
    """A stored time (UTC, without saying so) as seconds since the epoch."""
    moment = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def stored(wall: float, is_sqlite: bool) -> Any:
    """The same the other way."""
    moment = datetime.fromtimestamp(wall, UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ", timespec="microseconds") if is_sqlite else moment
