"""Checkpoints as they lie in a journal: alone in a record of their own, or within an entry.

Reads what was read from a segment and makes what is to be written to one; never opens a file.
"""

from __future__ import annotations

from collections.abc import Iterable

from loguru import logger
from pydantic import ValidationError

from common.wire.codec import DecodeError, decode_entry
from common.wire.facts import Checkpoint
from worker.link.framing import NOTHING, Record, RecordKind, frame
from worker.link.segments import Scan


def frame_checkpoint(checkpoint: Checkpoint) -> bytes:
    """A record that holds the checkpoint alone and stays on this host."""
    return frame(RecordKind.CHECKPOINT, checkpoint.model_dump_json().encode(), revision=checkpoint.revision)


def checkpoint_in(record: Record) -> Checkpoint | None:
    """The checkpoint that a record carries; None, with a warning, when this program cannot read it."""
    try:
        if record.kind == RecordKind.ENTRY:
            return decode_entry(record.payload).checkpoint
        return Checkpoint.model_validate_json(record.payload)
    except (DecodeError, ValidationError) as error:
        logger.warning("checkpoint {} in the journal cannot be read by this program: {}", record.revision, error)
        return None


def holder_of_newest(scans: Iterable[Scan]) -> Scan | None:
    """The segment with the checkpoint of the highest revision; None when no segment has one."""
    return max((scan for scan in scans if scan.newest), key=_revision_of, default=None)


def checkpoint_again(holder: Scan | None) -> bytes | None:
    """The newest checkpoint of a segment, framed to be written into the next one; None when there is none to read."""
    if holder is None or holder.newest is None:
        return None
    checkpoint = checkpoint_in(holder.newest)
    return None if checkpoint is None else frame_checkpoint(checkpoint)


def _revision_of(scan: Scan) -> int:
    return NOTHING if scan.newest is None else scan.newest.revision
