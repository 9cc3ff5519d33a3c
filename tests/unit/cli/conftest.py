"""`botctl` in this process, on a database of its own and without a supervisor."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from botctl_here import Botctl
from loguru import logger

from common import logs


@pytest.fixture
def nowhere(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Botctl]:
    """`botctl` where nothing has been made yet."""
    for name in list(os.environ):
        if name.startswith("BOTVISOR_") or name == "DB_URL":
            monkeypatch.delenv(name)
    folder = Path(tempfile.mkdtemp(prefix="bv-"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "250")
    yield Botctl(folder, capsys, monkeypatch)
    logs.reset()
    logger.configure(extra={})
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def botctl(nowhere: Botctl, sqlite_template: Path) -> Botctl:
    """`botctl` on a database with the present schema and no bot."""
    (nowhere.folder / "var").mkdir()
    shutil.copy(sqlite_template, nowhere.folder / "var" / "botvisor.db")
    return nowhere
