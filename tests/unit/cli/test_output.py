"""Tables as a pipe gets them."""

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
