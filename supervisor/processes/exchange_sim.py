"""The stand-in exchange in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from common.errors import BotvisorError
from supervisor.processes.environment import worker_environment
from supervisor.processes.interpreter import COMMAND


class ExchangeSimError(BotvisorError):
    """The stand-in exchange did not start."""


def run_exchange_sim(arguments: Sequence[str], on_ready: Callable[[dict[str, Any]], None]) -> int:
    """Run it until it ends or this call is interrupted, and answer its exit code.

    `on_ready` gets its overview (address, markets, accounts, constructor options). It ends with this process, however
    that ends. Raises ExchangeSimError, whose message says what it said.
    """
    try:
        process = subprocess.Popen(
            [*COMMAND, "exchange-sim", "--while-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environment(),
        )
    except OSError as error:
        raise ExchangeSimError(f"the interpreter cannot be started: {error}") from error
    with process:
        try:
            line = process.stdout.readline() if process.stdout is not None else b""
            if line:
                on_ready(json.loads(line))
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            process.terminate()
