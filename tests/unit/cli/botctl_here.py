"""Runs `botctl` in this process and tells what it said."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from supervisor.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return " ".join((self.out + self.err).split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Botctl:
    """Runs commands as the console script does."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str) -> Outcome:
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["botctl", *arguments])
        code = main()
        shown = self._capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    def ask(self, *arguments: str) -> Any:
        """What a command that works says as JSON."""
        outcome = self(*arguments, "--json")
        assert outcome.code == 0, outcome
        return outcome.json

    def query(self, statement: str, *values: Any) -> list[Any]:
        """What an SQL statement finds or does in the embedded database."""
        with closing(sqlite3.connect(self.folder / "var" / "botvisor.db")) as database:
            found = database.execute(statement, values).fetchall()
            database.commit()
        return found

    def insert(self, config: Any, status: str = "enabled", metadata: Any = None) -> None:
        """A row as somebody writes it by SQL."""
        self.query(
            "INSERT INTO trading_bots (user_id, status, config, extra_metadata, created_at, updated_at, error_count)"
            " VALUES ((SELECT min(id) FROM usr_users), ?, ?, ?, '2024-01-01', '2024-01-01', 2)",
            status,
            json.dumps(config),
            json.dumps(metadata) if metadata else None,
        )

    def file(self, config: Any, name: str = "bot.json") -> str:
        path = self.folder / name
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        return str(path)
