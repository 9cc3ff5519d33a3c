"""Who ends with the service, and who lives on."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.host.intent import Intent, read_intent, workers_shall_end, write_intent

CRASHES = [
    ("signal", "killed", "KILL"),
    ("core-dump", "dumped", "ABRT"),
    ("watchdog", "dumped", "ABRT"),
    ("exit-code", "exited", "1"),
    ("exit-code", "exited", "78"),
    ("oom-kill", "killed", "KILL"),
    ("success", "killed", "HUP"),
]


@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("intent", [None, *Intent])
def test_after_a_crash_workers_live_on_whatever_the_service_was_about(
    intent: Intent | None, crash: tuple[str, str, str]
) -> None:
    assert not workers_shall_end(intent, *crash)


def test_after_a_clean_end_strays_are_ended_unless_the_service_left_for_an_upgrade() -> None:
    clean = ("success", "exited", "0")
    assert workers_shall_end(Intent.STOPPING, *clean)
    assert workers_shall_end(Intent.RUNNING, *clean)
    assert not workers_shall_end(Intent.LEAVING, *clean)


def test_a_stop_that_took_too_long_is_still_a_stop_and_a_start_that_did_is_none() -> None:
    late = ("timeout", "killed", "KILL")
    assert workers_shall_end(Intent.STOPPING, *late)
    assert workers_shall_end(Intent.RUNNING, *late)
    assert not workers_shall_end(Intent.STARTING, *late)
    assert not workers_shall_end(None, *late)


def test_where_no_systemd_tells_the_written_word_alone_counts() -> None:
    assert [intent for intent in Intent if workers_shall_end(intent, "", "", "")] == [Intent.STOPPING]


def test_the_word_is_read_back_and_nonsense_is_none(tmp_path: Path) -> None:
    assert read_intent(tmp_path) is None
    for intent in Intent:
        write_intent(tmp_path, intent)
        assert read_intent(tmp_path) is intent
    (tmp_path / "intent").write_bytes(b"\xff\xfe")
    assert read_intent(tmp_path) is None
