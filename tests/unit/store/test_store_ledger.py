from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from ledger_facts import (
    NOW,
    START,
    closed,
    deliver,
    entries,
    everything,
    fill,
    incident,
    new_bot,
    order,
    position,
    round_trip,
    rows,
    trade,
    trades_of,
)
from legacy import execute, make_legacy
from sqlalchemy import Engine, delete, select, update

from common.wire.codec import encode_entry
from common.wire.facts import Checkpoint, Entry
from supervisor.store.engine import open_engine, writing
from supervisor.store.ledger import Outcome
from supervisor.store.schema import upgrade
from supervisor.store.tables import trading_bots, trading_trades

RECORDED, KNOWN, DEAD = Outcome.RECORDED, Outcome.ALREADY_KNOWN, Outcome.DEAD_LETTER


def test_a_round_trip_becomes_one_trade_one_position_two_orders_and_two_fills(engine: Engine) -> None:
    bot_id = new_bot(engine)
    assert deliver(engine, bot_id, entries(round_trip("t", 1))) == [RECORDED] * 4
    (found,) = rows(engine, "trading_trades")
    (place,) = rows(engine, "trading_positions")
    assert (found["status"], found["exit_reason"], found["position_id"]) == ("closed", "take_profit", place["id"])
    assert found["net_pnl"] == Decimal("0.01294815")
    assert found["entry_price"] == Decimal("0.07123457")
    assert found["extra_metadata"] == {"entry_params": {"rsi_period": 14}}
    assert (place["status"], place["qty_open"], place["avg_price"]) == ("closed", 0, None)
    assert [row["status"] for row in rows(engine, "trading_orders")] == ["filled", "filled"]
    assert [row["parent_id"] for row in rows(engine, "trading_orders")] == [None, "t1"]
    assert len(rows(engine, "trading_fills")) == 2
    assert [row["metrics"]["total_trades"] for row in rows(engine, "trading_performance_metrics")] == [1]
    assert [row["rule"] for row in rows(engine, "trading_denials")] == ["max_daily_trades"]
    assert [row["key"] for row in rows(engine, "incidents")] == [f"{bot_id}/t1-i"]
    (bot,) = rows(engine, "trading_bots")
    assert (bot["current_balance"], bot["total_pnl"]) == (Decimal(10_001), Decimal(1))
    (state,) = rows(engine, "bot_states")
    assert (state["revision"], state["seq"], state["state"]) == (4, 4, {"seq": 4, "x": 0.1})
    assert state["last_signal_at"] == START + timedelta(hours=1, minutes=30)
    assert [row["last_seq"] for row in rows(engine, "journals")] == [4]


def test_an_open_trade_has_no_exit(engine: Engine) -> None:
    deliver(engine, new_bot(engine), entries(round_trip("t", 1)[:2]))
    (found,) = rows(engine, "trading_trades")
    names = ("exit_time", "exit_price", "exit_value", "gross_pnl", "net_pnl", "pnl_percentage", "exit_reason")
    assert {found[name] for name in names} == {None}
    assert (found["status"], found["commission"]) == ("open", Decimal("0.0001"))


def test_a_trade_recorded_entry_by_entry_is_the_same_row(engine: Engine) -> None:
    bot_id = new_bot(engine)
    for entry in entries(round_trip("t", 1)):
        assert deliver(engine, bot_id, [entry]) == [RECORDED]
    (found,) = rows(engine, "trading_trades")
    assert found["status"] == "closed"
    assert len(rows(engine, "trading_positions")) == 1


def test_a_position_that_comes_after_its_trade_is_linked_to_it(engine: Engine) -> None:
    bot_id = new_bot(engine)
    for entry in entries([(trade("t", START),), (position("t", START),)]):
        deliver(engine, bot_id, [entry])
    (found,) = rows(engine, "trading_trades")
    assert found["position_id"] == rows(engine, "trading_positions")[0]["id"]


def test_replayed_entries_change_nothing(engine: Engine) -> None:
    bot_id = new_bot(engine)
    batch = entries(trades_of("t", 3))
    deliver(engine, bot_id, batch)
    before = everything(engine)
    assert deliver(engine, bot_id, batch, NOW + timedelta(days=1)) == [KNOWN] * len(batch)
    assert deliver(engine, bot_id, batch[4:7], NOW + timedelta(days=1)) == [KNOWN] * 3
    assert everything(engine) == before


def test_an_entry_sent_twice_in_one_batch_is_recorded_once(engine: Engine) -> None:
    bot_id = new_bot(engine)
    batch = entries(round_trip("t", 1))
    assert deliver(engine, bot_id, [*batch, *batch]) == [RECORDED] * 4 + [KNOWN] * 4
    assert len(rows(engine, "trading_performance_metrics")) == 1


def test_a_gap_is_recorded_and_told(engine: Engine) -> None:
    bot_id = new_bot(engine)
    batch = entries(round_trip("t", 1))
    assert deliver(engine, bot_id, [batch[0], batch[3]]) == [RECORDED, RECORDED]
    (gap,) = [row for row in rows(engine, "incidents") if row["error_class"] == "JournalGap"]
    assert gap["details"] == {"after": 1, "found": 4}


def test_facts_of_a_bot_that_is_gone_become_dead_letters_without_loss(engine: Engine) -> None:
    batch = entries(round_trip("t", 1))
    assert deliver(engine, 4711, batch) == [DEAD] * 4
    letters = rows(engine, "dead_letters")
    assert [bytes(row["payload"]) for row in letters] == [encode_entry(entry) for entry in batch]
    assert {row["bot_id"] for row in letters} == {4711}
    assert deliver(engine, 4711, batch) == [KNOWN] * 4
    assert len(rows(engine, "dead_letters")) == 4


POISON = [
    order("bad", START, "filled", quantity=Decimal("1e30")),
    trade("bad", START, size=Decimal("1e30")),
    trade("bad", START, interval="an interval much longer than ten characters" * 10, size=Decimal("9" * 40)),
    fill("bad", START, price=Decimal("1e15")),
]


@pytest.mark.parametrize("poison", POISON, ids=lambda fact: fact.kind)
def test_a_poison_entry_becomes_a_dead_letter_and_the_others_are_recorded(engine: Engine, poison: object) -> None:
    bot_id, other = new_bot(engine), new_bot(engine)
    good = entries(trades_of("t", 2))
    bad = Entry(journal_id="j1", seq=len(good) + 1, incarnation=7, facts=(poison,))
    after = entries(round_trip("u", 1), first=len(good) + 2)
    deliver(engine, other, entries(round_trip("o", 1), "j2"))
    outcomes = deliver(engine, bot_id, [*good, bad, *after])
    assert outcomes == [RECORDED] * len(good) + [DEAD] + [RECORDED] * len(after)
    (letter,) = rows(engine, "dead_letters")
    assert (letter["seq"], bytes(letter["payload"])) == (bad.seq, encode_entry(bad))
    assert [row["severity"] for row in rows(engine, "incidents") if row["error_class"] == "EntryRefused"] == ["error"]
    assert len(rows(engine, "trading_trades")) == 4
    assert {row["journal_id"]: row["last_seq"] for row in rows(engine, "journals")} == {"j1": after[-1].seq, "j2": 4}


def test_text_that_only_one_database_takes_stops_nobody(engine: Engine) -> None:
    bot_id = new_bot(engine)
    odd = entries([(order("bad", START, "filled", reason="NUL \x00 inside"),), *round_trip("t", 1)])
    taken = RECORDED if engine.dialect.name == "sqlite" else DEAD
    assert deliver(engine, bot_id, odd) == [taken] + [RECORDED] * 4


def test_unreadable_bytes_that_name_their_entry_are_kept_and_passed_over(engine: Engine) -> None:
    bot_id = new_bot(engine)
    good = entries(round_trip("t", 1))
    odd = b'{"journal_id": "j1", "seq": 2, "incarnation": 7, "facts": [{"kind": "of a newer worker"}]}'
    assert deliver(engine, bot_id, [good[0], odd, good[2]]) == [RECORDED, DEAD, RECORDED]
    assert [row["seq"] for row in rows(engine, "dead_letters")] == [2]
    assert [row["last_seq"] for row in rows(engine, "journals")] == [3]


def test_garbage_is_kept_once(engine: Engine) -> None:
    bot_id = new_bot(engine)
    for _ in range(2):
        assert deliver(engine, bot_id, [b"\xff\x00garbage"]) == [DEAD]
    assert [bytes(row["payload"]) for row in rows(engine, "dead_letters")] == [b"\xff\x00garbage"]


def test_long_names_are_cut_to_what_the_earlier_service_s_columns_take(engine: Engine) -> None:
    bot_id = new_bot(engine)
    long = {"exit_reason": "r" * 300, "strategy_name": "s" * 300, "symbol": "S" * 60}
    assert deliver(engine, bot_id, entries([(closed("t", START, START, **long),)])) == [RECORDED]
    (found,) = rows(engine, "trading_trades")
    assert (len(found["exit_reason"]), len(found["strategy_name"]), len(found["symbol"])) == (100, 100, 20)


def test_an_older_checkpoint_never_replaces_a_newer_one(engine: Engine) -> None:
    bot_id = new_bot(engine)
    newer = Entry(
        journal_id="j1", seq=1, incarnation=7, checkpoint=Checkpoint(revision=9, bar_at=START, state={"n": 9})
    )
    older = Entry(
        journal_id="j2", seq=1, incarnation=7, checkpoint=Checkpoint(revision=8, bar_at=START, state={"n": 8})
    )
    deliver(engine, bot_id, [newer])
    deliver(engine, bot_id, [older])
    assert [row["state"] for row in rows(engine, "bot_states")] == [{"n": 9}]


def test_incidents_of_two_bots_with_the_same_key_are_two(engine: Engine) -> None:
    for journal_id, bot_id in (("j1", new_bot(engine)), ("j2", new_bot(engine))):
        deliver(engine, bot_id, entries([(incident("same"),), (incident("same"),)], journal_id))
    assert len(rows(engine, "incidents")) == 2


def test_one_bot_cannot_rewrite_another_s_order(engine: Engine) -> None:
    owner, stranger = new_bot(engine), new_bot(engine)
    deliver(engine, owner, entries([(order("k", START, "filled"),)]))
    deliver(engine, stranger, entries([(order("k", START, "cancelled"),)], "j2"))
    assert [(row["bot_id"], row["status"]) for row in rows(engine, "trading_orders")] == [(owner, "filled")]


def test_details_are_laid_over_what_others_wrote_into_the_trade(engine: Engine) -> None:
    bot_id = new_bot(engine)
    moments = entries(round_trip("t", 1))
    deliver(engine, bot_id, moments[:2])
    with writing(engine) as connection:
        connection.execute(update(trading_trades).values(extra_metadata={"note": "mine", "entry_params": {}}))
    deliver(engine, bot_id, moments[2:])
    (found,) = rows(engine, "trading_trades")
    assert found["extra_metadata"] == {"note": "mine", "entry_params": {"rsi_period": 14}}


def test_a_trade_row_deleted_by_somebody_comes_back_with_its_next_fact(engine: Engine) -> None:
    bot_id = new_bot(engine)
    moments = entries(round_trip("t", 1))
    deliver(engine, bot_id, moments[:2])
    with writing(engine) as connection:
        connection.execute(delete(trading_trades))
    deliver(engine, bot_id, moments[2:])
    assert [row["status"] for row in rows(engine, "trading_trades")] == ["closed"]


def test_deleting_a_bot_takes_its_rows_along_but_not_its_lives_and_incidents(engine: Engine) -> None:
    bot_id = new_bot(engine)
    deliver(engine, bot_id, entries(round_trip("t", 1)))
    with writing(engine) as connection:
        connection.execute(delete(trading_bots))
        assert connection.scalar(select(trading_trades.c.id)) is None
    assert {name for name, found in everything(engine).items() if found} == {"incidents", "journals"}


def test_an_open_trade_of_the_earlier_service_is_closed_in_its_own_row(empty_database_url: str) -> None:
    make_legacy(empty_database_url)
    engine = open_engine(empty_database_url)
    upgrade(engine)
    question = "SELECT id, trade_type, entry_price, entry_time, size, entry_logic_name FROM trading_trades ORDER BY id"
    before = execute(empty_database_url, question)
    at = START + timedelta(days=700)
    fact = closed("k", START, at, adopted_row_id=41, size=Decimal("0.5"), details={"ours": 1})
    assert deliver(engine, 1, entries([(fact, position("k", START)), (fact,)])) == [RECORDED, RECORDED]
    assert execute(empty_database_url, question) == before
    with writing(engine) as connection:
        columns = trading_trades.c
        row = connection.execute(
            select(columns.status, columns.exit_price, columns.extra_metadata).where(columns.id == 41)
        ).one()
    assert tuple(row) == ("closed", Decimal("0.08"), {"theirs": True, "ours": 1})
    engine.dispose()


def test_a_position_remembers_the_signal_it_was_opened_by(engine: Engine) -> None:
    opened = position("t", START, correlation_id="c-t")
    shut = position("t", START, status="closed", closed_at=NOW, qty_open=Decimal(0), avg_price=None)
    bot_id = new_bot(engine)
    for entry in entries([(opened,), (shut,)]):
        deliver(engine, bot_id, [entry])
    (found,) = rows(engine, "trading_positions")
    assert (found["status"], found["extra_metadata"]) == ("closed", {"correlation_id": "c-t"})


def test_the_position_of_an_adopted_trade_is_the_one_its_row_names(engine: Engine) -> None:
    bot_id = new_bot(engine)
    deliver(engine, bot_id, entries([(trade("theirs", START), position("theirs", START))], "theirs"))
    (before,), (row,) = rows(engine, "trading_positions"), rows(engine, "trading_trades")
    taken = position("row-1", START, adopted_row_id=row["id"], qty_open=Decimal("1.5"))
    deliver(engine, bot_id, entries([(taken,)], "ours"))
    (after,) = rows(engine, "trading_positions")
    assert after == before
    assert [one["position_id"] for one in rows(engine, "trading_trades")] == [before["id"]]


def test_an_adopted_trade_without_a_position_gets_one_at_once(engine: Engine) -> None:
    bot_id = new_bot(engine)
    deliver(engine, bot_id, entries([(trade("theirs", START),)], "theirs"))
    (row,) = rows(engine, "trading_trades")
    deliver(engine, bot_id, entries([(position("row-1", START, adopted_row_id=row["id"]),)], "ours"))
    (place,), (linked,) = rows(engine, "trading_positions"), rows(engine, "trading_trades")
    assert linked["position_id"] == place["id"]
    assert {name: value for name, value in linked.items() if name not in ("position_id", "updated_at")} == {
        name: value for name, value in row.items() if name not in ("position_id", "updated_at")
    }
