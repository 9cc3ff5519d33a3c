"""Where the standard streams of a life go: its own file, never a pipe that can block or break."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def redirect_output(path: Path) -> None:
    """Point stdin at nothing and stdout and stderr at the end of `path`. Raises OSError when it cannot be opened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    _flush()
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in {output, nothing} - {0, 1, 2}:
        os.close(descriptor)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
