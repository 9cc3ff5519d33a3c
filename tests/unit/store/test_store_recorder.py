from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ledger_facts import NOW, START, entries, everything, new_bot, round_trip, rows, trades_of
from legacy import execute
from listening import ME, listening
from sqlalchemy import Engine, text
from waiting import PATIENCE

from common.errors import ConfigurationError
from common.wire.codec import encode_entry
from common.wire.facts import FeedFinished
from supervisor.store.commands import (
    Beat,
    CloseIncarnation,
    OpenIncarnation,
    RecordIncident,
    RefreshBots,
    ReserveIncarnations,
    RunningIncarnation,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
    WriteWish,
)
from supervisor.store.events import (
    BotsRead,
    DatabaseAway,
    DatabaseReady,
    DatabaseRefused,
    EntriesRecorded,
    IncarnationsReserved,
    StatusWritten,
    WishWritten,
)
from supervisor.store.supervision import Supervision


def test_a_fresh_database_is_made_claimed_and_read(empty_database_url: str) -> None:
    with listening(empty_database_url, incarnation_block=50) as listener:
        ready = listener.wait(DatabaseReady)
        assert ready.dialect == empty_database_url.split("+")[0].split(":")[0]
        assert (ready.incarnation_block, ready.crashed_claim) == (range(1, 51), False)
        assert listener.ready().rows == ()
        assert listener.stop().flushed
    with listening(empty_database_url) as listener:
        again = listener.wait(DatabaseReady)
        assert (again.database_uuid, again.crashed_claim) == (ready.database_uuid, False)
        assert again.incarnation_block.start == 51


def test_the_whole_picture_comes_first_and_again_on_request(engine: Engine, database_url: str) -> None:
    ids = [new_bot(engine) for _ in range(3)]
    with listening(database_url) as listener:
        assert [row.id for row in listener.ready().rows] == ids
        listener.recorder.submit(RefreshBots(whole=True))
        assert [row.id for row in listener.ready().rows] == ids


def test_others_changes_are_told_without_waiting_for_the_poll(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    with listening(database_url, poll_interval=3600.0) as listener:
        listener.ready()
        execute(database_url, "UPDATE trading_bots SET status = 'disabled' WHERE id = ?", bot_id)
        (row,) = listener.wait(BotsRead).rows
        assert (row.id, row.status) == (bot_id, "disabled")
        execute(database_url, "UPDATE trading_bots SET config = '{\"a\": 2}' WHERE id = ?", bot_id)
        assert [row.config for row in listener.wait(BotsRead).rows] == [{"a": 2}]
        added = new_bot(engine)
        assert [row.id for row in listener.wait(BotsRead).rows] == [added]
        execute(database_url, "DELETE FROM trading_bots WHERE id = ?", bot_id)
        assert listener.wait(BotsRead).removed == (bot_id,)


def test_metadata_changed_by_others_is_found_by_the_poll(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    with listening(database_url, poll_interval=0.2) as listener:
        listener.ready()
        execute(database_url, "UPDATE trading_bots SET extra_metadata = '{\"wish\": 1}' WHERE id = ?", bot_id)
        assert [row.extra_metadata for row in listener.wait(BotsRead).rows] == [{"wish": 1}]


def test_our_own_writes_are_no_news_and_a_foreign_change_of_the_same_row_is(engine: Engine, database_url: str) -> None:
    bot_id, other = new_bot(engine), new_bot(engine)
    batch = entries(round_trip("t", 1))
    with listening(database_url, poll_interval=0.1) as listener:
        listener.ready()
        recorder = listener.recorder
        recorder.submit(
            WriteStatus(bot_id=bot_id, expected="running", status="error", at=NOW, error="x", metadata_set={"k": [1]})
        )
        recorder.submit(WriteSupervision(Supervision(bot_id=bot_id, failures=2, quarantined_at=NOW)))
        recorder.submit(WriteHeartbeats((Beat(bot_id=bot_id, at=NOW),)))
        for entry in batch:
            recorder.submit_entry(bot_id, 7, encode_entry(entry))
        listener.acknowledged("j1", 4)
        execute(database_url, "UPDATE trading_bots SET description = 'theirs' WHERE id = ?", other)
        listener.wait(BotsRead, lambda event: [row.id for row in event.rows] == [other])
        execute(database_url, "UPDATE trading_bots SET description = 'theirs too' WHERE id = ?", bot_id)
        (row,) = listener.wait(BotsRead).rows
        assert (row.id, row.status, row.extra_metadata["k"], row.supervision.failures) == (bot_id, "error", [1], 2)
        told = [event for event in listener.heard if isinstance(event, BotsRead)]
        assert [[row.id for row in event.rows] for event in told] == [[bot_id, other], [other], [bot_id]]


def test_a_status_changed_by_somebody_else_is_not_overwritten(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    with listening(database_url) as listener:
        listener.ready()
        execute(database_url, "UPDATE trading_bots SET status = 'stopping' WHERE id = ?", bot_id)
        listener.recorder.submit(WriteStatus(bot_id=bot_id, expected="running", status="error", at=NOW))
        written = listener.wait(StatusWritten)
        assert written == StatusWritten(bot_id=bot_id, status="error", done=False, found="stopping")


def test_entries_are_acknowledged_after_the_commit_with_what_is_worth_telling(
    engine: Engine, database_url: str
) -> None:
    bot_id = new_bot(engine)
    batch = entries([*round_trip("t", 1), (FeedFinished(last_bar_at=START),)])
    with listening(database_url) as listener:
        listener.ready()
        for entry in batch:
            listener.recorder.submit_entry(bot_id, 12, encode_entry(entry))
        listener.acknowledged("j1", 5)
        deliveries = [one for event in listener.heard if isinstance(event, EntriesRecorded) for one in event.deliveries]
        assert {(one.bot_id, one.incarnation) for one in deliveries} == {(bot_id, 12)}
        kinds = [fact.kind for one in deliveries for fact in one.facts]
        assert kinds == ["trade", "denial", "trade", "incident", "finished"]
        newest = [one.checkpoint for one in deliveries if one.checkpoint][-1]
        assert newest == batch[-1].checkpoint
        assert len(rows(engine, "trading_trades")) == 1
        # A replay by the next life is acknowledged to that life, and told to nobody twice.
        listener.recorder.submit_entry(bot_id, 13, encode_entry(batch[3]))
        (again,) = listener.acknowledged("j1", 5).deliveries
        assert (again.incarnation, again.up_to_seq, again.facts, again.checkpoint) == (13, 5, (), None)


def test_dead_letters_are_acknowledged_and_counted(database_url: str) -> None:
    with listening(database_url) as listener:
        listener.ready()
        for entry in entries(round_trip("t", 1)):
            listener.recorder.submit_entry(4711, 1, encode_entry(entry))
        listener.acknowledged("j1", 4)
        told = [one for event in listener.heard if isinstance(event, EntriesRecorded) for one in event.deliveries]
        assert sum(one.dead_letters for one in told) == 4
        assert not any(one.facts or one.checkpoint for one in told)


def test_a_life_is_opened_runs_and_is_closed(engine: Engine, database_url: str) -> None:
    with listening(database_url) as listener:
        listener.ready()
        submit = listener.recorder.submit
        submit(OpenIncarnation(incarnation=7, bot_id=1, generation="g", host="here", pid=None, started_at=START))
        submit(RunningIncarnation(incarnation=7, running_at=NOW, pid=42))
        submit(CloseIncarnation(incarnation=7, ended_at=NOW, exit_code=1, cause="failed", detail="why"))
        submit(ReserveIncarnations(5))
        block = listener.wait(IncarnationsReserved).block
        assert len(block) == 5
        (life,) = rows(engine, "incarnations")
        assert (life["id"], life["pid"], life["running_at"], life["exit_code"]) == (7, 42, NOW, 1)
        assert (life["cause"], life["exit_signal"]) == ("failed", None)
        with engine.connect() as connection:
            alike = connection.execute(text("SELECT count(*) FROM incarnations WHERE running_at = ended_at"))
            assert alike.scalar_one() == 1, "the database itself finds one moment where one moment was written"


def test_an_incident_is_completed_by_what_came_to_light_later(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    bot_id = new_bot(engine)
    output = tmp_path / "bot.out"
    output.write_text("Thread 0x1: stuck here")
    first = RecordIncident(
        key="w", bot_id=bot_id, incarnation=3, severity="error", error_class="E", message="replaced", at=NOW
    )
    later = replace(first, message="replaced; ended", output_file=output, completes=True)
    alone = replace(later, key="other")
    with listening(database_url) as listener:
        listener.ready()
        for incident in (first, later, alone):
            listener.recorder.submit(incident)
        listener.recorder.submit(WriteStatus(bot_id=bot_id, expected=None, status="running", at=NOW))
        listener.wait(StatusWritten)
        found = {row["key"]: (row["message"], row["details"]) for row in rows(engine, "incidents")}
        told = ("replaced; ended", {"output": "Thread 0x1: stuck here"})
        assert found == {"w": told, "other": told}


def test_a_command_the_database_refuses_stops_nobody(engine: Engine, database_url: str) -> None:
    bot_id, other = new_bot(engine), new_bot(engine)
    with listening(database_url) as listener:
        listener.ready()
        submit = listener.recorder.submit
        submit(RecordIncident(key="odd", bot_id=1, severity="error", error_class="E", message="NUL \x00", at=NOW))
        submit(WriteStatus(bot_id=bot_id, expected=None, status="running", at=NOW.replace(tzinfo=None)))
        submit(WriteStatus(bot_id=other, expected=None, status="paused", at=NOW))
        refused = listener.wait(StatusWritten, lambda event: event.bot_id == bot_id)
        assert not refused.done
        assert listener.wait(StatusWritten, lambda event: event.bot_id == other).done
        assert [row["message"] for row in rows(engine, "incidents")] == ["NUL \ufffd"]


def test_a_second_supervisor_is_refused_and_the_first_goes_on(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    with listening(database_url) as first:
        first.ready()
        with listening(database_url, claimant=replace(ME, pid=2), is_alive=lambda pid, created: True) as second:
            assert "another supervisor runs" in str(second.wait(DatabaseRefused).error)
        first.recorder.submit(WriteStatus(bot_id=bot_id, expected="running", status="paused", at=NOW))
        assert first.wait(StatusWritten).done


def test_a_crashed_supervisor_s_claim_is_told(database_url: str) -> None:
    with listening(database_url) as first:
        first.ready()
        with listening(database_url, claimant=replace(ME, pid=2)) as second:
            assert second.wait(DatabaseReady).crashed_claim


def test_a_supervisor_whose_database_was_taken_over_ends(database_url: str) -> None:
    with listening(database_url, poll_interval=0.1) as first:
        first.ready()
        elsewhere = replace(ME, host="elsewhere")
        with listening(database_url, claimant=elsewhere, takeover=True) as second:
            second.ready()
            assert "taken over" in str(first.wait(DatabaseRefused).error)


def test_what_was_decided_before_the_database_was_taken_over_is_not_written_afterwards(
    engine: Engine, database_url: str
) -> None:
    bot_id = new_bot(engine)
    with listening(database_url) as first:
        first.ready()
        with listening(database_url, claimant=replace(ME, host="elsewhere"), takeover=True) as second:
            second.ready()
            first.recorder.submit(WriteStatus(bot_id=bot_id, expected="running", status="error", at=NOW))
            assert "taken over" in str(first.wait(DatabaseRefused).error)
    assert [row["status"] for row in rows(engine, "trading_bots")] == ["running"]


def test_a_database_that_the_state_folder_does_not_know_is_refused_untouched(empty_database_url: str) -> None:
    with listening(empty_database_url, expected_uuid="11111111-aaaa") as listener:
        assert "11111111-aaaa" in str(listener.wait(DatabaseRefused).error)
    with pytest.raises(Exception, match="trading_bots"):
        execute(empty_database_url, "SELECT 1 FROM trading_bots")


def test_an_old_schema_is_refused_when_not_to_be_upgraded(empty_database_url: str) -> None:
    with listening(empty_database_url, upgrade=False) as listener:
        assert "botctl db upgrade" in str(listener.wait(DatabaseRefused).error)


def test_a_url_nobody_can_mend_by_waiting_is_refused(tmp_path: Path) -> None:
    with listening(f"sqlite:///{tmp_path}/missing/x.db") as listener:
        error = listener.wait(DatabaseRefused).error
        assert isinstance(error, ConfigurationError)
        assert f"{tmp_path}/missing" in str(error)


def test_a_recorder_that_breaks_down_while_the_database_is_away_says_so() -> None:
    with listening("postgresql://nobody@127.0.0.1:1/none") as listener:
        listener.wait(DatabaseAway)
        listener.recorder.submit(WriteHeartbeats((None,)))  # type: ignore[arg-type]
        error = listener.wait(DatabaseRefused).error
        assert "AttributeError" in str(error)
        assert listener.recorder.join(PATIENCE)


def test_stopping_writes_what_was_submitted(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    batch = entries(trades_of("t", 10))
    with listening(database_url, batch_entries=7) as listener:
        listener.ready()
        for entry in batch:
            listener.recorder.submit_entry(bot_id, 1, encode_entry(entry))
        listener.recorder.submit(WriteStatus(bot_id=bot_id, expected="running", status="stopped", at=NOW))
        stopped = listener.stop()
        assert (stopped.flushed, stopped.left) == (True, 0)
    assert len(everything(engine)["trading_trades"]) == 10
    assert [row["status"] for row in rows(engine, "trading_bots")] == ["stopped"]
    assert [row["released_at"] is not None for row in rows(engine, "supervisor_claims")] == [True]


def test_a_wish_is_an_operators_word_and_read_as_news(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    with listening(database_url) as listener:
        (row,) = listener.ready().rows
        listener.recorder.submit(WriteWish(bot_id=bot_id, expected=row.status, status="paused", at=NOW))
        assert listener.wait(WishWritten) == WishWritten(bot_id=bot_id, status="paused", done=True, found=row.status)
        news = listener.wait(BotsRead)
        assert [(read.id, read.status, read.supervision.last_status) for read in news.rows] == [
            (bot_id, "paused", None)
        ]


def test_a_wish_never_overwrites_what_an_operator_wrote_meanwhile(engine: Engine, database_url: str) -> None:
    bot_id = new_bot(engine)
    with listening(database_url) as listener:
        listener.ready()
        execute(database_url, "UPDATE trading_bots SET status = 'disabled'")
        listener.recorder.submit(WriteWish(bot_id=bot_id, expected="running", status="paused", at=NOW))
        answer = listener.wait(WishWritten)
        assert (answer.done, answer.found) == (False, "disabled")
    assert rows(engine, "trading_bots")[0]["status"] == "disabled"
