"""The generation of a bot: which version of its config a life runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from common.spec.decode import decode
from common.wire.ticket import RowFacts


def generation_of(config: object, row: RowFacts, credentials: str | None = None) -> str:
    """16 hexadecimal digits that change exactly when the meaning of the config, or its owner, does.

    Order of keys, white space, and 1 against 1.0 do not matter; a config kept as JSON text equals the same
    config decoded. Never raises: a config that cannot be read has a generation too. `credentials`: version of the
    stored credentials that the config names, so that a life with outdated ones is replaced.
    """
    decoded, problem = decode(config)
    subject: object = {"undecoded": bytes(config) if isinstance(config, memoryview) else config} if problem else decoded
    meaning = {"config": subject, "user_id": row.user_id}
    if credentials is not None:
        meaning["credentials"] = credentials
    return hashlib.sha256(canonical(meaning)).hexdigest()[:16]


def canonical(value: object) -> bytes:
    """One text per meaning, much like JSON: keys sorted, no white space, equal numbers equal; of any depth."""
    return "".join(_pieces(value)).encode()


class _Literal(str):
    """Text that goes out as it stands."""

    __slots__ = ()


def _pieces(value: object) -> Iterator[str]:
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Literal):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(_reversed_mapping(item))
        elif isinstance(item, list | tuple):
            waiting.extend(_reversed_list(item))
        else:
            yield _scalar(item)


def _reversed_mapping(mapping: Mapping[Any, object]) -> Iterator[object]:
    yield _Literal("}")
    for key in sorted(mapping, key=str, reverse=True):
        yield _Literal(",")
        yield mapping[key]
        yield _Literal(f"{json.dumps(str(key))}:")
    yield _Literal("{")


def _reversed_list(items: list[object] | tuple[object, ...]) -> Iterator[object]:
    yield _Literal("]")
    for item in reversed(items):
        yield _Literal(",")
        yield item
    yield _Literal("[")


def _scalar(value: object) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return hex(value)
    return repr(value) if isinstance(value, float) else json.dumps(repr(value))
