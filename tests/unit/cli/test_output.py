"""Tables as a pipe and a terminal get them."""

from __future__ import annotations

import pytest

from supervisor.cli.output import show

COLUMNS = {"name": "Name", "pid": "PID", "last_error": "Last error"}


def test_a_sentence_longer_than_the_pipe_is_whole_and_squeezes_no_other_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = {"name": "somebody special", "pid": 4711, "last_error": "it failed " * 100 + "utterly"}
    show([row], COLUMNS, as_json=False, empty="nobody")
    heading, line = capsys.readouterr().out.splitlines()
    assert "somebody special" in line
    assert "4711" in line
    assert "utterly" in line
    assert "Last error" in heading


def test_a_terminal_is_spared_columns_without_anything_in_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"name": "somebody", "pid": None, "last_error": "it broke"}, {"name": "another", "last_error": ""}]
    show(rows, COLUMNS, as_json=False, empty="nobody")
    assert "PID" in capsys.readouterr().out, "a pipe gets all of them"
    monkeypatch.setenv("FORCE_COLOR", "1")
    show(rows, COLUMNS, as_json=False, empty="nobody")
    said = capsys.readouterr().out
    assert "PID" not in said
    assert "it broke" in said
