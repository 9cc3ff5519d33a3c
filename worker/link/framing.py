"""Records of a journal segment: a fixed header, then JSON.

The header says how long the payload is, what kind of record it is, which entry (`seq`) and which checkpoint
(`revision`) it carries, so that a reader finds its way without decoding any JSON. Header and payload carry a
checksum each: a header that is whole proves that an unfinished payload behind it is one torn write and
hides nothing else.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from common.errors import BotvisorError

_FIELDS = struct.Struct("<IIcqq")
_CHECK = struct.Struct("<I")
HEADER_SIZE = _FIELDS.size + _CHECK.size

MAX_PAYLOAD = 8 * 1024 * 1024
"""Largest payload of a record in bytes; half of what the supervisor's socket takes."""

NOTHING = -1
"""`seq` of a record that is no entry, `revision` of a record without a checkpoint."""


class RecordKind:
    """What a record holds."""

    START = b"S"
    """First of each segment: which journal it belongs to and where its numbering goes on."""
    ENTRY = b"E"
    """A journal entry to be delivered."""
    CHECKPOINT = b"C"
    """A checkpoint that stays on this host."""


_KINDS = frozenset({RecordKind.START, RecordKind.ENTRY, RecordKind.CHECKPOINT})


class CorruptRecord(BotvisorError):
    """Bytes in a segment are not what was written."""


class Record(NamedTuple):
    """One whole record as it lies in a segment; `start` and `end` are file offsets in bytes."""

    kind: bytes
    seq: int
    revision: int
    payload: bytes
    start: int
    end: int


class Header(NamedTuple):
    """The fixed part of a record."""

    length: int
    payload_crc: int
    kind: bytes
    seq: int
    revision: int


def frame(kind: bytes, payload: bytes, *, seq: int = NOTHING, revision: int = NOTHING) -> bytes:
    """The record as bytes. Raises BotvisorError when the payload is longer than MAX_PAYLOAD."""
    if len(payload) > MAX_PAYLOAD:
        raise BotvisorError(
            f"a journal record of {len(payload)} bytes is longer than the limit of {MAX_PAYLOAD}; "
            "keep the strategy's state smaller or report fewer facts at once"
        )
    fields = _FIELDS.pack(len(payload), zlib.crc32(payload), kind, seq, revision)
    return b"".join((fields, _CHECK.pack(zlib.crc32(fields)), payload))


def read_header(data: bytes, at: int) -> Header | None:
    """The header at index `at` of `data`, None when it is not all there. Raises CorruptRecord."""
    body = at + HEADER_SIZE
    if body > len(data):
        return None
    fields = data[at : at + _FIELDS.size]
    header = Header(*_FIELDS.unpack(fields))
    if _CHECK.unpack_from(data, at + _FIELDS.size)[0] != zlib.crc32(fields):
        raise CorruptRecord("the checksum of a record's header does not match")
    if header.kind not in _KINDS or header.length > MAX_PAYLOAD:
        raise CorruptRecord(f"a record of kind {header.kind!r} and {header.length} bytes cannot be")
    return header


def read_record(data: bytes, at: int, base: int = 0) -> Record | None:
    """The record at index `at` of `data`, None when it is not all there.

    `base` is the file offset of data[0]. Raises CorruptRecord.
    """
    header = read_header(data, at)
    if header is None:
        return None
    body = at + HEADER_SIZE
    end = body + header.length
    if end > len(data):
        return None
    payload = bytes(data[body:end])
    if zlib.crc32(payload) != header.payload_crc:
        raise CorruptRecord("the checksum of a record's payload does not match")
    return Record(header.kind, header.seq, header.revision, payload, base + at, base + end)
