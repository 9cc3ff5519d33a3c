"""The service as the operating system sees it: arguments, start-up checks, exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from loguru import logger

from common import logs
from common.errors import BotvisorError, ConfigurationError
from supervisor.garbage import settle_collector
from supervisor.host.log_merger import LogMerger
from supervisor.processes.limits import take_all_descriptors
from supervisor.settings import Settings, load_settings, unknown_variables
from supervisor.signals import SignalInbox

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_SETTINGS = 78

_SWITCH_SECONDS = 0.0005
"""How long another thread may keep the interpreter while the control loop waits for it; Python's own choice is 5 ms."""


def main(arguments: Sequence[str], signals: SignalInbox) -> int:
    """Run the service until it is stopped; the exit code of the process. `signals` is listening already."""
    try:
        settings = load_settings(**_overrides(arguments))
        _make_folders(settings)
    except ConfigurationError as error:
        for line in str(error).splitlines():
            print(f"botvisor: {line}", file=sys.stderr)  # noqa: T201 - no log sink exists yet
        return EXIT_BAD_SETTINGS
    take_all_descriptors()
    _set_up_logs(settings)
    for name in unknown_variables(os.environ):
        logger.warning("{} is set, but no such setting exists; see docs/settings.md", name)
    merger = LogMerger(
        settings.logs_dir, rotation_mb=settings.log_rotation_mb, keep=settings.log_keep, echo=_echo(settings)
    )
    merger.start()
    try:
        return _serve(settings, signals)
    finally:
        logger.complete()
        merger.stop()


def _serve(settings: Settings, signals: SignalInbox) -> int:
    from supervisor.bootstrap import assemble

    try:
        with assemble(settings, signals) as supervisor:
            settle_collector()
            sys.setswitchinterval(_SWITCH_SECONDS)
            return supervisor.run()
    except BotvisorError as error:
        logger.critical("{}", error)
        return EXIT_BAD_SETTINGS if isinstance(error, ConfigurationError) else EXIT_FAILED
    except Exception:  # noqa: BLE001 - the outermost edge: the log must have what ended the service; workers go on
        logger.exception("The supervisor failed; its workers go on and wait for the next one")
        return EXIT_FAILED


def _overrides(arguments: Sequence[str]) -> dict[str, object]:
    parser = argparse.ArgumentParser(
        prog="python -m supervisor",
        description="Run one process per enabled row of trading_bots. Settings come from BOTVISOR_* variables; these options stand above them.",
        epilog="Any other word first (status, add, validate, ...) is a botctl command.",
    )
    parser.add_argument("--user-id", type=int, help="run only the bots of this owner")
    parser.add_argument(
        "--poll-interval", type=float, metavar="SECONDS", help="seconds between full looks at the table"
    )
    parser.add_argument(
        "--no-resume",
        action="store_true",
        help="after a crash start as after a clean stop, without putting the bots that ran before it first",
    )
    parser.add_argument("--no-forkserver", action="store_true", help="start each worker as a fresh interpreter")
    parser.add_argument("--log-level", help="TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL")
    given = parser.parse_args(arguments)
    return {
        "user_id": given.user_id,
        "poll_interval": given.poll_interval,
        "resume": False if given.no_resume else None,
        "launcher": "interpreter" if given.no_forkserver else None,
        "log_level": given.log_level,
    }


def _make_folders(settings: Settings) -> None:
    for variable, folder in (
        ("BOTVISOR_STATE_DIR", settings.state_dir),
        ("BOTVISOR_RUN_DIR", settings.runtime_dir),
        ("BOTVISOR_LOG_DIR", settings.logs_dir),
    ):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = folder / f".writable.{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ConfigurationError(
                f"{variable}={folder}: this folder cannot be written ({error.strerror}); make it writable for this user or name another"
            ) from None


def _set_up_logs(settings: Settings) -> None:
    logs.reset()
    logs.add_json_file(
        settings.logs_dir / "supervisor.jsonl",
        level=settings.log_level,
        rotation_mb=settings.log_rotation_mb,
        keep=settings.log_keep,
        process="supervisor",
    )
    logs.add_terminal(settings.log_level)


def _echo(settings: Settings):  # type: ignore[no-untyped-def]
    """Workers' lines on the supervisor's terminal, as a person reads them."""

    def show(line: dict[str, object]) -> None:
        print(logs.human_line(line), file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal sink of the workers

    return show
