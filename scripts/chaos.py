"""Disturb a whole installation at random for minutes, then compare its ledger with that of an undisturbed run.

`make chaos`, or `python scripts/chaos.py --minutes 5 --bots 8 --seed 7 --database sqlite --only kill-worker,garbage`.
Prints the seed and every fault with its time; the same seed and options give the same plan again. The exit code is 1
when anything was lost, doubled or left behind.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "acceptance")]

from chaos.drive import NewDatabase, Order, Report, run  # noqa: E402
from chaos.plan import KINDS  # noqa: E402
from database import Database  # noqa: E402
from postgres import Postgres  # noqa: E402
from world import World  # noqa: E402

DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """Run what the options ask for; the exit code."""
    options = _options()
    print(f"seed {options.seed}; replay with: {_again(options)}")
    wrong, databases = 0, options.database.split(",")
    for database in databases:
        folder = Path(tempfile.mkdtemp(prefix="bvx", dir="/tmp"))
        folder.chmod(0o755)
        postgres = _server(folder) if database == "postgresql" else None
        began = time.monotonic()
        try:
            print(f"--- {database}: {options.bots} bots, {options.minutes / len(databases):g} minutes")
            order = Order(
                options.seed, options.minutes * 60 / len(databases), options.bots, tuple(options.only), options.pause
            )
            report = run(order, _maker(folder, postgres), postgres, say=_say)
        finally:
            if postgres is not None:
                postgres.stop()
            shutil.rmtree(folder, ignore_errors=True)
        _tell(database, report, time.monotonic() - began)
        wrong += len(report.wrong)
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fault injection on a whole installation.")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long faults go on, all databases together")
    parser.add_argument("--bots", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, which is printed")
    parser.add_argument("--database", default=",".join(DATABASES), help="sqlite, postgresql, or both with a comma")
    parser.add_argument("--only", default=",".join(KINDS), help=f"kinds of faults: {', '.join(KINDS)}")
    parser.add_argument("--pause", type=float, default=1.2, help="mean seconds between two faults")
    options = parser.parse_args()
    options.seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    options.only = [kind for kind in options.only.split(",") if kind]
    for kinds, known in ((options.only, KINDS), (options.database.split(","), DATABASES)):
        if strange := set(kinds) - set(known):
            parser.error(f"unknown: {', '.join(sorted(strange))}; known: {', '.join(known)}")
    return options


def _again(options: argparse.Namespace) -> str:
    only = "" if options.only == list(KINDS) else f" --only {','.join(options.only)}"
    return (
        f"python scripts/chaos.py --seed {options.seed} --minutes {options.minutes:g} --bots {options.bots} "
        f"--pause {options.pause:g} --database {options.database}{only}"
    )


def _server(folder: Path) -> Postgres:
    data = folder / "pg"
    data.mkdir()
    return Postgres(data)


def _maker(folder: Path, postgres: Postgres | None) -> NewDatabase:
    made: list[Path] = []

    def make() -> Database:
        made.append(folder / f"world{len(made) + 1}.db")
        url = f"sqlite:///{made[-1]}" if postgres is None else postgres.url(postgres.create())
        world = World(Database(url))
        try:
            world.migrate()
        finally:
            world.close()
        return Database(url)

    return make


def _say(line: str) -> None:
    print(line, flush=True)


def _tell(database: str, report: Report, seconds: float) -> None:
    for line in report.skipped:
        print(f"skipped: {line}")
    for line in report.wrong:
        print(f"WRONG: {line}")
    verdict = f"{len(report.wrong)} things are wrong" if report.wrong else "equal to the digit, nothing left behind"
    counted = f"{report.steps} faults, {report.lives} lives, {report.trades} trades in {seconds:.0f} s"
    print(f"{database}: {counted}: {verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
