"""Limits that the kernel keeps: found where they were delegated, left alone everywhere else.

The kernel's files are plain files here: what is written is looked at, not what a kernel makes of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.processes.control_groups import ControlGroups, find_control_groups
from worker.control_group import enter

MB = 1024 * 1024


def delegated(folder: Path, *, controllers: str = "cpuset cpu memory pids", inside: str = "", leaf: str = "supervisor"):
    """A hierarchy and the file that says where this process is in it."""
    home = folder / "fs" / "botvisor.service"
    (home / leaf).mkdir(parents=True)
    (home / "cgroup.controllers").write_text(f"{controllers}\n")
    (home / "cgroup.subtree_control").write_text("")
    (home / "cgroup.procs").write_text(inside)
    own = folder / "cgroup"
    own.write_text(f"1:name=systemd:/elsewhere\n0::/botvisor.service/{leaf}\n")
    return home, find_control_groups(folder / "fs", own)


def test_each_limit_has_a_wall_of_the_kernel_half_as_far_again_behind_it(tmp_path: Path) -> None:
    home, groups = delegated(tmp_path)
    assert isinstance(groups, ControlGroups)
    assert (home / "cgroup.subtree_control").read_text() == "+cpu +memory"
    group = groups.group_of(7, memory=200 * MB, cpu_percent=50)
    assert group == home / "bot-7"
    assert (group / "memory.max").read_text() == str(300 * MB)
    assert (group / "cpu.max").read_text() == "75000 100000"


def test_a_limit_that_was_taken_away_is_a_wall_no_more(tmp_path: Path) -> None:
    _, groups = delegated(tmp_path)
    assert isinstance(groups, ControlGroups)
    groups.group_of(7, memory=200 * MB, cpu_percent=50)
    group = groups.group_of(7, memory=None, cpu_percent=50)
    assert group is not None
    assert (group / "memory.max").read_text() == "max"
    assert groups.group_of(7, memory=None, cpu_percent=None) is None


def test_only_what_was_delegated_is_written(tmp_path: Path) -> None:
    _, groups = delegated(tmp_path, controllers="cpu pids")
    assert isinstance(groups, ControlGroups)
    group = groups.group_of(7, memory=200 * MB, cpu_percent=50)
    assert group is not None
    assert [path.name for path in group.iterdir()] == ["cpu.max"]


@pytest.mark.parametrize(
    ("world", "why"),
    [
        ({"leaf": "main"}, "not a leaf called supervisor"),
        ({"controllers": "pids hugetlb"}, "neither memory nor cpu"),
        ({"inside": "4711\n"}, "holds processes itself"),
    ],
)
def test_elsewhere_nothing_is_touched_and_the_reason_is_told(tmp_path: Path, world: dict[str, str], why: str) -> None:
    home, found = delegated(tmp_path, **world)
    assert why in str(found)
    assert (home / "cgroup.subtree_control").read_text() == ""


def test_a_host_without_version_two_is_told_of(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("4:memory:/somewhere\n")
    assert "no control groups of version 2" in str(find_control_groups(tmp_path, own))
    assert "no control groups of version 2" in str(find_control_groups(tmp_path, tmp_path / "nothing"))


def test_a_group_that_cannot_be_made_costs_the_life_nothing_but_its_wall(tmp_path: Path) -> None:
    home, groups = delegated(tmp_path)
    assert isinstance(groups, ControlGroups)
    (home / "bot-7").write_text("in the way")
    assert groups.group_of(7, memory=200 * MB, cpu_percent=None) is None


def test_groups_without_lives_are_swept_and_others_stay(tmp_path: Path) -> None:
    home, groups = delegated(tmp_path)
    assert isinstance(groups, ControlGroups)
    (home / "bot-1").mkdir()
    (home / "bot-2").mkdir()
    (home / "bot-2" / "lived-in").touch()
    groups.sweep()
    assert sorted(path.name for path in home.glob("bot-*")) == ["bot-2"]


def test_a_worker_moves_itself_into_its_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    enter(tmp_path)
    assert (tmp_path / "cgroup.procs").read_text() == "0"
    enter(tmp_path / "gone")
    assert "cannot be entered" in capsys.readouterr().err
    enter(None)
