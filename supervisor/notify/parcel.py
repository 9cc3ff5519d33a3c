"""What is handed to the sender, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supervisor.notify.phrasing import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message to one target. Its URL holds secrets; nothing of it is ever logged."""

    url: str
    message: Message
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What goes into the JSON of a webhook beside title and text."""
    timeout: float = 15.0
    """Seconds for one step on the network."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel."""

    delivered: bool
    error: str | None = None
    seconds: float = 0.0
