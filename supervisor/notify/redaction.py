"""No secret goes out: what is known to be one is blanked, and what stands where one would stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from common import logs

_NAMED = re.compile(
    r"(?P<name>[\w-]*(?:key|secret|token|password|passphrase)[\w-]*)(?P<mark>[\"']?\s*[=:]\s*[\"']?)"
    r"(?P<value>[^\s\"',;&)}\]]{4,})",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE)
_SENSITIVE = re.compile(r"key|secret|token|password|passphrase", re.IGNORECASE)
_HARMLESS = frozenset({"trade_key"})
_BLANK = "***"


def redacted(text: str) -> str:
    """`text` without the secrets of settings and configs, and without values that are named as one."""
    text = logs.scrub(text)
    text = _USERINFO.sub(rf"\g<scheme>{_BLANK}@", text)
    return _NAMED.sub(rf"\g<name>\g<mark>{_BLANK}", text)


def cleaned(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with every text redacted, at any depth, and without values whose key names a secret."""
    return {
        key: _BLANK if value is not None and _is_sensitive(key) else _cleaned(value) for key, value in payload.items()
    }


def _is_sensitive(key: str) -> bool:
    return key not in _HARMLESS and _SENSITIVE.search(key) is not None


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return cleaned(value)
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
