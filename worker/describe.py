"""What strategies and mixins there are, for people and for forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO


def run(sink: TextIO, plugin_dirs: Sequence[Path] = ()) -> int:
    """Write the catalogue as one JSON document; returns the exit code."""
    from worker.strategies.catalogue import catalogue

    json.dump(catalogue(plugin_dirs), sink, indent=2, default=str)
    sink.write("\n")
    return 0
