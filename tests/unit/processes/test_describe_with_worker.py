"""Asking a worker process what strategies there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.processes.describe import DescribeFailedError, describe_with_worker


def test_the_catalogue_comes_from_another_process_whatever_plugins_print(tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text("import os\nprint('{', flush=True)\nos.write(1, b'[[[')\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    catalogue = describe_with_worker((tmp_path,))
    assert [found["name"] for found in catalogue["strategies"]] == ["CustomStrategy"]
    assert [fault["reason"] for fault in catalogue["plugin_faults"]] == ["ZeroDivisionError: division by zero"]


def test_a_plugin_that_hangs_is_named_with_the_place_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("\nwhile True:\n    pass\n")
    with pytest.raises(DescribeFailedError, match=r"within 2 s; a strategy plugin hangs(.|\n)*hangs\.py.*line [23]"):
        describe_with_worker((tmp_path,), time_limit=2.0)


def test_a_plugin_that_ends_the_process_is_named(tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text("")
    (tmp_path / "quits.py").write_text("import os\nos._exit(9)\n")
    with pytest.raises(DescribeFailedError, match=r"exit code 9(.|\n)*importing plugin .*quits\.py$"):
        describe_with_worker((tmp_path,))
