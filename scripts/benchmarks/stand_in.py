"""The stand-in exchange in a process of its own, as `botctl exchange-sim` runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stand_in_exchange(*options: str) -> Iterator[dict[str, Any]]:
    """A running one, started with these options: what it says a bot needs to trade there."""
    command = [sys.executable, "-m", "worker", "exchange-sim", "--while-stdin", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
