"""What is wrong with a config, said so that its owner can mend it."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["error", "warning"]

_SECRET_WORDS = ("key", "secret", "token", "pass", "webhook_url", "urls")
_SHOWN = 80
_LONGEST_PATH = 200
MISSING = "missing"


class Problem(BaseModel):
    """One finding. An error keeps the bot from running, a warning does not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity
    path: str
    """Dotted place in the config, e.g. `broker.trading_mode`; `config` for the whole."""
    value: str
    """The offending value as short text, `missing` when there is none; secrets are never shown."""
    rule: str
    """What holds for this place, e.g. `one of: paper, live`."""
    message: str
    """The whole finding as one sentence: place, value, rule, remedy."""


def shown(path: str, value: Any) -> str:
    """`value` as text for a message about `path`: short, on one line, secrets redacted, objects by their kind only."""
    name = path.rpartition(".")[2].lower()
    if value is not None and any(word in name for word in _SECRET_WORDS):
        return "(not shown)"
    if isinstance(value, dict):
        return "an object" if value else "{}"
    if isinstance(value, list | tuple):
        return "a list" if value else "[]"
    text = (
        json.dumps(value, default=repr, ensure_ascii=False)
        if not isinstance(value, int) or isinstance(value, bool)
        else _whole(value)
    )
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _whole(value: int) -> str:
    return str(value) if value.bit_length() < 256 else f"a whole number of {value.bit_length()} bits"


def error(path: str, value: Any, rule: str, remedy: str = "") -> Problem:
    """An error about a value that is there but breaks `rule`."""
    return _problem("error", path, shown(path, value), rule, remedy)


def unquoted(path: str, kind: str, rule: str, remedy: str = "") -> Problem:
    """An error about a value of which only its kind is told."""
    return _problem("error", path, kind, rule, remedy)


def warning(path: str, value: Any, rule: str, remedy: str = "") -> Problem:
    """A warning about a value that is there."""
    return _problem("warning", path, shown(path, value), rule, remedy)


def missing(path: str, rule: str, remedy: str = "") -> Problem:
    """An error about a value that must be there and is not."""
    return _problem("error", path, MISSING, rule, remedy)


def absent(path: str, rule: str, remedy: str = "") -> Problem:
    """A warning about a value that should be there and is not."""
    return _problem("warning", path, MISSING, rule, remedy)


def remark(path: str, rule: str, remedy: str = "") -> Problem:
    """A warning about a section as a whole."""
    path = _printable(path)
    message = f"{path}: {rule}" + (f"; {remedy}" if remedy else "")
    return Problem(severity="warning", path=path, value="an object", rule=rule, message=message)


def _problem(severity: Severity, path: str, value: str, rule: str, remedy: str) -> Problem:
    path = _printable(path)
    said = f"{path} is missing" if value == MISSING else f"{path} is {value}"
    message = f"{said}: {rule.removeprefix('is ')}" + (f"; {remedy}" if remedy else "")
    return Problem(severity=severity, path=path, value=value, rule=rule, message=message)


def missing_file_problem(path: str) -> Problem:
    """The error for a candle file that is not there; for those who may look at the disk."""
    remedy = "check the path; a relative one starts at the folder the service was started in"
    return error("data.file_path", path, "the file must exist and be readable", remedy)


def missing_credentials_problem(name: str) -> Problem:
    """The error for credentials that are named but not stored; for those who may look into the database."""
    rule = "no credentials of that name are stored"
    return error("broker.credentials", name, rule, f"store them with `botctl secrets add {name}`")


def _printable(path: str) -> str:
    return path if path.isprintable() and len(path) <= _LONGEST_PATH else ascii(path[:_LONGEST_PATH])[1:-1]
