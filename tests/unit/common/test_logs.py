"""Log sinks: JSON lines with their keys, and never a secret."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from common import logs, redaction


@pytest.fixture(autouse=True)
def sinks() -> Iterator[None]:
    before = set(redaction._secrets)
    logs.reset()
    yield
    logs.reset()
    logger.configure(extra={})
    redaction._secrets.clear()
    redaction._secrets.update(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log" / "worker.jsonl"
    logs.add_json_file(path, level="DEBUG", rotation_mb=1, keep=2, process="worker", bot_id=7, incarnation=12)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    logger.complete()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_line_is_json_with_the_bound_keys(file: Path) -> None:
    logger.bind(correlation_id="c-1").info("bought {} of {}", 3, "ETH")
    logger.warning("curly {braces} stay")
    first, second = lines(file)
    assert first["message"] == "bought 3 of ETH"
    assert (first["bot_id"], first["incarnation"], first["process"]) == (7, 12, "worker")
    assert first["correlation_id"] == "c-1"
    assert first["level"] == "INFO"
    assert first["time"].endswith("+00:00")
    assert {"logger", "pid"} <= set(first)
    assert second["message"] == "curly {braces} stay"
    assert not {"json", "line"} & (set(first) | set(second))


def test_a_line_may_be_bound_to_another_bot(file: Path) -> None:
    logger.bind(bot_id=9, incarnation=13).info("x")
    (line,) = lines(file)
    assert (line["bot_id"], line["incarnation"]) == (9, 13)


def test_an_exception_is_part_of_its_line(file: Path) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logger.exception("it failed")
    (line,) = lines(file)
    assert line["message"] == "it failed"
    assert "ValueError: broken" in line["exception"]
    assert "Traceback" in line["exception"]


def test_both_sinks_at_once_do_not_show_up_in_each_other(file: Path) -> None:
    terminal = io.StringIO()
    logs.add_terminal("INFO", terminal)
    logger.bind(bot_id=7).info("hello")
    (line,) = lines(file)
    assert not {"json", "line"} & set(line)
    assert "hello  [bot_id=7 incarnation=12]" in terminal.getvalue()


SECRETS = {
    "plain": "s3cr3t-value",
    "with a quote": 'pass"word\\1',
    "with letters beyond ASCII": "pässwörd",
    "with a line end": "line\nend",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_reaches_no_sink_in_message_argument_key_or_traceback(file: Path, secret: str) -> None:
    terminal = io.StringIO()
    logs.add_terminal("DEBUG", terminal)
    logs.register_secrets_of({"broker": [{"Api_Secret": secret}]})
    logger.info(f"it is {secret} here")
    logger.info("it is {} here", secret)
    logger.bind(note=secret).info("bound")
    logger.bind(note={"deep": [secret]}).info("bound deep")
    try:
        raise ValueError(secret)
    except ValueError as error:
        logger.exception("failed: {}", error)
    written = file.read_text(encoding="utf-8")
    for escaped in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert escaped not in written
        assert escaped not in terminal.getvalue()
    assert "[redacted]" in written
    assert len(lines(file)) == 5


def test_a_secret_that_begins_like_another_hides_nothing_of_it(file: Path) -> None:
    for value in ("abcd", "abcdefgh", "abcdef"):
        logs.register_secret(value)
    logger.info("abcdefgh abcdef abcd")
    (line,) = lines(file)
    assert line["message"] == "[redacted] [redacted] [redacted]"


def test_keys_that_tell_of_secrets_are_found_at_any_depth_and_others_left(file: Path) -> None:
    logs.register_secrets_of(
        {
            "name": "harmless",
            "broker": {"key": "key-1234", "api": [{"accessToken": "tok-1234", "user_password": "pw-12"}]},
        }
    )
    logger.info("harmless key-1234 tok-1234 pw-12")
    (line,) = lines(file)
    assert line["message"] == "harmless [redacted] [redacted] [redacted]"


def test_very_short_values_are_no_secrets(file: Path) -> None:
    logs.register_secret("abc")
    logger.info("abc")
    assert lines(file)[0]["message"] == "abc"


def test_a_person_reads_time_level_message_keys_and_exception() -> None:
    line = {"time": "2024-01-02T03:04:05.678+00:00", "level": "ERROR", "message": "m", "bot_id": 7, "exception": "E: x"}
    assert logs.human_line(line) == "03:04:05.678 ERROR   m  [bot_id=7]\nE: x"
    assert logs.human_line({}) == " ?       "


def test_errors_are_counted_and_lesser_lines_are_not(file: Path) -> None:
    counter = logs.add_error_count()
    logger.warning("x")
    logger.error("{}", "a {brace}")
    logger.critical("z")
    assert counter.count == 2
