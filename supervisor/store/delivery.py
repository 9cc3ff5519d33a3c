"""From bytes to submissions, and from what the ledger answered to what the control thread is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from common.wire.codec import DecodeError, decode_entry
from common.wire.facts import AnyFact, Checkpoint, EntryDenied, FeedFinished, IncidentReported, TradeChanged
from supervisor.store.events import Delivery
from supervisor.store.ledger import Outcome
from supervisor.store.submissions import Submission

_LONGEST_ID = 64
"""Characters of a journal id that the tables keep."""
_WORTH_TELLING = (TradeChanged, EntryDenied, IncidentReported, FeedFinished)


def read_submission(bot_id: int, incarnation: int, payload: bytes) -> Submission:
    """What a life sent; unreadable bytes make a submission that says so."""
    try:
        entry = decode_entry(payload)
    except DecodeError as error:
        journal_id, seq = _origin(payload)
        return Submission(
            bot_id=bot_id,
            incarnation=incarnation,
            payload=payload,
            journal_id=journal_id,
            seq=seq,
            entry=None,
            problem=str(error),
        )
    length = len(entry.journal_id)
    known = 0 < length <= _LONGEST_ID and "\x00" not in entry.journal_id
    return Submission(
        bot_id=bot_id,
        incarnation=incarnation,
        payload=payload,
        journal_id=entry.journal_id if known else None,
        seq=entry.seq if known else None,
        entry=entry if known else None,
        problem="" if known else f"a journal id has 1 to {_LONGEST_ID} characters and no NUL; this one has {length}",
    )


def _origin(payload: bytes) -> tuple[str | None, int | None]:
    """Journal and number of an entry that is otherwise unreadable, so that it can be acknowledged."""
    try:
        document = json.loads(payload)
        journal_id, seq = document["journal_id"], document["seq"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None
    whole = isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**63
    if not isinstance(journal_id, str) or not 0 < len(journal_id) <= _LONGEST_ID or "\x00" in journal_id or not whole:
        return None, None
    return journal_id, seq


@dataclass(slots=True)
class _Tale:
    up_to_seq: int = 0
    checkpoint: Checkpoint | None = None
    facts: list[AnyFact] = field(default_factory=list)
    dead_letters: int = 0


def deliveries(
    submissions: Sequence[Submission], outcomes: Sequence[Outcome], marks: dict[str, int], *, repeated: bool
) -> tuple[Delivery, ...]:
    """One delivery per life and journal.

    `repeated`: the same submissions may have been committed before, their answer lost; so what is already
    known is told as if it were new.
    """
    tales: dict[tuple[int, int, str], _Tale] = {}
    for item, outcome in zip(submissions, outcomes, strict=True):
        if item.journal_id is None or outcome in (Outcome.DEFERRED, Outcome.POSTPONED):
            continue
        tale = tales.setdefault((item.bot_id, item.incarnation, item.journal_id), _Tale())
        tale.up_to_seq = max(tale.up_to_seq, marks.get(item.journal_id, 0), item.seq or 0)
        tale.dead_letters += outcome is Outcome.DEAD_LETTER
        new = outcome is Outcome.RECORDED or (repeated and outcome is Outcome.ALREADY_KNOWN)
        if new and item.entry is not None:
            _tell(tale, item)
    return tuple(
        Delivery(
            bot_id=bot_id,
            incarnation=incarnation,
            journal_id=journal_id,
            up_to_seq=tale.up_to_seq,
            checkpoint=tale.checkpoint,
            facts=tuple(tale.facts),
            dead_letters=tale.dead_letters,
        )
        for (bot_id, incarnation, journal_id), tale in tales.items()
    )


def _tell(tale: _Tale, item: Submission) -> None:
    assert item.entry is not None
    tale.facts += [fact for fact in item.entry.facts if isinstance(fact, _WORTH_TELLING)]
    newest = item.entry.checkpoint
    if newest is not None and (tale.checkpoint is None or newest.revision > tale.checkpoint.revision):
        tale.checkpoint = newest
