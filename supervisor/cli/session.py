"""What every command begins with: settings, a database connection, the owner it acts for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import BotvisorError, ConfigurationError
from supervisor.cli.output import fail
from supervisor.control.socket import ask
from supervisor.settings import Settings, load_settings
from supervisor.store.console import Console, open_console

_NOBODY = "no supervisor answers on its control socket; is it running with this BOTVISOR_RUN_DIR?"


@dataclass(frozen=True, slots=True)
class Session:
    """One command's view of the service."""

    settings: Settings
    console: Console

    def told(self, request: dict[str, Any], *, as_json: bool, **about: Any) -> dict[str, Any]:
        """The running supervisor's answer; the command ends when none answers, or with an error. `about`: for JSON."""
        return told(self.settings, request, as_json=as_json, **about)

    def live(self) -> dict[str, Any] | None:
        """The running supervisor's own view; None when none answers."""
        return live_status(self.settings)


def live_status(settings: Settings) -> dict[str, Any] | None:
    """See `Session.live`, for commands that need no database."""
    return ask(settings.runtime_dir, {"do": "status"})


def told(settings: Settings, request: dict[str, Any], *, as_json: bool, **about: Any) -> dict[str, Any]:
    """See `Session.told`, for commands that need no database."""
    answer = ask(settings.runtime_dir, request)
    if answer is None:
        _require_made(settings)
    if answer is None or "error" in answer:
        fail((answer or {}).get("error") or _NOBODY, as_json=as_json, **about)
    return answer


@contextmanager
def configured(as_json: bool) -> Iterator[Settings]:
    """The settings; a broken expectation ends the command with one clear line."""
    try:
        yield load_settings()
    except BotvisorError as error:
        fail(str(error), as_json=as_json)


@contextmanager
def session(as_json: bool, *, migrate: bool = False) -> Iterator[Session]:
    """Settings and an open database; a broken expectation ends the command with one clear line."""
    with configured(as_json) as settings, connected(settings, migrate=migrate) as console:
        yield Session(settings, console)


@contextmanager
def connected(settings: Settings, *, migrate: bool = False) -> Iterator[Console]:
    """The open database. Raises ConfigurationError and TransientError."""
    if migrate:
        _make(settings.state_dir)
    else:
        _require_made(settings)
    with open_console(settings.database_url, migrate=migrate) as console:
        yield console


def _require_made(settings: Settings) -> None:
    """Raises ConfigurationError when the embedded database is meant, and is not there."""
    own = settings.state_dir / "botvisor.db"
    if settings.database_url == f"sqlite:///{own}" and not own.exists():
        raise ConfigurationError(
            f"nothing has been set up in {settings.state_dir}; run `botctl init`, or set BOTVISOR_STATE_DIR"
        )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"BOTVISOR_STATE_DIR={folder}: the folder cannot be made ({error.strerror}); name another"
        ) from None
