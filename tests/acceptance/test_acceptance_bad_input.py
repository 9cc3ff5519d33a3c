"""Bad input: a clear message each, nothing lost, nobody else affected."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
import zmq
from builders import a_bot, an_entry, merged
from database import Database
from waiting import holds_for
from world import World

UNREADABLE = {
    '{"broker": ': "a text of 11 characters: must be JSON: Expecting value at line 1 column 12",
    "": "a text of 0 characters: must be JSON: Expecting value at line 1 column 1",
    "{'single': 1}": "must be JSON: Expecting property name enclosed in double quotes at line 1 column 2",
    "\x00\x01": "must be JSON: Expecting value at line 1 column 1",
    "null": "config is null: must be a JSON object",
    "[1, 2]": "config is a list: must be a JSON object",
    '"just words"': "config is a text of 10 characters: must be JSON",
    "42": "config is a number: must be a JSON object",
}


def test_broken_json_in_a_row_is_an_error_of_that_row_that_says_where_it_breaks(lite_world: World) -> None:
    neighbour = lite_world.insert_bot(a_bot())
    lite_world.start()
    (pid,) = lite_world.until_running(neighbour)
    for text, told in UNREADABLE.items():
        bot_id = lite_world.insert_bot(None, text=text)
        row = lite_world.until_status(bot_id, "error")
        assert told in row["extra_metadata"]["last_error"]
        assert "Traceback" not in row["extra_metadata"]["last_error"]
        assert row["config"] == text or text in ("null", "[1, 2]", '"just words"', "42"), (
            "the row's config is not touched"
        )
    assert lite_world.worker(neighbour) == pid


def test_a_config_encoded_twice_is_read(fleet: World) -> None:
    """A JSON string that holds the encoded object, as web forms wrote it."""
    bot_id = fleet.insert_bot(json.dumps(a_bot()))
    fleet.until_running(bot_id)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "broker is a list": ({"broker": [1]}, "broker"),
    "strategy is text": ({"strategy": "CustomStrategy"}, "strategy"),
    "cash is text": ({"broker": {"cash": "a lot"}}, "broker.cash"),
    "cash is true": ({"broker": {"cash": True}}, "broker.cash"),
    "enabled is text": ({"enabled": "yes please"}, "enabled"),
    "parameters is a list": ({"strategy": {"parameters": []}}, "strategy.parameters"),
    "negative period": ({"strategy": {"parameters": {"entry_logic": an_entry(rsi_period=-14)}}}, "rsi_period"),
    "period is text": ({"strategy": {"parameters": {"entry_logic": an_entry(rsi_period="many")}}}, "rsi_period"),
    "unknown exit": ({"strategy": {"parameters": {"exit_logic": {"name": "FixedExitMixin"}}}}, "FixedExitMixin"),
    "stop below zero": ({"risk_management": {"stop_loss_pct": -3}}, "risk_management.stop_loss_pct"),
    "interval of a poet": ({"data": {"interval": "a while"}}, "data.interval"),
    "commission of 50": ({"broker": {"commission": 50}}, "broker.commission"),
    "no lookback": ({"data": {"lookback_bars": 0}}, "data.lookback_bars"),
    "order type": ({"trading": {"order_type": "iceberg"}}, "trading.order_type"),
}


def test_wrong_values_are_named_by_path(fleet: World) -> None:
    good = fleet.insert_bot(a_bot())
    (pid,) = fleet.until_running(good)
    ids = {name: fleet.insert_bot(merged(a_bot(), change)) for name, (change, _) in WRONG.items()}
    for name, bot_id in ids.items():
        said = fleet.until_status(bot_id, "error")["extra_metadata"]["last_error"]
        assert WRONG[name][1] in said, f"{name}: {said}"
    assert fleet.worker(good) == pid


def test_rows_of_a_csv_that_make_no_sense_are_named(fleet: World, tmp_path: Path) -> None:
    head = "timestamp,open,high,low,close,volume\n"
    good = "1704067200000,1,2,0.5,1.5,10\n"
    texts = {
        "text.csv": head + good + "1704067500000,1,2,x,1.5,10\n",
        "short.csv": head + good + "1704067500000,1,2\n",
        "empty.csv": "",
        "headless.csv": "a,b,c\n1,2,3\n",
        "nan.csv": head + good + "1704067500000,1,2,0.5,nan,10\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 40)
    ids = {name: fleet.insert_bot(a_bot(tmp_path / name)) for name in (*texts, "binary.csv")}
    for name, bot_id in ids.items():
        said = fleet.until_status(bot_id, "error")["extra_metadata"]["last_error"]
        assert name in said, f"{name}: {said}"


def test_a_read_only_database_is_refused_in_one_line(lite_world: World) -> None:
    said = lite_world.refuse_to_start(
        BOTVISOR_DATABASE_URL=f"sqlite:///file:{lite_world.database.file}?mode=ro&uri=true"
    )
    assert "read-only" in said.lower() or "readonly" in said.lower() or "not writable" in said.lower(), said


def test_a_read_only_postgresql_is_refused_or_waited_for_with_a_word(pg_world: World) -> None:
    name = pg_world.database.url.rsplit("/", 1)[-1].split("?")[0]
    pg_world.database.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    pg_world.start()
    pg_world.wait("a clear line", lambda: "read-only" in pg_world.logged().lower())


@pytest.mark.slow
def test_a_database_address_that_makes_no_sense_is_refused(lite_world: World) -> None:
    for url in ("not an url", "oracle://somewhere/else", "sqlite:////nowhere/at/all/botvisor.db"):
        said = lite_world.refuse_to_start(BOTVISOR_DATABASE_URL=url)
        assert "BOTVISOR_DATABASE_URL" in said or url.split(":")[0] in said, said


def test_an_unwritable_state_folder_is_refused(lite_world: World) -> None:
    occupied = lite_world.folder / "occupied"
    occupied.write_text("a file where a folder should be")
    for place in (occupied / "state", Path("/proc/botvisor-state")):
        said = lite_world.refuse_to_start(BOTVISOR_STATE_DIR=str(place))
        assert str(place) in said, said


def test_a_socket_path_that_is_too_long_is_refused(lite_world: World) -> None:
    long = lite_world.folder / ("x" * 120)
    said = lite_world.refuse_to_start(BOTVISOR_RUN_DIR=str(long))
    assert "BOTVISOR_RUN_DIR" in said, said
    assert "10" in said, "names the limit of a socket path: 107 bytes"


@pytest.mark.slow
def test_a_second_supervisor_on_the_same_state_folder_is_refused(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start()
    (pid,) = lite_world.until_running(bot_id)
    said = lite_world.refuse_to_start()
    assert str(lite_world.pid) in said or "already" in said.lower(), said
    assert lite_world.worker(bot_id) == pid


def test_a_second_supervisor_on_the_same_database_is_refused(world: World) -> None:
    bot_id = world.insert_bot(a_bot())
    world.start()
    (pid,) = world.until_running(bot_id)
    elsewhere = world.folder / "elsewhere"
    said = world.refuse_to_start(
        BOTVISOR_STATE_DIR=str(elsewhere / "s"),
        BOTVISOR_RUN_DIR=str(elsewhere / "r"),
        BOTVISOR_LOG_DIR=str(elsewhere / "l"),
    )
    assert "database" in said.lower(), said
    assert world.worker(bot_id) == pid


@pytest.mark.slow
def test_a_state_folder_of_another_database_is_refused(new_sqlite: Any, lite_world: World) -> None:
    lite_world.start()
    lite_world.until_running(lite_world.insert_bot(a_bot()))
    lite_world.stop()
    other = World(Database(f"sqlite:///{lite_world.folder / 'other.db'}"))
    try:
        other.migrate()
        said = lite_world.refuse_to_start(BOTVISOR_DATABASE_URL=other.database.url)
        assert "database" in said.lower()
        assert str(lite_world.state) in said, said
    finally:
        other.close()


def test_garbage_on_the_workers_socket_harms_nobody(lite_world: World) -> None:
    ids = [lite_world.insert_bot(a_bot(data={"seed": i})) for i in range(2)]
    lite_world.start()
    pids = lite_world.until_running(*ids)
    sockets = [p for p in [*lite_world.run.rglob("*"), *lite_world.state.rglob("*")] if p.is_socket()]
    assert sockets, "the ipc endpoint is a file in the run folder"
    assert not [p for p in sockets if p.stat().st_mode & 0o077 and p.parent.stat().st_mode & 0o007]
    context = zmq.Context()
    frames = [
        [b""],
        [b"H", b"{"],
        [b"H", b"{}"],
        [b"E", os.urandom(2000)],
        [b"x" * 100_000],
        [b"B", b"[]", b"more", b""],
        [b"H", b'{"token": "wrong", "incarnation": 1, "pid": 1, "generation": "x"}'],
        [b"G", b'{"cause": "failed"}'],
    ]
    try:
        for path in sockets:
            raw = socket.socket(socket.AF_UNIX)
            raw.connect(str(path))
            raw.sendall(os.urandom(5000))
            raw.close()
            dealer = context.socket(zmq.DEALER)
            dealer.linger = 0
            dealer.connect(f"ipc://{path}")
            for message in frames * 20:
                try:
                    dealer.send_multipart(message, zmq.NOBLOCK)
                except zmq.Again:
                    break
            dealer.close()
    finally:
        context.term()
    beat = lite_world.bot(ids[0])["last_heartbeat"]
    lite_world.wait("heartbeats go on", lambda: lite_world.bot(ids[0])["last_heartbeat"] != beat)
    holds_for(1.0, "the same processes", lambda: [lite_world.worker(bot_id) for bot_id in ids] == pids)
    assert lite_world.supervisor is not None
    assert lite_world.supervisor.poll() is None


@pytest.mark.parametrize(
    "command", [["frobnicate"], ["status", "--nonsense"], ["trades", "no such bot"], ["enable", "4711"]]
)
def test_a_wrong_command_ends_with_an_error_and_no_traceback(fleet: World, command: list[str]) -> None:
    done = fleet.botctl(*command, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout + done.stderr
