"""A whole installation in temporary folders, driven from outside: environment, signals, SQL, `ps` and `botctl`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from database import Database
from waiting import PATIENCE, wait_until

QUICK = {
    "BOTVISOR_HEARTBEAT_INTERVAL": "0.5",
    "BOTVISOR_POLL_INTERVAL": "0.5",
    "BOTVISOR_HEARTBEAT_MISSES": "10",
    "BOTVISOR_THROTTLE_PAUSE": "0",  # how busy the machine is must not count
}
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "TMPDIR", "LD_LIBRARY_PATH")


class World:
    """One database, one state folder, at most one supervisor at a time; everything in it ends with `close()`."""

    def __init__(self, database: Database, **settings: str) -> None:
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix="bv", dir="/tmp"))
        self.state, self.run, self.logs = self.folder / "state", self.folder / "run", self.folder / "log"
        self.settings = QUICK | settings
        self.supervisor: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, psutil.Process] = {}

    # --- the supervisor ---

    def environment(self, **settings: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
        places = {
            "BOTVISOR_DATABASE_URL": self.database.url,
            "BOTVISOR_STATE_DIR": str(self.state),
            "BOTVISOR_RUN_DIR": str(self.run),
            "BOTVISOR_LOG_DIR": str(self.logs),
        }
        return inherited | places | self.settings | settings

    def launch(self, *, cwd: Path | None = None, **settings: str) -> subprocess.Popen[bytes]:
        """Starts a supervisor and does not wait for anything."""
        output = (self.folder / "terminal").open("ab")
        with output:
            return subprocess.Popen(
                [sys.executable, "-m", "supervisor"],
                cwd=cwd or self.folder,
                env=self.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def start(self, *, cwd: Path | None = None, **settings: str) -> None:
        """Starts the supervisor of this world; what it does next is for the test to wait for."""
        assert self.supervisor is None or self.supervisor.poll() is not None, "a supervisor is running already"
        self.supervisor = self.launch(cwd=cwd, **settings)

    @property
    def pid(self) -> int:
        assert self.supervisor is not None
        return self.supervisor.pid

    def stop(self, number: int = signal.SIGTERM, within: float = 60.0) -> int:
        """Sends the signal and answers the exit code."""
        assert self.supervisor is not None
        self.remember_processes()
        self.supervisor.send_signal(number)
        try:
            return self.supervisor.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"the supervisor still runs {within:g} s after signal {number}\n{self.tail()}"
            ) from None

    def catches(self, number: int) -> bool:
        """Whether the supervisor has a handler for the signal already; before, the signal would end it."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
        return bool(int(caught, 16) >> (number - 1) & 1)

    def kill_supervisor(self) -> None:
        """SIGKILL, as a crash would."""
        assert self.supervisor is not None
        self.remember_processes()
        self.supervisor.kill()
        self.supervisor.wait(PATIENCE)

    def refuse_to_start(self, within: float = PATIENCE, **settings: str) -> str:
        """Launches one more supervisor that must end by itself with an error; answers what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "supervisor"],
            cwd=self.folder,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        assert done.returncode != 0, f"it ended with 0: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tail(self, lines: int = 40) -> str:
        """The end of everything that was printed and logged, for the message of a failed test."""
        texts = []
        for path in [self.folder / "terminal", *sorted(self.logs.glob("*.jsonl"))]:
            if path.is_file():
                texts.append(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]))
        return "\n".join(texts)

    def logged(self) -> str:
        """Everything in the log folder and on the terminal."""
        paths = [self.folder / "terminal", *sorted(path for path in self.logs.rglob("*") if path.is_file())]
        return "\n".join(path.read_text(errors="replace") for path in paths if path.exists())

    # --- botctl ---

    def botctl(
        self, *arguments: str, check: bool = True, stdin: str | None = None, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "supervisor", *arguments],
            cwd=self.folder,
            env=self.environment(**settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        if check:
            assert done.returncode == 0, (
                f"botctl {' '.join(arguments)} -> {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def ask(self, *arguments: str) -> Any:
        """The parsed answer of a command with `--json`."""
        return json.loads(self.botctl(*arguments, "--json").stdout)

    def migrate(self) -> None:
        self.botctl("db", "upgrade")

    # --- rows ---

    def an_owner(self, email: str = "owner@example.org") -> int:
        found = self.database.rows("SELECT id FROM usr_users WHERE email = ?", email)
        if not found:
            self.database.execute("INSERT INTO usr_users (email, role, is_active) VALUES (?, 'trader', ?)", email, True)
            found = self.database.rows("SELECT id FROM usr_users WHERE email = ?", email)
        return int(found[0]["id"])

    def insert_bot(
        self, config: object, status: str = "starting", *, owner: int | None = None, text: str | None = None
    ) -> int:
        """Inserts a row as an operator's SQL would and answers its id; `text` stands for a config that is no JSON."""
        owner = self.an_owner() if owner is None else owner
        stored = json.dumps(config) if text is None else text
        sql = "INSERT INTO trading_bots (user_id, status, config) VALUES (?, ?, ?) RETURNING id"
        return int(self.database.row(sql, owner, status, stored)["id"])

    def bot(self, bot_id: int) -> dict[str, Any]:
        return self.database.row("SELECT * FROM trading_bots WHERE id = ?", bot_id)

    def status(self, bot_id: int) -> str:
        return str(self.bot(bot_id)["status"])

    def notes(self, bot_id: int) -> dict[str, Any]:
        """The row's extra_metadata."""
        return self.bot(bot_id)["extra_metadata"] or {}

    def set_config(self, bot_id: int, config: object) -> None:
        self.database.execute("UPDATE trading_bots SET config = ? WHERE id = ?", json.dumps(config), bot_id)

    def set_status(self, bot_id: int, status: str) -> None:
        self.database.execute("UPDATE trading_bots SET status = ? WHERE id = ?", status, bot_id)

    def trades(self, bot_id: int) -> list[dict[str, Any]]:
        return self.database.rows("SELECT * FROM trading_trades WHERE bot_id = ? ORDER BY entry_time, id", bot_id)

    # --- waiting for bots ---

    def wait(self, what: str, condition: Callable[[], Any], within: float = PATIENCE) -> Any:
        try:
            return wait_until(what, condition, within)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.tail()}") from None

    def until_running(self, *bot_ids: int, within: float = PATIENCE) -> list[int]:
        """Waits until every bot has status `running` and a live process; answers the pids."""
        for bot_id in bot_ids:
            self.wait(f"bot {bot_id} running", partial(self._running, bot_id), within)
        self.remember_processes()
        return [self.worker(bot_id) or 0 for bot_id in bot_ids]

    def _running(self, bot_id: int) -> bool:
        row = self.bot(bot_id)
        return row["status"] == "running" and self.worker(bot_id) is not None

    def until_replaced(self, bot_id: int, old: int | None, within: float = PATIENCE) -> int:
        """Waits for a life of the bot in another process than `old`; answers its pid."""

        def another() -> int | None:
            pid = self.worker(bot_id)
            return pid if pid != old else None

        return int(self.wait(f"a new life of bot {bot_id}", another, within))

    def until_more_trades(self, bot_id: int, more: int) -> None:
        """Waits until `more` rows of the bot's trades have been added."""
        before = len(self.trades(bot_id))
        self.wait(f"{more} more trades of bot {bot_id}", lambda: len(self.trades(bot_id)) >= before + more)

    def until_status(self, bot_id: int, status: str, within: float = PATIENCE) -> dict[str, Any]:
        self.wait(f"bot {bot_id} {status}", lambda: self.status(bot_id) == status, within)
        return self.bot(bot_id)

    def until_finished(self, *bot_ids: int, within: float = 90.0) -> None:
        for bot_id in bot_ids:
            self.wait(f"bot {bot_id} finished", partial(self._finished, bot_id), within)

    def has_finished(self, bot_id: int) -> bool:
        """Whether the row says that the bot came to the end of its data; False while nobody can say.

        An error that heals by itself (a disk that was full at a bad moment) is no end.
        """
        try:
            row = self.bot(bot_id)
        except (sqlite3.OperationalError, psycopg2.OperationalError):
            return False
        return row["status"] == "stopped" and bool((row["extra_metadata"] or {}).get("finished"))

    def _finished(self, bot_id: int) -> bool:
        row = self.bot(bot_id)
        assert row["status"] != "error", f"bot {bot_id} is in error: {row['extra_metadata']}\n{self.tail()}"
        return row["status"] == "stopped" and bool((row["extra_metadata"] or {}).get("finished"))

    # --- processes ---

    def worker(self, bot_id: int) -> int | None:
        """Pid of the bot's live process by its pid file and title; None when there is none."""
        try:
            pid = int((self.run / "bots" / f"{bot_id}.pid").read_text().split()[0])
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE or f"botvisor: bot {bot_id} " not in self.title(pid):
                return None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        self._seen[pid] = process
        return pid

    def title(self, pid: int) -> str:
        """What `ps` shows as the command of the process."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip() + " "
        except OSError:
            return ""

    def workers(self) -> dict[int, int]:
        """Bot id -> pid of every live worker that has a pid file."""
        files = (self.run / "bots").glob("*.pid") if (self.run / "bots").is_dir() else []
        found = {int(path.stem): self.worker(int(path.stem)) for path in files}
        return {bot_id: pid for bot_id, pid in found.items() if pid is not None}

    def remember_processes(self) -> list[psutil.Process]:
        """Every process of this world that can be seen now; kept so that `close()` leaves none behind."""
        try:
            family = psutil.Process(self.pid).children(recursive=True) if self.supervisor else []
        except psutil.Error:
            family = []
        self._seen.update({process.pid: process for process in family})
        self.workers()
        return family

    def left_behind(self) -> list[psutil.Process]:
        """Processes of this world, seen at any time, that still live."""
        return [p for p in self._seen.values() if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def _at_home(self) -> list[psutil.Process]:
        """Whoever works in this world's folder: also a worker born in the last moment of a killed supervisor."""
        home = str(self.folder)
        return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == home]

    def close(self) -> None:
        try:
            if self.supervisor is not None and self.supervisor.poll() is None:
                self.remember_processes()
                self.supervisor.terminate()
                try:
                    self.supervisor.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    self.supervisor.kill()
                    self.supervisor.wait(PATIENCE)
            for process in (*self.left_behind(), *self._at_home()):
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
