"""The merged logs: every line of every process once, whatever is rotated or restarted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from common import logs
from supervisor.host.log_merger import COMBINED, ERRORS, LogMerger, open_seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bots").mkdir()
    return tmp_path


def merger(folder: Path, **options: Any) -> LogMerger:
    return LogMerger(folder, **({"rotation_mb": 20.0, "keep": 3, "interval": 0.01} | options))


def merge(folder: Path, **options: Any) -> None:
    """One life of the merger: it merges what is there and ends."""
    working = merger(folder, **options)
    working.start()
    working.stop()


def line(number: int, level: str = "INFO", process: str = "worker", **more: Any) -> str:
    head = {"time": f"2024-01-01T00:00:00.{number:03d}+00:00", "level": level, "message": f"message {number}"}
    return json.dumps(head | {"process": process, "n": number} | more) + "\n"


def append(path: Path, *texts: str) -> None:
    with path.open("a") as sink:
        sink.writelines(texts)


def merged(folder: Path, name: str = COMBINED) -> list[Any]:
    path = folder / name
    return [json.loads(text).get("n") for text in path.read_text().splitlines()]


def rotate(path: Path, stamp: str) -> Path:
    """What loguru does: the full file gets the date into its name, a new one takes its place."""
    old = path.with_name(f"{path.stem}.{stamp}{path.suffix}")
    path.rename(old)
    return old


def test_the_lines_of_all_processes_are_merged_and_errors_once_more_apart(folder: Path) -> None:
    append(folder / "bots" / "bot-1.jsonl", line(1), line(2, "ERROR"))
    append(folder / "bots" / "bot-2.jsonl", line(3, "CRITICAL"), line(4, "WARNING"))
    append(folder / "supervisor.jsonl", line(5, process="supervisor"))
    merge(folder)
    assert sorted(merged(folder)) == [1, 2, 3, 4, 5]
    assert sorted(merged(folder, ERRORS)) == [2, 3]


def test_a_restart_neither_loses_nor_doubles(folder: Path) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    for number in range(10):
        append(path, line(number))
        merge(folder)
    merge(folder)
    assert merged(folder) == list(range(10))


def test_a_line_that_is_not_finished_waits_for_its_end(folder: Path) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    whole = line(1)
    append(path, whole[:30])
    merge(folder)
    assert merged(folder) == []
    append(path, whole[30:])
    merge(folder)
    assert merged(folder) == [1]


def test_a_file_rotated_while_the_merger_is_away_is_read_to_its_end_first(folder: Path) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    append(path, line(1), line(2))
    merge(folder)
    append(path, line(3))
    rotate(path, "2024-01-01_00-00-00_000001")
    append(path, line(4))
    rotate(path, "2024-01-01_00-00-00_000002")
    append(path, line(5))
    merge(folder)
    merge(folder)
    assert merged(folder) == [1, 2, 3, 4, 5]


def test_rotation_under_a_running_merger_neither_loses_nor_doubles(
    folder: Path, until: Callable[[Callable[[], Any], str], Any]
) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    working = merger(folder, interval=0.002)
    working.start()
    for number in range(60):
        append(path, line(number))
        if number % 7 == 6:
            rotate(path, f"2024-01-01_00-00-{number:02d}_000000")
        if number % 20 == 19:
            until(lambda: len(merged(folder)) > number, "the merger catches up")  # noqa: B023 - called at once
    working.stop()
    assert sorted(merged(folder)) == list(range(60))


def test_a_real_worker_log_with_rotation_and_retention_is_merged_whole(folder: Path) -> None:
    working = merger(folder, interval=0.001)
    working.start()
    logs.reset()
    try:
        path = folder / "bots" / "bot-1.jsonl"
        logs.add_json_file(path, level="INFO", rotation_mb=0.02, keep=50, process="worker", bot_id=1, incarnation=1)
        for number in range(500):
            logger.bind(n=number).info("a line of some length, so that the file is soon full")
    finally:
        logs.reset()
        logger.configure(extra={})
        working.stop()
    assert len(list((folder / "bots").iterdir())) > 2
    assert sorted(merged(folder)) == list(range(500))


def test_a_file_that_was_rotated_between_the_look_and_the_opening_is_not_taken_for_its_successor(folder: Path) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    append(path, line(1))
    inode = path.stat().st_ino
    with open_seen(path, inode) or pytest.fail("the file seen is there") as file:
        assert json.loads(file.read())["n"] == 1
    rotate(path, "2024-01-01_00-00-00_000001")
    assert open_seen(path, inode) is None
    append(path, line(2))
    assert open_seen(path, inode) is None


def test_files_that_are_removed_are_let_go(folder: Path, until: Callable[[Callable[[], Any], str], Any]) -> None:
    working = merger(folder)
    working.start()
    path = folder / "bots" / "bot-1.jsonl"
    for number in range(5):
        append(path, line(number))
        until(lambda: len(merged(folder)) > number, "the line is merged")  # noqa: B023 - called at once
        path.unlink()
        until(lambda: not open_below(folder / "bots"), "the removed file is closed")
    working.stop()
    assert merged(folder) == list(range(5))


def open_below(folder: Path) -> list[str]:
    held = []
    for number in os.listdir("/proc/self/fd"):
        try:
            held.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue
    return [target for target in held if target.startswith(str(folder) + "/")]


def test_the_number_of_a_deleted_file_given_to_another_does_not_hide_its_beginning(folder: Path) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    append(path, line(1))
    merge(folder)
    inode = path.stat().st_ino
    with path.open("w") as sink:  # the same inode, another content, longer than what was merged
        sink.writelines([line(2, level="WARNING"), line(3), line(4)])
    assert path.stat().st_ino == inode
    merge(folder)
    assert merged(folder) == [1, 2, 3, 4]


def test_damaged_lines_are_kept_marked_and_reported_as_errors(folder: Path) -> None:
    path = folder / "bots" / "bot-1.jsonl"
    path.write_bytes(line(1).encode() + b'{"time": "torn\n' + b"\xff\xfe\n" + b"[1, 2]\n" + line(2).encode())
    merge(folder)
    found = [json.loads(text) for text in (folder / COMBINED).read_text().splitlines()]
    assert [item.get("n") for item in found if "n" in item] == [1, 2]
    damaged = [item for item in found if item.get("damaged")]
    assert [item["level"] for item in damaged] == ["ERROR"] * 3
    assert damaged[0]["message"] == '{"time": "torn'
    assert len((folder / ERRORS).read_text().splitlines()) == 3


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"a": 1}', '{"12": 34}', '{"1": [1, "x"]}'])
def test_a_spoilt_memory_of_positions_is_no_obstacle(folder: Path, spoilt: str) -> None:
    append(folder / "bots" / "bot-1.jsonl", line(1))
    (folder / ".merged.json").write_text(spoilt)
    merge(folder)
    assert merged(folder) == [1]


def test_the_merged_file_is_rotated_and_old_ones_are_bounded(folder: Path) -> None:
    append(folder / "bots" / "bot-1.jsonl", *(line(number) for number in range(400)))
    merge(folder, rotation_mb=0.01, keep=2)
    names = sorted(path.name for path in folder.glob(f"{COMBINED}*"))
    assert names == [COMBINED, f"{COMBINED}.1", f"{COMBINED}.2"]
    assert all((folder / name).stat().st_size <= 10_000 for name in names)


def test_workers_lines_are_echoed_and_the_supervisors_own_are_not(folder: Path) -> None:
    shown: list[dict[str, Any]] = []
    append(folder / "bots" / "bot-1.jsonl", line(1))
    append(folder / "supervisor.jsonl", line(2, process="supervisor"))
    merge(folder, echo=shown.append)
    assert [item["n"] for item in shown] == [1]
