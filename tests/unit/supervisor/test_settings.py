"""Settings: the environment is read once, and each mistake is one line with variable, value and rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from supervisor.settings import load_settings, settings_table, unknown_variables


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("BOTVISOR_") or name == "DB_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def mistakes() -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_without_any_variable_everything_is_below_the_working_folder(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.state_dir == tmp_path / "var"
    assert settings.runtime_dir == tmp_path / "var" / "run"
    assert settings.logs_dir == tmp_path / "var" / "log"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/botvisor.db"


def test_run_and_log_folder_follow_the_state_folder_unless_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOTVISOR_STATE_DIR", "/somewhere/state")
    monkeypatch.setenv("BOTVISOR_LOG_DIR", "logs")
    settings = load_settings()
    assert settings.runtime_dir == Path("/somewhere/state/run")
    assert settings.logs_dir == tmp_path / "logs"
    assert settings.database_url == "sqlite:////somewhere/state/botvisor.db"


def test_a_home_folder_is_expanded_and_an_unknown_one_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOTVISOR_STATE_DIR", "~/state")
    assert load_settings().state_dir == tmp_path / "home" / "state"
    monkeypatch.setenv("BOTVISOR_STATE_DIR", "~no-such-user-here/state")
    (line,) = mistakes()
    assert line.startswith("BOTVISOR_STATE_DIR=")


def test_the_older_name_of_the_database_variable_serves_when_ours_is_absent_or_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DB_URL", "postgresql://old/db")
    assert load_settings().database_url == "postgresql://old/db"
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "")
    assert load_settings().database_url == "postgresql://old/db"
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "postgresql://new/db")
    assert load_settings().database_url == "postgresql://new/db"


def test_arguments_stand_above_the_environment_and_absent_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTVISOR_POLL_INTERVAL", "7")
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "sqlite:///a.db")
    settings = load_settings(poll_interval=None, database_url="sqlite:///b.db", user_id=3)
    assert (settings.poll_interval, settings.database_url, settings.user_id) == (7.0, "sqlite:///b.db", 3)


def test_all_mistakes_are_told_at_once_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "BOTVISOR_POLL_INTERVAL": "soon",
        "BOTVISOR_RESTART_LIMIT": "0",
        "BOTVISOR_LAUNCHER": "rocket",
        "BOTVISOR_LOG_LEVEL": "loud",
        "BOTVISOR_RESUME": "perhaps",
        "BOTVISOR_MAX_BOTS": "-1",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    lines = mistakes()
    assert len(lines) == len(wrong)
    for name, value in wrong.items():
        (line,) = [line for line in lines if line.startswith(f"{name}=")]
        assert value in line
        assert line.endswith("; see docs/settings.md")


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("BOTVISOR_POLL_INTERVAL", "0", "greater than 0"),
        ("BOTVISOR_POLL_INTERVAL", "nan", "input should be"),
        ("BOTVISOR_HEARTBEAT_INTERVAL", "inf", "less than or equal to 86400"),
        ("BOTVISOR_HEARTBEAT_MISSES", "101", "less than or equal to 100"),
        ("BOTVISOR_CREDIT", "1.5", "integer"),
        ("BOTVISOR_LOG_ROTATION_MB", "inf", "less than or equal"),
        ("BOTVISOR_LOG_ROTATION_MB", "0", "greater than or equal"),
        ("BOTVISOR_USER_ID", "me", "integer"),
        ("BOTVISOR_TRANSPORT", "udp", "'ipc' or 'tcp'"),
        ("BOTVISOR_LOG_LEVEL", "chatty", "'DEBUG'"),
    ],
)
def test_a_mistake_names_variable_value_and_rule(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = mistakes()
    assert line.startswith(f"{name}=")
    assert rule in line


def test_levels_are_read_in_any_case_and_folders_of_plugins_as_a_path_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTVISOR_LOG_LEVEL", "debug")
    monkeypatch.setenv("BOTVISOR_PLUGIN_DIRS", os.pathsep.join(["/one", "", "two"]))
    settings = load_settings()
    assert settings.log_level == "DEBUG"
    assert settings.plugin_dirs == (Path("/one"), Path.cwd() / "two")


def test_names_that_no_setting_reads_are_told() -> None:
    environment = {"BOTVISOR_POLL_INTERVALL": "1", "BOTVISOR_POLL_INTERVAL": "1", "OTHER": "", "BOTVISOR_RESUME": "1"}
    assert unknown_variables(environment) == ["BOTVISOR_POLL_INTERVALL"]


def test_the_table_has_a_row_with_a_meaning_for_each_setting() -> None:
    rows = settings_table().splitlines()[2:]
    assert all(row.startswith("| `BOTVISOR_") and len(row.split("|")[3]) > 15 for row in rows)
    assert any("`DB_URL`" in row for row in rows)


def test_a_credential_of_systemd_is_a_setting_and_the_environment_stands_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "BOTVISOR_DATABASE_URL").write_text("postgresql://u:secret@h/d\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("DB_URL", raising=False)
    monkeypatch.delenv("BOTVISOR_DATABASE_URL", raising=False)
    assert load_settings().database_url == "postgresql://u:secret@h/d"
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "sqlite:///other.db")
    assert load_settings().database_url == "sqlite:///other.db"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "gone"))
    assert load_settings().database_url == "sqlite:///other.db"
