"""Ending the lives that outlived an intended stop."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from waiting import PATIENCE

from supervisor.processes.child import identity_of
from supervisor.processes.lives import LifeRecord, LifeRecords
from supervisor.processes.strays import end_recorded_lives

DEAF = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTERM, signal.SIGABRT)]"


@pytest.fixture
def children() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def a_life(folder: Path, stack: ExitStack, bot_id: int, first: str = "pass") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", f"{first}\nprint('up', flush=True)\nimport signal\nwhile True: signal.pause()"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    stack.callback(child.communicate)
    stack.callback(child.kill)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    identity = identity_of(child.pid)
    assert identity is not None
    LifeRecords(folder).write(
        LifeRecord(
            bot_id=bot_id,
            bot_uid=f"{bot_id}-x",
            incarnation=bot_id,
            generation="g",
            token="t",
            state_dir=folder,
            started_at=datetime.now(UTC),
            pid=identity.pid,
            create_time=identity.create_time,
        )
    )
    return child


def test_they_are_asked_first_and_ended_by_force_when_they_do_not_heed_it(tmp_path: Path, children: ExitStack) -> None:
    heeds = a_life(tmp_path, children, 7)
    deaf = a_life(tmp_path, children, 8, DEAF)
    assert end_recorded_lives(tmp_path, term_grace=0.2, abort_grace=0.2) == [7, 8]
    assert heeds.wait(PATIENCE) == -15
    assert deaf.wait(PATIENCE) == -9


def test_a_process_that_got_the_number_of_a_dead_life_is_none_of_ours(tmp_path: Path, children: ExitStack) -> None:
    stranger = a_life(tmp_path, children, 7)
    records = LifeRecords(tmp_path)
    record = records.read_all()[0].record
    assert record is not None
    assert record.create_time is not None
    records.write(record.model_copy(update={"create_time": record.create_time + 1}))
    assert end_recorded_lives(tmp_path, term_grace=0.2, abort_grace=0.2) == []
    assert stranger.poll() is None


def test_where_no_life_was_recorded_nothing_happens(tmp_path: Path) -> None:
    assert end_recorded_lives(tmp_path / "none", term_grace=1, abort_grace=1) == []
    assert not (tmp_path / "none").exists()
