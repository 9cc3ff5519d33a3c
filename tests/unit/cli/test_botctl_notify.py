"""Trying targets, reading what was told, and taking note."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botctl_here import Botctl
from builders import a_bot
from sinks import WebSink


@pytest.fixture
def web() -> Iterator[WebSink]:
    sink = WebSink()
    yield sink
    sink.close()


def test_a_trial_says_of_each_target_what_became_of_it(
    botctl: Botctl, web: WebSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTVISOR_NOTIFY_URLS", f"{web.url}/well?token=s3cr3ttoken errors={web.url}/refuse nosuch://x")
    done = botctl("notify", "test")
    assert done.code == 1
    assert "delivered" in done.said
    assert "500" in done.said
    assert "does not know such a URL" in done.said
    assert "s3cr3ttoken" not in done.said
    assert web.at("/well")[0]["event"] == "test"


def test_a_bots_trial_names_what_it_lacks(botctl: Botctl, web: WebSink) -> None:
    channels = {"webhook_enabled": True, "webhook_url": f"{web.url}/bot", "email_enabled": True}
    botctl.insert(a_bot(notifications={**channels, "notify_email": "me@example.org"}))
    done = botctl("notify", "test", "1")
    assert done.code == 1
    assert "BOTVISOR_SMTP_URL names no account" in done.said
    assert len(web.at("/bot")) == 1
    targets = {row["target"]: row["health"] for row in botctl.ask("notify", "targets")}
    assert targets == {"email:me@example.org": "UNUSABLE", f"{web.url}/…": "UNKNOWN"}
    assert "BOTVISOR_SMTP_URL" in botctl("doctor").said


def test_without_any_target_it_is_said_how_to_name_one(botctl: Botctl) -> None:
    assert "BOTVISOR_NOTIFY_URLS" in botctl("notify", "test").said
    assert botctl("notify", "list").said == "no news"
    assert botctl("ack").said == "nothing waits to be acknowledged"
    assert botctl.ask("ack") == []


def test_a_target_that_cannot_be_read_is_refused_without_showing_it(
    botctl: Botctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTVISOR_NOTIFY_URLS", "moons=slack://s3cr3ttoken/b/c")
    done = botctl("notify", "test")
    assert done.code == 1
    assert "BOTVISOR_NOTIFY_URLS" in done.said
    assert "errors" in done.said
    assert "s3cr3ttoken" not in done.said
