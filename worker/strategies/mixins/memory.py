"""Numbers in the memory of a rule: as text that reads back to the same bits."""

from __future__ import annotations

from typing import Any


def kept(value: float | None) -> str | None:
    """`value` as text."""
    return None if value is None else repr(value)


def recalled(text: Any) -> float | None:
    """What `kept` was given."""
    return None if text is None else float(text)
