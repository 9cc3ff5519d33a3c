"""What strategies, mixins and indicators there are: asked of a worker process, since plugins run their code for it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from common.errors import BotvisorError
from supervisor.processes.environment import worker_environment
from supervisor.processes.interpreter import COMMAND
from supervisor.processes.jobs import CHECK_SECONDS

_START_SECONDS = 10.0
_TAIL = 16_384
_LINES = 40


class DescribeFailedError(BotvisorError):
    """The strategies could not be listed; a plugin is to blame."""


def describe_with_worker(plugin_dirs: Sequence[Path] = (), time_limit: float = CHECK_SECONDS) -> dict[str, Any]:
    """The catalogue as `python -m worker describe` writes it, from a fresh interpreter.

    Waits for it, at most `time_limit` seconds and its start. Raises DescribeFailedError, whose message ends with what
    the process said last: the plugin it was importing, and where a hanging one was.
    """
    folders = [word for folder in plugin_dirs for word in ("--plugin-dir", str(folder))]
    with tempfile.TemporaryFile() as noise:
        try:
            done = subprocess.run(
                [*COMMAND, "describe", "--time-limit", str(time_limit), *folders],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=noise,
                env=worker_environment(),
                timeout=time_limit + _START_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DescribeFailedError(_hangs(time_limit, noise)) from None
        except OSError as error:
            raise DescribeFailedError(f"the interpreter cannot be started: {error}") from error
        return _catalogue(done, time_limit, noise)


def _catalogue(done: subprocess.CompletedProcess[bytes], time_limit: float, noise: IO[bytes]) -> dict[str, Any]:
    try:
        catalogue = json.loads(done.stdout)
    except ValueError:
        said = _said(noise)
        if "Timeout (" in said:
            raise DescribeFailedError(_hangs(time_limit, noise)) from None
        how = f"exit code {done.returncode}" if done.returncode >= 0 else f"signal {-done.returncode}"
        raise DescribeFailedError(f"a strategy plugin ended the process that imported it ({how}):\n{said}") from None
    if not isinstance(catalogue, dict):
        raise DescribeFailedError(f"the worker answered {type(catalogue).__name__} instead of a catalogue")
    return catalogue


def _hangs(time_limit: float, noise: IO[bytes]) -> str:
    return f"the strategies were not listed within {time_limit:g} s; a strategy plugin hangs:\n{_said(noise)}"


def _said(noise: IO[bytes]) -> str:
    """The last lines."""
    end = noise.seek(0, os.SEEK_END)
    noise.seek(max(0, end - _TAIL))
    return "\n".join(noise.read().decode(errors="replace").splitlines()[-_LINES:])
