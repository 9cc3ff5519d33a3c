"""Examines a config's strategy at once, for programs without a control loop."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.errors import BotvisorError
from common.wire.launch import CheckRequest
from common.wire.ticket import RowFacts
from supervisor.processes.environment import worker_environment
from supervisor.processes.interpreter import COMMAND
from supervisor.processes.jobs import CHECK_SECONDS, finding
from supervisor.processes.port import ExitReport

_START_SECONDS = 10.0


class CheckFailedError(BotvisorError):
    """A config could not be examined; nothing is said about the config."""


def validate_with_worker(
    row: RowFacts, config: Any, plugin_dirs: Sequence[Path] = (), time_limit: float = CHECK_SECONDS
) -> list[dict[str, str]]:
    """Problems of the strategy part (of the whole config when its structure has errors), from a fresh interpreter.

    Waits for it, at most `time_limit` seconds and its start. Raises CheckFailedError.
    """
    request = CheckRequest(row=row, config=config, plugin_dirs=tuple(plugin_dirs), time_limit=time_limit)
    try:
        done = subprocess.run(
            [*COMMAND, "check"],
            input=request.model_dump_json().encode(),
            capture_output=True,
            env=worker_environment(),
            timeout=time_limit + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CheckFailedError(f"the check did not end within {time_limit:g} s; a strategy plugin hangs") from None
    except OSError as error:
        raise CheckFailedError(f"the interpreter cannot be started: {error}") from error
    report = ExitReport(exit_code=done.returncode) if done.returncode >= 0 else ExitReport(signal=-done.returncode)
    problems, failure = finding(done.stdout, report)
    if problems is None:
        trace = done.stderr.decode(errors="replace").strip()
        raise CheckFailedError(f"{failure}\n{trace}" if trace else str(failure))
    return list(problems)
