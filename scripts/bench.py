"""Measure the service: `make bench`, or `python scripts/bench.py [--quick] [--only NAME ...] [--json PATH]`.

Prints a table and writes the same as JSON. Everything happens in temporary folders, on databases and processes of
its own. What each figure means is said in docs/benchmarks.md and at the head of each module in scripts/benchmarks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from benchmarks import (
    crash,
    enabling,
    endurance,
    engine,
    fleet,
    idle,
    indicators,
    ledger,
    machine,
    memory,
    orders,
    stopping,
    ticks,
)
from benchmarks.context import Context
from benchmarks.databases import Databases
from benchmarks.figure import Figure
from rich.console import Console
from rich.table import Table

MEASUREMENTS: dict[str, Callable[[Context], list[Figure]]] = {
    "crash": crash.measure,
    "enable": enabling.measure,
    "fleet": fleet.measure,
    "memory": memory.measure,
    "facts": ledger.measure,
    "stop": stopping.measure,
    "idle": idle.measure,
    "engine": engine.measure,
    "endurance": endurance.measure,
    "indicators": indicators.measure,
    "orders": orders.measure,
    "ticks": ticks.measure,
}


def main() -> int:
    """0 when everything could be measured, whether or not the targets were met."""
    options = _parser().parse_args()
    # As Ctrl-C does: what was started is ended and cleaned up.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    progress = Console(stderr=True)
    about = machine.describe()
    figures: list[Figure] = []
    failures: dict[str, str] = {}
    with _context(options.quick) as context:
        for name in options.only or MEASUREMENTS:
            progress.print(f"measuring {name} …", style="dim")
            try:
                figures += MEASUREMENTS[name](context)
            except Exception as error:  # noqa: BLE001 - one measurement that fails must not hide the others
                traceback.print_exc()
                failures[name] = f"{type(error).__name__}: {error}"
    about["load_after"] = [round(load, 2) for load in psutil.getloadavg()]
    _show(about, figures, failures, options.quick)
    document = {"machine": about, "quick": options.quick, "figures": [one.as_json() for one in figures]}
    options.json.write_text(json.dumps(document | {"failures": failures}, indent=2) + "\n")
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the service and compare with its targets.")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASUREMENTS), metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="fewer samples: a look, not a figure to quote")
    parser.add_argument("--json", type=Path, default=Path("bench-results.json"), metavar="PATH")
    return parser


@contextmanager
def _context(quick: bool) -> Iterator[Context]:
    # A socket path has room for about a hundred characters, fewer than some systems' own temporary folders take.
    folder = Path(tempfile.mkdtemp(prefix="bvbench", dir="/tmp" if Path("/tmp").is_dir() else None))
    folder.chmod(0o755)
    databases = Databases(folder)
    try:
        yield Context(quick=quick, folder=folder, databases=databases)
    finally:
        databases.close()
        shutil.rmtree(folder, ignore_errors=True)


def _show(about: dict[str, Any], figures: list[Figure], failures: dict[str, str], quick: bool) -> None:
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(
        f"{about['date']}  commit {about['commit']}  Python {about['python']}  {about['cpu']}, {about['cores']} cores, "
        f"{about['memory_gb']} GB, {about['system']}  load {about['load_before'][0]} → {about['load_after'][0]}"
    )
    table = Table(caption="medians unless said otherwise" + (" — quick run, few samples" if quick else ""))
    for column, justify in (("figure", "left"), ("measured", "right"), ("target", "right"), ("", "left"), ("", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    words = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}
    for one in figures:
        table.add_row(one.label, f"{one.value:,.4g} {one.unit}", one.target, words[one.met], one.detail)
    for name, reason in failures.items():
        table.add_row(name, "not measured", "", "[red]failed[/]", reason)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
