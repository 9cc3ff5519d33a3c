"""Random histories of a journal folder against a plain list of what must be in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from effort import examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from journal_reading import acknowledge, checkpoint, fact, fact_number, opened, unacknowledged

from worker.link.segments import segment_numbers, segment_path


class JournalHistory(RuleBasedStateMachine):
    """Appends, acknowledgements, kills that tear the last write, restarts, rotations."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self.journal = opened(self.folder)
        self.journal_id = self.journal.journal_id
        self.incarnation = 1
        self.revision = 0
        self.waiting: list[tuple[int, int]] = []
        """(seq, revision) of entries that are not acknowledged."""
        self.next_seq = 1
        self.last: tuple[str, int] | None = None
        """Kind and size on disk of the last record, while it can still be torn."""
        self.checkpoints = [0]

    def size(self) -> int:
        return segment_path(self.folder, segment_numbers(self.folder)[-1]).stat().st_size

    def note(self, kind: str, before: tuple[int, int]) -> None:
        after = (segment_numbers(self.folder)[-1], self.size())
        self.last = (kind, after[1] - before[1]) if after[0] == before[0] else None

    @rule(padding=st.sampled_from([0, 10, 5_000, 400_000]))
    def append_an_entry(self, padding: int) -> None:
        before = (segment_numbers(self.folder)[-1], self.size())
        self.revision += 1
        self.journal.append([fact(self.revision)], checkpoint(self.revision, padding))
        self.waiting.append((self.next_seq, self.revision))
        self.checkpoints.append(self.revision)
        self.next_seq += 1
        self.note("entry", before)

    @rule(padding=st.sampled_from([0, 5_000, 400_000]))
    def append_a_local_checkpoint(self, padding: int) -> None:
        before = (segment_numbers(self.folder)[-1], self.size())
        self.revision += 1
        self.journal.append([], checkpoint(self.revision, padding))
        self.checkpoints.append(self.revision)
        self.note("checkpoint", before)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def acknowledge_some(self, data: st.DataObject) -> None:
        seq, _ = data.draw(st.sampled_from(self.waiting))
        acknowledge(self.folder, self.journal_id, seq)
        self.waiting = [entry for entry in self.waiting if entry[0] > seq]
        self.last = None

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.reopen()

    @precondition(lambda self: self.last is not None)
    @rule(data=st.data())
    def kill_within_the_last_write(self, data: st.DataObject) -> None:
        assert self.last is not None
        kind, size = self.last
        lost = data.draw(st.integers(1, size))
        self.journal.close()
        path = segment_path(self.folder, segment_numbers(self.folder)[-1])
        os.truncate(path, path.stat().st_size - lost)
        self.checkpoints.pop()
        if kind == "entry":
            self.waiting.pop()
            self.next_seq -= 1
        self.reopen()

    def reopen(self) -> None:
        self.incarnation += 1
        self.journal = opened(self.folder, self.incarnation)
        self.last = None

    @invariant()
    def the_numbering_goes_on_without_a_gap(self) -> None:
        assert (self.journal.journal_id, self.journal.next_seq) == (self.journal_id, self.next_seq)

    @invariant()
    def the_newest_checkpoint_is_there(self) -> None:
        newest = self.journal.newest_checkpoint()
        assert (0 if newest is None else newest.revision) == self.checkpoints[-1]

    @invariant()
    def what_is_not_acknowledged_is_there_in_order_and_nothing_else(self) -> None:
        found = unacknowledged(self.folder)
        assert [(entry.seq, fact_number(entry)) for entry in found] == self.waiting

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)


JournalHistory.TestCase.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)
TestJournalHistory = JournalHistory.TestCase
