"""`botctl secrets`: credentials go in, and nothing that is printed holds them."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

import pytest
from botctl_here import Botctl, Outcome
from builders import a_bot

from supervisor.store.sealing import Seal

MARK = "hunter2hunter2"


@pytest.fixture
def keyed(botctl: Botctl, monkeypatch: pytest.MonkeyPatch) -> Botctl:
    """An installation that has a key."""
    monkeypatch.setenv("BOTVISOR_SECRET_KEY", botctl("secrets", "key").out.strip())
    return botctl


def give(botctl: Botctl, monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> Outcome:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    outcome = botctl("secrets", "add", *arguments, "--from-stdin")
    assert MARK not in outcome.said
    return outcome


def sealed(botctl: Botctl) -> dict[str, str]:
    return dict(botctl.query("SELECT name, sealed FROM stored_credentials"))


def live(**broker: Any) -> dict[str, Any]:
    config = a_bot()
    config["broker"] = {
        "type": "binance",
        "trading_mode": "live",
        "live_trading_confirmed": True,
        "risk_management": {"max_position_size": 100, "max_daily_loss": 10},
    } | broker
    config["data"] = {"interval": "1m"}
    return config


def plain(**broker: Any) -> dict[str, Any]:
    return live(**{"api_key": MARK, "api_secret": MARK + "s"} | broker)


def test_a_key_is_new_each_time_and_fits(botctl: Botctl) -> None:
    one, other = botctl("secrets", "key").out.strip(), botctl("secrets", "key").out.strip()
    assert one != other
    Seal([one, other])


@pytest.mark.parametrize(
    "text",
    [json.dumps({"api_key": MARK, "secret": "s"}), json.dumps({"apiKey": MARK, "api_secret": "s"}), f"{MARK}\ns\n"],
)
def test_credentials_are_stored_sealed_from_stdin(keyed: Botctl, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert give(keyed, monkeypatch, text, "main").code == 0
    assert list(sealed(keyed)) == ["main"]
    assert MARK not in sealed(keyed)["main"]
    (row,) = keyed.ask("secrets", "list")
    assert (row["name"], row["bots"], row["fault"]) == ("main", [], None)


@pytest.mark.parametrize(
    ("text", "arguments", "rule"),
    [
        (f"{MARK}\n", ("main",), "two or three lines"),
        (f'{{"api_key": "{MARK}"}}', ("main",), "both the API key and its secret"),
        (f"{MARK}\ns", ("no name",), "must be a name"),
    ],
)
def test_what_are_no_credentials_is_refused_without_being_quoted(
    keyed: Botctl, monkeypatch: pytest.MonkeyPatch, text: str, arguments: tuple[str, ...], rule: str
) -> None:
    outcome = give(keyed, monkeypatch, text, *arguments)
    assert outcome.code == 1
    assert rule in outcome.said
    assert sealed(keyed) == {}


def test_without_a_key_nothing_is_stored_and_the_remedy_is_named(
    botctl: Botctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = give(botctl, monkeypatch, f"{MARK}\ns", "main")
    assert outcome.code == 1
    assert "botctl secrets key" in outcome.said


def test_replacing_has_to_be_said(keyed: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    give(keyed, monkeypatch, f"{MARK}\ns", "main")
    before = sealed(keyed)
    assert "--replace" in give(keyed, monkeypatch, "other\ns", "main").said
    assert sealed(keyed) == before
    assert give(keyed, monkeypatch, "other\ns", "main", "--replace").code == 0
    assert sealed(keyed) != before


def test_rotation_with_both_keys_needs_only_the_new_one_afterwards(
    keyed: Botctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(keyed, monkeypatch, f"{MARK}\ns", "main")
    old, new = os.environ["BOTVISOR_SECRET_KEY"], keyed("secrets", "key").out.strip()
    monkeypatch.setenv("BOTVISOR_SECRET_KEY", new)
    assert keyed("secrets", "rotate").code == 1
    assert "none of the keys opens it" in keyed.ask("secrets", "list")[0]["fault"]
    monkeypatch.setenv("BOTVISOR_SECRET_KEY", f"{new},{old}")
    assert keyed.ask("secrets", "rotate")["done"] == ["main"]
    monkeypatch.setenv("BOTVISOR_SECRET_KEY", new)
    assert keyed.ask("secrets", "list")[0]["fault"] is None


def test_what_a_live_bot_names_is_not_forgotten_unless_forced(keyed: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    give(keyed, monkeypatch, f"{MARK}\ns", "main")
    keyed.insert(live(credentials="main"))
    assert keyed.ask("secrets", "list")[0]["bots"] == [1]
    assert "named by bots 1" in keyed("secrets", "rm", "main").said
    assert keyed("secrets", "rm", "main", "--force").code == 0
    assert sealed(keyed) == {}
    assert "no credentials named main" in keyed("secrets", "rm", "main").said


def test_adoption_moves_plain_keys_out_of_all_rows_and_out_of_the_file(keyed: Botctl) -> None:
    keyed.insert(plain())
    keyed.insert(plain(cash=5))
    keyed.insert(plain(api_key="another-key"))
    keyed.insert(a_bot())
    would = keyed.ask("secrets", "adopt", "--dry-run")
    assert [(item["name"], item["bots"]) for item in would["adopted"]] == [("bot-1", [1, 2]), ("bot-3", [3])]
    assert sealed(keyed) == {}
    said = keyed("secrets", "adopt")
    assert said.code == 0
    assert MARK not in said.said
    configs = [json.loads(text) for (text,) in keyed.query("SELECT config FROM trading_bots ORDER BY id")]
    assert configs[0] == live(credentials="bot-1")
    assert configs[1] == live(credentials="bot-1", cash=5)
    assert configs[2]["broker"]["credentials"] == "bot-3"
    assert configs[3] == a_bot()
    for file in (keyed.folder / "var").iterdir():
        assert MARK.encode() not in file.read_bytes(), file
    assert keyed.ask("secrets", "adopt")["adopted"] == []


def test_one_bot_can_be_adopted_alone(keyed: Botctl) -> None:
    keyed.insert(plain())
    keyed.insert(plain(api_key="another-key"))
    assert [item["bots"] for item in keyed.ask("secrets", "adopt", "2")["adopted"]] == [[2]]


def test_validation_names_credentials_that_are_not_stored(keyed: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed.insert(live(credentials="main"))
    missing = keyed("validate", "1", "--json")
    assert missing.code == 1
    assert [error["path"] for error in missing.json["errors"]] == ["broker.credentials"]
    give(keyed, monkeypatch, f"{MARK}\ns", "main")
    assert keyed.ask("validate", "1")["valid"]
