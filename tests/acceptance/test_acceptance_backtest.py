"""One engine: back-test, replay and paper make the same trades, to the last digit."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from builders import a_bot, an_exit, parameters
from judging import comparable
from recorded_bots import ETH_BTC, needs_recordings, often, until_its_limits
from world import World


def reported(row: dict[str, Any]) -> dict[str, Any]:
    """A trade of a report in the form that rows are compared in."""
    return comparable(row | {name: _time(row[name]) for name in ("entry_time", "exit_time")})


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def a_file(folder: Path, config: dict[str, Any]) -> str:
    path = folder / "bot.json"
    path.write_text(json.dumps(config))
    return str(path)


@needs_recordings
@pytest.mark.parametrize("make", [often, until_its_limits])
@pytest.mark.slow
def test_back_test_replay_and_paper_make_the_same_trades(lite_world: World, make: Callable[[], dict[str, Any]]) -> None:
    config = make()
    bot = a_file(lite_world.folder, config | {"data": config["data"] | {"file_path": "elsewhere.csv"}})
    tested = lite_world.ask("backtest", bot, "--data", str(ETH_BTC), "--no-html")
    replayed = lite_world.ask("replay", bot, "--data", str(ETH_BTC), "--no-html")
    paper = lite_world.insert_bot(config)
    lite_world.start()
    lite_world.until_finished(paper)
    rows = [comparable(row) for row in lite_world.trades(paper)]
    assert len(rows) > 30
    assert [reported(trade) for trade in tested["trades"]] == rows
    assert [reported(trade) for trade in replayed["trades"]] == rows
    assert replayed == tested, "the same trades make the same report"


@pytest.mark.slow
def test_a_replay_leaves_nothing_behind_and_touches_no_other_database(lite_world: World) -> None:
    strategy = parameters(exit_logic=an_exit("TimeBasedExitMixin", max_bars=3))
    bot_id = lite_world.insert_bot(a_bot(strategy=strategy), status="disabled")
    before = lite_world.bot(bot_id)
    temporary = lite_world.folder / "tmp"
    temporary.mkdir()
    report = json.loads(
        lite_world.botctl("replay", str(bot_id), "--bars", "700", "--no-html", "--json", TMPDIR=str(temporary)).stdout
    )
    assert report["trades"]
    assert list(temporary.iterdir()) == []
    assert lite_world.bot(bot_id) == before
    assert lite_world.trades(bot_id) == []


@pytest.mark.slow
def test_a_kept_replay_can_be_looked_into(lite_world: World) -> None:
    bot = a_file(lite_world.folder, a_bot())
    kept = lite_world.folder / "kept"
    outcome = lite_world.botctl("replay", bot, "--bars", "500", "--keep", str(kept))
    assert "Win rate" in outcome.stdout
    assert (lite_world.folder / "replay-dip-buyer.html").is_file()
    inside = {"BOTVISOR_STATE_DIR": str(kept), "BOTVISOR_DATABASE_URL": f"sqlite:///{kept / 'botvisor.db'}"}
    trades = json.loads(lite_world.botctl("trades", "--json", **inside).stdout)
    assert trades
    again = lite_world.botctl("replay", bot, "--bars", "500", "--keep", str(kept), check=False)
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.slow
def test_a_replay_that_cannot_go_on_says_why(lite_world: World) -> None:
    csv = lite_world.folder / "bad.csv"
    csv.write_text("timestamp,open,high,low,close,volume\n1704067200000,1,2,zero,1,1\n")
    bot = a_file(lite_world.folder, a_bot(csv.name))
    outcome = lite_world.botctl("replay", bot, "--no-html", check=False)
    assert outcome.returncode == 1
    assert "line 2" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def titles_below(process: psutil.Process) -> list[str]:
    """What `ps` shows of its children and theirs; one that ended meanwhile has no title."""
    titles = []
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            titles.append(" ".join(child.cmdline()) + " ")
    return titles


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupted_replay_ends_with_everything_it_started(lite_world: World, number: signal.Signals) -> None:
    bot = a_file(lite_world.folder, a_bot())
    temporary = lite_world.folder / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "supervisor", "replay", bot, "--bars", "2000000", "--no-html"]
    with (lite_world.folder / "terminal").open("ab") as output:
        botctl = subprocess.Popen(
            command,
            cwd=lite_world.folder,
            env=lite_world.environment(TMPDIR=str(temporary)),
            stdout=output,
            stderr=output,
        )
    family, children = psutil.Process(botctl.pid), []
    try:
        lite_world.wait("a worker", lambda: any("botvisor: bot 1 " in title for title in titles_below(family)))
        children = family.children(recursive=True)
        botctl.send_signal(number)
        assert botctl.wait(60) == 130
        assert [child for child in children if child.is_running()] == []
        assert list(temporary.iterdir()) == []
    finally:
        botctl.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
