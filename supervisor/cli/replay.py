"""`botctl replay`: history through everything: a supervisor with workers, journals and a database of its own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from common.errors import ConfigurationError
from common.trading.round_trip import RoundTrip
from common.wire.backtest import BacktestDone, BacktestRequest, BarsDone
from supervisor.cli import trial as trials
from supervisor.cli.history import History
from supervisor.cli.options import Json
from supervisor.cli.session import configured
from supervisor.control.socket import ask
from supervisor.processes.backtest import BacktestError, run_backtest
from supervisor.processes.replay import ReplaySupervisor
from supervisor.settings import Settings
from supervisor.store.console import Console, open_console

_LOOK_AGAIN = 0.2
_QUICK = {
    "BOTVISOR_HEARTBEAT_INTERVAL": "0.5",
    "BOTVISOR_HEARTBEAT_MISSES": "60",
    "BOTVISOR_POLL_INTERVAL": "1",
    "BOTVISOR_THROTTLE_PAUSE": "0",
}

Keep = Annotated[
    Path | None, typer.Option("--keep", help="Keep database, journal and logs in this folder, which must be new.")
]


@dataclass(frozen=True, slots=True)
class _Places:
    folder: Path
    run_dir: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'botvisor.db'}"


def replay(
    target: trials.Target,
    data: trials.Data = None,
    start: trials.From = None,
    end: trials.To = None,
    bars: trials.Bars = None,
    fees: trials.Fees = None,
    slippage: trials.Slippage = None,
    html: trials.Html = None,
    no_html: trials.NoHtml = False,
    keep: Keep = None,
    as_json: Json = False,
) -> None:
    """Trade history through a whole supervisor with a database of its own, and report what that database holds."""
    history = History(file=data, start=start, end=end, bars=bars, fees=fees, slippage=slippage)
    with configured(as_json) as settings:
        trial = trials.prepare(settings, target, history, as_json=as_json)
        with _ending_in_order(), _places(keep) as places, open_console(places.url, migrate=True) as console:
            bot_id = console.add(trial.config, status="enabled", description=trial.row.description, user_id=None)
            with (
                ReplaySupervisor(places.folder, _child_settings(settings, places)) as child,
                trials.bar_of("replay") as bar,
            ):
                _await_end(console, bot_id, child, places, bar.show)
            trades, denials = _recorded(console, bot_id)
        marked = _marked(trial, trades, denials)
        page = trials.page_path(html, no_html, "replay", trial.spec)
        trials.show(trial, trades, marked, page=page, as_json=as_json)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """A request to end is taken as Ctrl-C is: the supervisor of the replay must not outlive it."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _places(keep: Path | None) -> Iterator[_Places]:
    """The run folder is always a short-lived one with a short name: sockets live in it."""
    folder = Path(tempfile.mkdtemp(prefix="botvisor-replay-")) if keep is None else _made(keep)
    run_dir = Path(tempfile.mkdtemp(prefix="bvr-"))
    try:
        yield _Places(folder, run_dir)
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise ConfigurationError(f"--keep {folder}: it exists already; name a new folder") from None
    except OSError as error:
        raise ConfigurationError(f"--keep {folder}: the folder cannot be made ({error.strerror})") from None
    return folder.absolute()


def _child_settings(settings: Settings, places: _Places) -> dict[str, str]:
    return _QUICK | {
        "BOTVISOR_STATE_DIR": str(places.folder),
        "BOTVISOR_LOG_DIR": str(places.folder / "log"),
        "BOTVISOR_RUN_DIR": str(places.run_dir),
        "BOTVISOR_DATABASE_URL": places.url,
        "BOTVISOR_PLUGIN_DIRS": os.pathsep.join(map(str, settings.plugin_dirs)),
        "BOTVISOR_LAUNCHER": settings.launcher,
        "BOTVISOR_TRANSPORT": settings.transport,
        "BOTVISOR_LOG_LEVEL": settings.log_level,
    }


def _await_end(
    console: Console, bot_id: int, child: ReplaySupervisor, places: _Places, show: Callable[[BarsDone], None]
) -> None:
    """Wait until the bot has finished. Raises BacktestError when it never will."""
    pause = threading.Event()
    while True:
        (row,) = (row for row in console.bots() if row["id"] == bot_id)
        notes = row["extra_metadata"] if isinstance(row["extra_metadata"], dict) else {}
        if row["status"] == "stopped" and notes.get("finished"):
            return
        if row["status"] == "error":
            raise BacktestError(f"the bot ended in error: {notes.get('last_error') or 'see its log (--keep)'}")
        if child.exit_code is not None:
            raise BacktestError(f"the supervisor of the replay ended with {child.exit_code}:\n{child.last_words()}")
        _show_life(ask(places.run_dir, {"do": "status"}), bot_id, show)
        pause.wait(_LOOK_AGAIN)


def _show_life(live: dict[str, Any] | None, bot_id: int, show: Callable[[BarsDone], None]) -> None:
    life = next((bot["life"] for bot in (live or {}).get("bots", ()) if bot["id"] == bot_id), None)
    if life and life.get("bars") is not None:
        at = life.get("last_bar_at")
        show(BarsDone(bars=life["bars"], total=None, bar_at=datetime.fromisoformat(at) if at else None))


def _recorded(console: Console, bot_id: int) -> tuple[list[RoundTrip], dict[str, int]]:
    rows = console.trades(bot_id, None, None)
    trades = [RoundTrip.model_validate(row) for row in sorted(rows, key=lambda row: (row["entry_time"], row["id"]))]
    denials: dict[str, int] = {}
    for denial in console.denials(bot_id, None):
        denials[denial["rule"]] = denials.get(denial["rule"], 0) + 1
    return trades, denials


def _marked(trial: trials.Trial, trades: list[RoundTrip], denials: dict[str, int]) -> BacktestDone:
    request = BacktestRequest(row=trial.row, config=trial.config, recorded=tuple(trades))
    with trials.bar_of("report") as bar:
        done = run_backtest(request, bar.show).done
    return done.model_copy(update={"denials": denials})
