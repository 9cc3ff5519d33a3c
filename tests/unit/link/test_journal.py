from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from journal_reading import acknowledge, checkpoint, everything, fact, opened, unacknowledged

from common.errors import BotvisorError
from worker.link.acknowledged import FILE_NAME, AcknowledgedFile, Mark, read_mark
from worker.link.outlet import Outlet
from worker.link.segments import SEGMENT_LIMIT, JournalError, segment_numbers, segment_path


def last_segment(folder: Path) -> Path:
    return segment_path(folder, segment_numbers(folder)[-1])


def fill(folder: Path, count: int, padding: int = 0) -> str:
    journal = opened(folder)
    for number in range(1, count + 1):
        journal.append([fact(number)], checkpoint(number, padding))
    journal.close()
    return journal.journal_id


def test_a_new_folder_gets_a_journal_id_and_a_reopened_one_keeps_it(tmp_path: Path) -> None:
    journal_id = fill(tmp_path / "bot", 3)
    again = opened(tmp_path / "bot", incarnation=2)
    again.append([fact(4)], None)
    assert again.journal_id == journal_id
    again.close()
    entries = unacknowledged(tmp_path / "bot")
    assert [entry.seq for entry in entries] == [1, 2, 3, 4]
    assert [entry.incarnation for entry in entries] == [1, 1, 1, 2]
    assert {entry.journal_id for entry in entries} == {journal_id}


def test_the_newest_checkpoint_comes_back_whether_it_was_delivered_or_local(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    assert journal.newest_checkpoint() is None
    journal.append([fact(1)], checkpoint(1))
    journal.append([], checkpoint(2))
    assert journal.newest_checkpoint() == checkpoint(2)
    journal.append([], checkpoint(3), deliver=True)
    journal.append([fact(2)], None)
    journal.close()
    reopened = opened(tmp_path)
    assert reopened.newest_checkpoint() == checkpoint(3)
    reopened.close()
    assert [(entry.seq, len(entry.facts)) for entry in unacknowledged(tmp_path)] == [(1, 1), (2, 0), (3, 1)]


def test_an_append_of_nothing_is_refused(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    with pytest.raises(BotvisorError, match="neither"):
        journal.append([], None)
    journal.close()


def test_segments_rotate_and_each_begins_with_the_newest_checkpoint(tmp_path: Path) -> None:
    fill(tmp_path, 40, padding=100_000)
    assert len(segment_numbers(tmp_path)) >= 4
    assert all(segment_path(tmp_path, number).stat().st_size <= SEGMENT_LIMIT for number in segment_numbers(tmp_path))
    for number in segment_numbers(tmp_path)[:-1]:
        segment_path(tmp_path, number).unlink()
    journal = opened(tmp_path)
    assert journal.newest_checkpoint() == checkpoint(40, 100_000)
    assert journal.next_seq == 41
    journal.close()


def test_acknowledged_segments_are_deleted_and_the_last_one_stays(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 40, padding=100_000)
    before = segment_numbers(tmp_path)
    acknowledge(tmp_path, journal_id, 39)
    assert segment_numbers(tmp_path) == before[-1:]
    acknowledge(tmp_path, journal_id, 40)
    assert unacknowledged(tmp_path) == []
    journal = opened(tmp_path)
    assert (journal.journal_id, journal.next_seq) == (journal_id, 41)
    assert journal.newest_checkpoint() == checkpoint(40, 100_000)
    journal.close()


def test_a_torn_tail_is_cut_kept_aside_and_its_number_used_again(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 3)
    path = last_segment(tmp_path)
    os.truncate(path, path.stat().st_size - 5)
    journal = opened(tmp_path, incarnation=2)
    assert (journal.journal_id, journal.next_seq) == (journal_id, 3)
    assert journal.newest_checkpoint() == checkpoint(2)
    journal.append([fact(3)], checkpoint(3))
    journal.close()
    assert [entry.seq for entry in unacknowledged(tmp_path)] == [1, 2, 3]
    assert len(list(tmp_path.glob("*.corrupt"))) == 1


def test_damage_in_the_middle_sets_the_rest_aside_and_never_reuses_a_number(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 5)
    path = last_segment(tmp_path)
    data = path.read_bytes()
    at = data.index(b'"seq":3')
    path.write_bytes(data[:at] + b"!" + data[at + 1 :])
    journal = opened(tmp_path, incarnation=2)
    assert journal.journal_id != journal_id
    assert journal.newest_checkpoint() == checkpoint(2)
    journal.append([fact(9)], None)
    journal.close()
    entries = unacknowledged(tmp_path)
    assert [(entry.journal_id, entry.seq) for entry in entries] == [
        (journal_id, 1),
        (journal_id, 2),
        (journal.journal_id, 1),
    ]
    (aside,) = tmp_path.glob("*.corrupt")
    assert data.endswith(aside.read_bytes()[-50:])


@pytest.mark.parametrize("content", [b"", b"garbage that is no segment at all, longer than a header"])
def test_a_segment_whose_head_is_lost_is_set_aside_whole(tmp_path: Path, content: bytes) -> None:
    fill(tmp_path, 2)
    segment_path(tmp_path, 2).write_bytes(content)
    journal = opened(tmp_path)
    assert journal.newest_checkpoint() == checkpoint(2)
    journal.close()
    assert [entry.seq for entry in unacknowledged(tmp_path)] == [1, 2]
    assert [path.read_bytes() for path in tmp_path.glob("*.corrupt")] == [content]


def test_an_acknowledgement_beyond_the_end_begins_a_new_journal(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 2)
    marks = AcknowledgedFile(tmp_path)
    marks.store(Mark(journal_id, 7))
    marks.close()
    journal = opened(tmp_path)
    assert journal.journal_id != journal_id
    journal.close()


def test_begin_anew_keeps_what_is_written_and_numbers_from_one(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 2)
    journal = opened(tmp_path)
    journal.begin_anew("the database is ahead")
    journal.append([fact(3)], None)
    journal.close()
    assert [entry.seq for entry in unacknowledged(tmp_path)] == [1, 2, 1]
    assert journal.journal_id != journal_id
    outlet = Outlet(tmp_path)
    everything(outlet)
    assert not outlet.acknowledge(journal.journal_id, 1), "the older journal comes first"
    assert outlet.acknowledge(journal_id, 2)
    assert outlet.in_flight == 0
    outlet.close()
    assert unacknowledged(tmp_path) == []


def test_a_journal_of_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    from worker.link.framing import RecordKind, frame

    start = {"format": 99, "journal_id": "x", "next_seq": 1, "incarnation": 1, "boot_id": None,
             "created_at": "2024-01-01T00:00:00Z"}  # fmt: skip
    segment_path(tmp_path, 2).write_bytes(frame(RecordKind.START, json.dumps(start).encode()))
    with pytest.raises(JournalError, match="newer program"):
        opened(tmp_path)
    assert not list(tmp_path.glob("*.corrupt"))


def test_a_folder_that_cannot_be_used_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BotvisorError, match=r"file/bot.*make the folder writable"):
        opened(tmp_path / "file" / "bot")


def test_sync_brings_segments_old_and_new_to_the_disk_and_goes_on(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.sync()
    for number in range(1, 15):
        journal.append([fact(number)], checkpoint(number, 200_000))
    journal.sync()
    journal.close()
    assert len(unacknowledged(tmp_path)) == 14


FULL_DISK = """
import resource, sys
from pathlib import Path
from journal_reading import checkpoint, fact, opened
from worker.link.segments import JournalError
folder = Path(sys.argv[1])
journal = opened(folder)
journal.append([fact(1)], checkpoint(1))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
try:
    for number in range(2, 100):
        journal.append([fact(number)], checkpoint(number))
except JournalError as error:
    print(error)
    failed = number
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
for number in range(failed, failed + 3):
    journal.append([fact(number)], checkpoint(number))
print(failed + 2)
"""


def test_a_write_that_found_no_space_leaves_no_half_record_and_may_be_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    here = os.path.dirname(__file__)
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, os.getcwd()])},
    )
    message, last = run.stdout.strip().splitlines()
    assert str(folder) in message
    assert "make room" in message
    assert [entry.seq for entry in unacknowledged(folder)] == list(range(1, int(last) + 1))
    assert not list(folder.glob("*.corrupt"))


def test_a_spoilt_acknowledged_file_only_means_sending_again(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 5)
    acknowledge(tmp_path, journal_id, 2)
    acknowledge(tmp_path, journal_id, 4)
    path = tmp_path / FILE_NAME
    assert read_mark(tmp_path) == Mark(journal_id, 4)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"#" * 96)
    assert [entry.seq for entry in unacknowledged(tmp_path)] in ([3, 4, 5], [5])
    path.write_bytes(b"\x00\xff" * 100)
    assert [entry.seq for entry in unacknowledged(tmp_path)] == [1, 2, 3, 4, 5]


def test_the_outlet_reads_no_more_than_it_is_asked_and_starts_again_after_a_rewind(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 10)
    outlet = Outlet(tmp_path)
    first = outlet.upcoming(3)
    assert [pending.seq for pending in first] == [1, 2, 3]
    assert outlet.upcoming(3) == first
    assert outlet.upcoming(0) == []
    for pending in first:
        outlet.sent(pending)
    assert (outlet.in_flight, outlet.unacknowledged()) == (3, 10)
    assert outlet.acknowledge(journal_id, 1)
    assert not outlet.acknowledge("another journal", 3)
    outlet.rewind()
    assert [pending.seq for pending in everything(outlet)] == list(range(2, 11))
    assert outlet.unacknowledged() == 9
    oldest = outlet.oldest()
    assert oldest is not None
    assert oldest.seq == 2
    outlet.close()


def test_segments_of_nothing_but_local_checkpoints_do_not_pile_up(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    outlet = Outlet(tmp_path)
    for number in range(1, 31):
        journal.append([], checkpoint(number, 200_000))
        assert outlet.upcoming(1) == []
    assert len(segment_numbers(tmp_path)) == 1
    assert journal.newest_checkpoint() == checkpoint(30, 200_000)
    outlet.close()
    journal.close()


def test_damage_found_while_reading_costs_the_rest_of_its_segment_which_is_kept_aside(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 12, padding=200_000)
    outlet = Outlet(tmp_path)
    data = segment_path(tmp_path, 1).read_bytes()
    at = data.index(b'"seq":3')
    segment_path(tmp_path, 1).write_bytes(data[:at] + b"!" + data[at + 1 :])
    found = [pending.seq for pending in everything(outlet)]
    assert found[:2] == [1, 2]
    assert found[2] > 3
    assert found[2:] == list(range(found[2], 13))
    assert outlet.acknowledge(journal_id, 12)
    assert len(segment_numbers(tmp_path)) == 1
    assert len(list(tmp_path.glob("*.corrupt"))) == 1
    outlet.close()


def test_an_acknowledgement_of_what_was_never_sent_forgets_nothing(tmp_path: Path) -> None:
    journal_id = fill(tmp_path, 4)
    outlet = Outlet(tmp_path)
    outlet.sent(outlet.upcoming(1)[0])
    assert outlet.acknowledge(journal_id, 1000)
    assert [pending.seq for pending in everything(outlet)] == [2, 3, 4]
    outlet.close()


def test_an_entry_larger_than_a_segment_is_written_read_and_acknowledged(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(1, 4):
        journal.append([fact(number)], checkpoint(number, 2 * SEGMENT_LIMIT))
    journal.close()
    assert [entry.seq for entry in unacknowledged(tmp_path)] == [1, 2, 3]
    acknowledge(tmp_path, journal.journal_id, 3)
    assert unacknowledged(tmp_path) == []
