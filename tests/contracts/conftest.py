"""Worlds of launchers: everything they started is gone when a test ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher_world import LAUNCHERS, World

from common.process import become_subreaper


def make_world(kind: str, folder: Path) -> Iterator[World]:
    world = World(LAUNCHERS[kind](), folder)
    yield world
    world.kill_everything()
    world.launcher.close()
    become_subreaper(False)


IN_THE_LONG_RUN = {"interpreter-stdin-threads"}
"""The launcher of systems without fork, as far as it can be tried here."""


@pytest.fixture(
    params=[pytest.param(kind, marks=[pytest.mark.slow] if kind in IN_THE_LONG_RUN else []) for kind in LAUNCHERS]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from make_world(request.param, tmp_path)


@pytest.fixture
def forking(tmp_path: Path) -> Iterator[World]:
    yield from make_world("forkserver", tmp_path)
