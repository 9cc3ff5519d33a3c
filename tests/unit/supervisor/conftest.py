"""Waiting for a thing with a deadline, and folders with short names for sockets."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fleet_world import Fleet
from waiting import wait_until


@pytest.fixture
def until() -> Callable[[Callable[[], Any], str], Any]:
    """Waits until a condition holds and returns its value; fails with what was awaited."""

    def wait(condition: Callable[[], Any], what: str) -> Any:
        return wait_until(what, condition, pause=0.005)

    return wait


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a socket."""
    folder = Path(tempfile.mkdtemp(prefix="bv-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


MakeFleet = Callable[..., Fleet]


@pytest.fixture
def make_fleet(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFleet]:
    """Makes the world of a test, with settings by name."""
    for name in list(os.environ):
        if name.startswith("BOTVISOR_") or name == "DB_URL":
            monkeypatch.delenv(name)
    with ExitStack() as stack:
        yield lambda **settings: Fleet(short_folder, stack, **settings)


@pytest.fixture
def fleet(make_fleet: MakeFleet) -> Fleet:
    return make_fleet()
