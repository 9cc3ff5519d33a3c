"""Bytes ⇄ messages and journal entries."""

from __future__ import annotations

from pydantic import ValidationError

from common.errors import BotvisorError
from common.wire.facts import Entry
from common.wire.messages import KIND_OF_MESSAGE, MESSAGE_OF_KIND, Message


class DecodeError(BotvisorError):
    """Bytes from the wire are not what they claim to be."""

    def __init__(self, what: str, raw: bytes, reason: str) -> None:
        self.raw = raw
        super().__init__(f"{what} of {len(raw)} bytes cannot be read: {reason}")


def encode_message(message: Message) -> tuple[bytes, bytes]:
    """The two frames of a message."""
    return KIND_OF_MESSAGE[type(message)], message.model_dump_json().encode()


def decode_message(kind: bytes, payload: bytes) -> Message:
    """The message in two frames. Raises DecodeError."""
    model = MESSAGE_OF_KIND.get(kind)
    if model is None:
        raise DecodeError("message", payload, f"unknown kind {kind[:8]!r}")
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        raise DecodeError(model.__name__, payload, _first_reason(error)) from None


def encode_entry(entry: Entry) -> bytes:
    """A journal entry as JSON."""
    return entry.model_dump_json(exclude_defaults=False).encode()


def decode_entry(payload: bytes) -> Entry:
    """The entry in `payload`. Raises DecodeError."""
    try:
        return Entry.model_validate_json(payload)
    except ValidationError as error:
        raise DecodeError("journal entry", payload, _first_reason(error)) from None


def _first_reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'document'}: {first['msg']}"
