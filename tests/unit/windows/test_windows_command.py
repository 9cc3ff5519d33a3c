"""`python -m supervisor.windows` as far as another system can try it."""

from __future__ import annotations

import sys

import pytest

from supervisor.windows.__main__ import main


def test_a_dry_run_tells_the_command_the_start_and_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["install", "--dry-run", r"BOTVISOR_STATE_DIR=C:\ProgramData\botvisor", "BOTVISOR_MAX_BOTS=5"])
    said = capsys.readouterr().out
    assert code == 0
    for part in (
        f'"{sys.executable}" -m supervisor.windows serve',
        "automatic",
        r"C:\ProgramData\botvisor",
        "MAX_BOTS=5",
    ):
        assert part in said


@pytest.mark.parametrize(
    "words", [[], ["BOTVISOR_MAX_BOTS=5"], ["PATH=x", "BOTVISOR_STATE_DIR=y"], ["BOTVISOR_STATE_DIR"]]
)
def test_settings_that_are_none_or_too_few_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--dry-run", *words]) == 78
    assert "BOTVISOR_" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="here the service would really be installed")
@pytest.mark.parametrize("do", ["install", "remove", "start", "stop", "serve"])
def test_elsewhere_the_way_to_systemd_is_shown(do: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([do, *(["BOTVISOR_STATE_DIR=x"] if do == "install" else [])]) == 1
    assert "install-service" in capsys.readouterr().err
