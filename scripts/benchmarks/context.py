"""What each measurement is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import Databases


@dataclass(frozen=True)
class Context:
    """The run: how thorough, where, on which databases."""

    quick: bool
    folder: Path
    databases: Databases
