"""From what a database hands over to an object: decoded JSON, JSON text, or JSON text within JSON text."""

from __future__ import annotations

import json
from typing import Any

from common.spec.problems import Problem

_DEEPEST = 100
"""Levels of nesting; nothing real comes near."""


def decode(config: object) -> tuple[dict[str, Any], Problem | None]:
    """The config as an object, or an empty one and the reason. Text is decoded at most twice."""
    try:
        value = _unwrapped(config)
    except UnicodeDecodeError:
        return {}, _unreadable(config, "must be JSON text in UTF-8", "write the config again as JSON")
    except json.JSONDecodeError as broken:
        rule = f"must be JSON: {broken.msg} at line {broken.lineno} column {broken.colno}"
        return {}, _unreadable(config, rule, "mend the text")
    except (ValueError, RecursionError):
        return {}, _unreadable(config, "must be JSON of reasonable size and depth", "mend the text")
    if not isinstance(value, dict):
        return {}, _unreadable(value, "must be a JSON object", 'write {"broker": {…}, "strategy": {…}}')
    flaw = _flaw(value)
    if flaw:
        return {}, _unreadable(value, flaw, "mend the config")
    return value, None


def _unwrapped(config: object) -> object:
    for _ in range(2):
        if isinstance(config, bytes | bytearray | memoryview):
            config = bytes(config).decode()
        if not isinstance(config, str):
            break
        config = json.loads(config)
    return config


def _flaw(value: object) -> str:
    """The rule that the structure as a whole breaks; empty when it is sound."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        for item in level:
            if isinstance(item, dict) and not all(isinstance(key, str) for key in item):
                return "must have texts as keys everywhere"
            if isinstance(item, str | dict) and not all(_encodable(text) for text in _texts(item)):
                return "must not hold broken Unicode (lone surrogates)"
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return ""
    return f"must not be nested deeper than {_DEEPEST} levels"


def _texts(item: str | dict[str, object]) -> list[str]:
    return [item] if isinstance(item, str) else list(item)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _unreadable(value: object, rule: str, remedy: str) -> Problem:
    said = f"a text of {len(value)} characters" if isinstance(value, str | bytes | bytearray) else _kind(value)
    message = f"config is {said}: {rule}; {remedy}"
    return Problem(severity="error", path="config", value=said, rule=rule, message=message)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")
