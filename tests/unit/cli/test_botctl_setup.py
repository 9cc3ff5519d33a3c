"""`botctl init`, `db`, `add`, `validate`: from an empty folder to bots in the table."""

from __future__ import annotations

import json

import pytest
from botctl_here import Botctl
from builders import a_bot

BROKEN = a_bot(
    broker={"cash": "much", "commission": -1},
    data={"interval": "7 bananas"},
    strategy={"parameters": {"position_size": 3}},
)


def rows(botctl: Botctl) -> list[tuple[int, str, dict[str, object]]]:
    found = botctl.query("SELECT id, status, config FROM trading_bots ORDER BY id")
    return [(number, status, json.loads(config)) for number, status, config in found]


def test_init_makes_a_database_in_an_empty_folder_and_may_be_repeated(nowhere: Botctl) -> None:
    first = nowhere("init")
    assert (first.code, first.err) == (0, "")
    assert "ready with 0 bots" in first.said
    assert nowhere.ask("init")["bots"] == 0
    assert nowhere.ask("status") == []


def test_init_with_demo_twice_adds_three_bots_once(nowhere: Botctl) -> None:
    assert len(nowhere.ask("init", "--demo")["added"]) == 3
    again = nowhere.ask("init", "--demo")
    assert (again["added"], again["bots"]) == ([], 3)
    assert [status for _, status, _ in rows(nowhere)] == ["enabled"] * 3


def test_the_demo_bots_are_valid(nowhere: Botctl) -> None:
    nowhere("init", "--demo")
    for bot_id, _, _ in rows(nowhere):
        found = nowhere.ask("validate", str(bot_id))
        assert (found["valid"], found["errors"], found["warnings"]) == (True, [], [])


def test_db_tells_its_revision_and_brings_it_up_to_date(nowhere: Botctl) -> None:
    upgraded = nowhere.ask("db", "upgrade")
    version = nowhere.ask("db", "version")
    assert upgraded["revision"] == version["revision"] == version["needed"]


@pytest.mark.parametrize("command", ["status", "trades", "orders", "incidents", "ps", "logs"])
def test_without_a_database_every_command_says_what_to_do(nowhere: Botctl, command: str) -> None:
    outcome = nowhere(command)
    assert outcome.code == 1
    assert "Traceback" not in outcome.said
    assert "botctl init" in outcome.said or "botctl db upgrade" in outcome.said
    assert nowhere(command, "--json").json["error"]


def test_a_folder_that_cannot_be_made_is_named(nowhere: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere.folder / "file").write_text("")
    monkeypatch.setenv("BOTVISOR_STATE_DIR", str(nowhere.folder / "file" / "state"))
    outcome = nowhere("init")
    assert outcome.code == 1
    assert "BOTVISOR_STATE_DIR" in outcome.said


def test_an_address_that_makes_no_sense_is_told_without_its_password(
    nowhere: Botctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "postgresql://me:hush-hush@localhost:1/nothing")
    outcome = nowhere("init")
    assert outcome.code == 1
    assert "Traceback" not in outcome.said
    assert "hush-hush" not in outcome.said
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "nonsense")
    assert nowhere("status").code == 1


def test_wrong_settings_are_told_one_per_line(nowhere: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTVISOR_POLL_INTERVAL", "soon")
    monkeypatch.setenv("BOTVISOR_CREDIT", "none")
    outcome = nowhere("status")
    assert outcome.code == 1
    lines = outcome.err.strip().splitlines()
    assert sorted(line.split("=")[0] for line in lines) == ["BOTVISOR_CREDIT", "BOTVISOR_POLL_INTERVAL"]


def test_a_valid_file_is_copied_into_the_table(botctl: Botctl) -> None:
    answer = botctl.ask("add", botctl.file(a_bot(description="my first")))
    ((bot_id, status, config),) = rows(botctl)
    assert (answer["id"], status) == (bot_id, "enabled")
    assert config == a_bot(description="my first")


def test_an_invalid_file_is_not_added_unless_forced(botctl: Botctl) -> None:
    refused = botctl("add", botctl.file(BROKEN))
    assert refused.code == 1
    assert "broker.cash" in refused.said
    assert rows(botctl) == []
    forced = botctl("add", botctl.file(BROKEN), "--force", "--status", "disabled")
    assert forced.code == 0
    assert [(status, config) for _, status, config in rows(botctl)] == [("disabled", BROKEN)]


def test_a_status_that_a_new_row_cannot_have_is_refused(botctl: Botctl) -> None:
    outcome = botctl("add", botctl.file(a_bot()), "--status", "banana")
    assert outcome.code == 2
    assert "banana" in outcome.said
    assert rows(botctl) == []


def test_an_owner_that_does_not_exist_is_refused(botctl: Botctl) -> None:
    outcome = botctl("add", botctl.file(a_bot()), "--user", "99")
    assert outcome.code == 1
    assert "no user 99" in outcome.said


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "is not JSON"), ("[1]", "a bot's config is a JSON object"), ("", "is not JSON")],
)
@pytest.mark.parametrize("command", ["add", "validate"])
def test_a_file_that_is_no_config_is_told(botctl: Botctl, command: str, content: str, complaint: str) -> None:
    outcome = botctl(command, botctl.file(content))
    assert outcome.code == 1
    assert complaint in outcome.said
    assert "bot.json" in outcome.said


def test_a_file_that_is_not_there_is_told(botctl: Botctl) -> None:
    assert "cannot be read" in botctl("add", "nothing.json").said
    assert botctl("validate", "nothing.json").code == 1


def test_every_error_is_told_at_once_with_path_value_and_rule(botctl: Botctl) -> None:
    outcome = botctl("validate", botctl.file(BROKEN), "--json")
    assert outcome.code == 1
    found = outcome.json
    assert found["valid"] is False
    by_path = {item["path"]: item for item in found["errors"]}
    assert {"broker.cash", "broker.commission", "data.interval"} <= set(by_path)
    assert any(path.endswith("position_size") for path in by_path)
    for item in found["errors"]:
        assert item["severity"] == "error"
        assert all(item[key] for key in ("path", "value", "rule", "message"))
    assert "much" in by_path["broker.cash"]["value"]


def test_structure_and_strategy_are_told_together(botctl: Botctl) -> None:
    wrong = a_bot(broker={"cash": "much"}, strategy={"parameters": {"entry_logic": {"name": "NoSuchMixin"}}})
    errors = botctl("validate", botctl.file(wrong), "--json").json["errors"]
    assert any(item["path"] == "broker.cash" for item in errors)
    assert any("NoSuchMixin" in item["value"] for item in errors)


def test_the_config_of_a_row_is_validated_by_id_and_by_name(botctl: Botctl) -> None:
    botctl.insert(a_bot(name="good"))
    botctl.insert(BROKEN | {"name": "bad"})
    assert "is valid" in botctl("validate", "good").said
    outcome = botctl("validate", "2")
    assert outcome.code == 1
    assert "2 cannot run" in outcome.said


def test_a_name_with_brackets_is_printed_as_it_is(botctl: Botctl) -> None:
    botctl.insert(a_bot(name="a [/b] [red]c"))
    assert "a [/b] [red]c" in botctl("status").said
    assert "a [/b] [red]c" in botctl("stop", "1").said
