"""Log sinks: human lines on a terminal, JSON lines in rotating files.

Set up once per process, after any fork. Each JSON line carries time (UTC), level, message, process, and the
bound keys (bot_id, incarnation, correlation_id, …). Values of registered secrets never reach a sink.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

from common.redaction import register_secret, register_secrets_of, scrub

if TYPE_CHECKING:
    from loguru import Record

__all__ = [
    "ErrorCount",
    "add_error_count",
    "add_json_file",
    "add_terminal",
    "human_line",
    "register_secret",
    "register_secrets_of",
    "rehearse",
    "reset",
    "scrub",
]
_HUMAN_KEYS = ("bot_id", "incarnation", "correlation_id")


def reset() -> None:
    """Remove all sinks: the state a process must be in before it forks."""
    logger.remove()


def add_terminal(level: str, stream: TextIO | None = None) -> None:
    """Human lines on `stream` (default: stderr)."""
    logger.add(stream or sys.stderr, level=level, format=_human_format, backtrace=False, diagnose=False)


def add_json_file(path: Path, *, level: str, rotation_mb: float, keep: int, **bound: Any) -> None:
    """JSON lines into `path`, rotated at `rotation_mb`, `keep` old files kept; `bound` keys go into every line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logger.configure(extra=bound)
    logger.add(
        path,
        level=level,
        format=_json_format,
        rotation=int(rotation_mb * 1_000_000),
        retention=keep,
        encoding="utf-8",
        backtrace=False,
        diagnose=False,
    )


def rehearse() -> None:
    """Write a line to nowhere and remove all sinks: what logging touches first has then been touched."""
    logger.add(os.devnull, format=_json_format, backtrace=False, diagnose=False)
    logger.info("A rehearsal")
    logger.remove()


class ErrorCount:
    """How many lines of level ERROR or above this process has logged since it was added."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, line: object) -> None:
        """One more; loguru calls it under its own lock."""
        self.count += 1


def add_error_count() -> ErrorCount:
    """Count errors from now on, until `reset`."""
    counter = ErrorCount()
    logger.add(counter, level="ERROR", format="", backtrace=False, diagnose=False)
    return counter


def human_line(line: dict[str, Any]) -> str:
    """A JSON log line as a person reads it."""
    keys = " ".join(f"{name}={line[name]}" for name in _HUMAN_KEYS if line.get(name) is not None)
    moment = str(line.get("time", ""))[11:23]
    text = f"{moment} {line.get('level', '?'):<7} {line.get('message', '')}"
    if keys:
        text += f"  [{keys}]"
    if line.get("exception"):
        text += f"\n{line['exception']}"
    return text


def _as_dict(record: Record) -> dict[str, Any]:
    extra = {name: value for name, value in record["extra"].items() if name not in {"line", "json"}}
    line: dict[str, Any] = {
        "time": record["time"].astimezone(UTC).isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": record["message"],
        "logger": record["name"],
        "pid": record["process"].id,
        **extra,
    }
    exception = record["exception"]
    if exception is not None and exception.value is not None:
        line["exception"] = "".join(
            traceback.format_exception(exception.type, exception.value, exception.traceback)
        ).rstrip()
    return line


def _json_format(record: Record) -> str:
    record["extra"]["json"] = scrub(json.dumps(_as_dict(record), default=str, ensure_ascii=False))
    return "{extra[json]}\n"


def _human_format(record: Record) -> str:
    record["extra"]["line"] = scrub(human_line(_as_dict(record)))
    return "{extra[line]}\n"
