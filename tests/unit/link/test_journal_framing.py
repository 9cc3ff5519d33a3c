from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BotvisorError
from worker.link.framing import HEADER_SIZE, MAX_PAYLOAD, CorruptRecord, RecordKind, frame, read_header, read_record

KINDS = st.sampled_from([RecordKind.START, RecordKind.ENTRY, RecordKind.CHECKPOINT])
NUMBERS = st.integers(-1, 2**62)


@given(KINDS, st.binary(max_size=300), NUMBERS, NUMBERS)
def test_a_record_reads_back_as_it_was_framed(kind: bytes, payload: bytes, seq: int, revision: int) -> None:
    record = read_record(b"before" + frame(kind, payload, seq=seq, revision=revision) + b"after", 6, base=100)
    assert record is not None
    assert (record.kind, record.payload, record.seq, record.revision) == (kind, payload, seq, revision)
    assert (record.start, record.end) == (106, 106 + HEADER_SIZE + len(payload))


@given(st.binary(min_size=1, max_size=50), st.data())
def test_any_prefix_of_a_record_is_unfinished_and_not_corrupt(payload: bytes, data: st.DataObject) -> None:
    framed = frame(RecordKind.ENTRY, payload, seq=3)
    assert read_record(framed[: data.draw(st.integers(0, len(framed) - 1))], 0) is None


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_flipped_bit_anywhere_is_noticed(payload: bytes, data: st.DataObject) -> None:
    framed = bytearray(frame(RecordKind.ENTRY, payload, seq=3))
    framed[data.draw(st.integers(0, len(framed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptRecord):
        read_record(bytes(framed), 0)


def test_a_kind_that_nobody_writes_is_corrupt_even_with_a_good_checksum() -> None:
    with pytest.raises(CorruptRecord, match="cannot be"):
        read_header(frame(b"Z", b"{}"), 0)


def test_a_payload_beyond_the_limit_is_refused_with_its_size() -> None:
    with pytest.raises(BotvisorError, match=str(MAX_PAYLOAD + 1)):
        frame(RecordKind.ENTRY, b"x" * (MAX_PAYLOAD + 1))
