"""Secrets that this process knows, and texts without them.

Filled where secrets come in, before anything can be said of them; asked by the logs and by what workers report.
"""

from __future__ import annotations

import json
from typing import Any

_secrets: set[str] = set()
_SENSITIVE_WORDS = ("key", "secret", "token", "password")


def register_secret(value: str) -> None:
    """Blank `value` wherever it would appear in what this process logs or reports."""
    if len(value) >= 4:
        _secrets.update((value, json.dumps(value, ensure_ascii=False)[1:-1]))


def register_secrets_of(config: Any) -> None:
    """Register every text value whose key names a key, secret, token or password, at any depth."""
    if isinstance(config, dict):
        for name, value in config.items():
            if isinstance(value, str) and any(word in str(name).lower() for word in _SENSITIVE_WORDS):
                register_secret(value)
            register_secrets_of(value)
    elif isinstance(config, list):
        for item in config:
            register_secrets_of(item)


def scrub(text: str) -> str:
    """`text` with every registered secret blanked."""
    for secret in sorted(_secrets, key=len, reverse=True):  # one secret may be the beginning of another
        if secret in text:
            text = text.replace(secret, "[redacted]")
    return text
