"""Journal entries as they came in, and which of them are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.wire.facts import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A journal entry as it came in."""

    bot_id: int
    incarnation: int
    """The life that sent it."""
    payload: bytes
    journal_id: str | None
    """None when the payload does not even tell that."""
    seq: int | None
    entry: Entry | None
    """None when the payload cannot be read; `problem` says why."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A journal goes on with entry `found` after `after`; those between never came."""

    bot_id: int
    journal_id: str
    after: int
    found: int


@dataclass(slots=True)
class Sifted:
    """What is new among the submissions, by index."""

    fresh: list[int] = field(default_factory=list)
    """To be recorded, each journal's in order."""
    twins: dict[int, int] = field(default_factory=dict)
    """Submissions that repeat a fresh one of the same call."""
    gaps: list[Gap] = field(default_factory=list)
    """Where a journal's numbers jump."""


def sift(submissions: Sequence[Submission], marks: dict[str, int]) -> Sifted:
    """What is above the journals' high-water marks; entries may come repeated and out of order."""
    by_journal: dict[str, dict[int, int]] = {}
    sifted = Sifted()
    for index, item in enumerate(submissions):
        if item.journal_id is None or item.seq is None:
            sifted.fresh.append(index)
        elif item.seq > marks.get(item.journal_id, -1):
            first = by_journal.setdefault(item.journal_id, {}).setdefault(item.seq, index)
            if first != index:
                sifted.twins[index] = first
    for journal_id, entries in by_journal.items():
        last = marks.get(journal_id, 0)
        for seq in sorted(entries):
            if seq > last + 1:
                sifted.gaps.append(Gap(submissions[entries[seq]].bot_id, journal_id, last, seq))
            sifted.fresh.append(entries[seq])
            last = seq
    return sifted
