"""Records of lives: what a restarted supervisor learns of its survivors."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.wire.launch import LOCK_NAME, LockNote
from supervisor.processes import lives
from supervisor.processes.child import identity_of
from supervisor.processes.lives import LifeRecord, LifeRecords, Verdict
from supervisor.processes.port import ProcessIdentity


@pytest.fixture
def sleeper() -> Iterator[ProcessIdentity]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = identity_of(process.pid)
        assert identity is not None
        yield identity
        process.kill()


def record(folder: Path, identity: ProcessIdentity | None, bot_id: int = 7, incarnation: int = 12) -> LifeRecord:
    return LifeRecord(
        bot_id=bot_id,
        bot_uid="7-abc",
        incarnation=incarnation,
        generation="g1",
        token="hush",
        state_dir=folder / "bot",
        started_at=datetime(2024, 5, 1, tzinfo=UTC),
        pid=identity.pid if identity else None,
        create_time=identity.create_time if identity else None,
    )


def test_a_living_life_is_found_with_everything_that_was_known_of_it(tmp_path: Path, sleeper: ProcessIdentity) -> None:
    LifeRecords(tmp_path / "lives").write(record(tmp_path, sleeper))
    (reading,) = LifeRecords(tmp_path / "lives").read_all()
    assert (reading.verdict, reading.identity, reading.record) == (
        Verdict.ALIVE,
        sleeper,
        record(tmp_path, sleeper),
    )


def test_records_are_for_their_owner_alone(tmp_path: Path, sleeper: ProcessIdentity) -> None:
    LifeRecords(tmp_path / "lives").write(record(tmp_path, sleeper))
    assert stat.S_IMODE((tmp_path / "lives").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "lives" / "7.json").stat().st_mode) == 0o600
    assert os.listdir(tmp_path / "lives") == ["7.json"]


def test_a_process_that_got_the_number_later_is_not_the_life(tmp_path: Path, sleeper: ProcessIdentity) -> None:
    LifeRecords(tmp_path).write(record(tmp_path, ProcessIdentity(sleeper.pid, sleeper.create_time - 5)))
    assert [reading.verdict for reading in LifeRecords(tmp_path).read_all()] == [Verdict.DEAD]


def test_a_life_of_an_earlier_run_of_the_machine_is_dead(
    tmp_path: Path, sleeper: ProcessIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    LifeRecords(tmp_path).write(record(tmp_path, sleeper))
    monkeypatch.setattr(lives, "boot_id", lambda: "another run")
    assert [reading.verdict for reading in LifeRecords(tmp_path).read_all()] == [Verdict.DEAD]


def test_a_life_whose_birth_was_not_heard_of_is_found_by_its_lock(tmp_path: Path, sleeper: ProcessIdentity) -> None:
    LifeRecords(tmp_path).write(record(tmp_path, None))
    note = LockNote(pid=sleeper.pid, created=sleeper.create_time, incarnation=12)
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / LOCK_NAME).write_text(note.model_dump_json())
    (reading,) = LifeRecords(tmp_path).read_all()
    assert (reading.verdict, reading.identity) == (Verdict.ALIVE, sleeper)


def test_the_lock_of_another_life_proves_nothing(tmp_path: Path, sleeper: ProcessIdentity) -> None:
    LifeRecords(tmp_path).write(record(tmp_path, None))
    note = LockNote(pid=sleeper.pid, created=sleeper.create_time, incarnation=11)
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / LOCK_NAME).write_text(note.model_dump_json())
    assert [reading.verdict for reading in LifeRecords(tmp_path).read_all()] == [Verdict.DEAD]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"boot_id": "x", "life": {"bot_id": 7}}'])
def test_a_damaged_record_is_named_and_hides_no_other(tmp_path: Path, sleeper: ProcessIdentity, content: str) -> None:
    records = LifeRecords(tmp_path)
    records.write(record(tmp_path, sleeper, bot_id=8))
    (tmp_path / "7.json").write_text(content)
    damaged, sound = records.read_all()
    assert (damaged.bot_id, damaged.verdict, sound.verdict) == (7, Verdict.UNREADABLE, Verdict.ALIVE)
    assert "7.json" in (damaged.detail or "")
    records.discard(7)
    assert len(records.read_all()) == 1


def test_only_the_record_of_the_same_life_is_removed(tmp_path: Path, sleeper: ProcessIdentity) -> None:
    records = LifeRecords(tmp_path)
    records.write(record(tmp_path, sleeper, incarnation=13))
    records.remove(7, 12)
    assert len(records.read_all()) == 1
    records.remove(7, 13)
    assert records.read_all() == []
    records.remove(7, 13)
