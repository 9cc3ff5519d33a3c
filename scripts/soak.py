"""Many bots for minutes on the simulated market: no heartbeat missed, memory and descriptors flat, CPU reported.

`make soak`, or `python scripts/soak.py --bots 100 --minutes 10 --database sqlite --json soak-results.json`. Prints a
verdict for each rule and writes all samples; the exit code is 1 when a rule is broken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from benchmarks import machine
from benchmarks.bots import simulated
from benchmarks.databases import KINDS, Databases
from benchmarks.installation import Installation

INTERVAL = 5.0
"""Seconds between two heartbeats of a bot."""
MIB = 2**20


@dataclass(frozen=True)
class Sample:
    """One look at everything."""

    at: float
    """Seconds since the service was started."""
    alive: int
    oldest_heartbeat: float
    """Seconds; the largest age among the bots."""
    descriptors: int
    supervisor_mb: float
    pss_mb: float
    """Of the supervisor and all it started, each shared page counted once."""


@dataclass(frozen=True)
class Verdict:
    """One rule and what was seen of it."""

    rule: str
    seen: str
    kept: bool


def main() -> int:
    """Run, judge, write; the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    about = machine.describe()
    with _databases() as databases:
        place = Installation(databases.create(options.database), BOTVISOR_HEARTBEAT_INTERVAL=str(INTERVAL))
        with place, place.database.session() as session:
            configs = [simulated(n, warm_up=100, speed=options.speed) for n in range(1, options.bots + 1)]
            session.insert_bots(configs, "enabled")
            started = place.start()
            place.until_all_trade(session, options.bots, started, within=60 + options.bots * 2)
            samples, cpu = _watch(place, options.minutes * 60)
            lives = int(session.run("SELECT count(*) FROM incarnations")[0][0])
            trades = int(session.run("SELECT count(*) FROM trading_trades")[0][0])
    verdicts = _judge(samples, lives, options.bots)
    for verdict in verdicts:
        print(f"{'kept  ' if verdict.kept else 'BROKEN'}  {verdict.rule}: {verdict.seen}")
    print(f"{trades} trades; CPU: {', '.join(f'{who} {share:.1f} %' for who, share in cpu.items())} of a core")
    document: dict[str, Any] = {
        "machine": about,
        "options": vars(options) | {"json": str(options.json)},
        "cpu_percent": cpu,
    }
    document |= {"trades": trades, "verdicts": [asdict(one) for one in verdicts]}
    options.json.write_text(json.dumps(document | {"samples": [asdict(one) for one in samples]}, indent=2) + "\n")
    return 0 if all(verdict.kept for verdict in verdicts) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many bots for a while, watched.")
    parser.add_argument("--bots", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--speed", type=float, default=60.0, help="market seconds per second; bars are of one minute")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--json", type=Path, default=Path("soak-results.json"), metavar="PATH")
    return parser.parse_args()


@contextmanager
def _databases() -> Iterator[Databases]:
    folder = Path(tempfile.mkdtemp(prefix="bvsoak", dir="/tmp" if Path("/tmp").is_dir() else None))
    folder.chmod(0o755)
    databases = Databases(folder)
    try:
        yield databases
    finally:
        databases.close()
        shutil.rmtree(folder, ignore_errors=True)


def _watch(place: Installation, seconds: float) -> tuple[list[Sample], dict[str, float]]:
    """Samples about every second, memory of all processes in every tenth; CPU shares over the whole time."""
    began, pss = time.monotonic(), 0.0
    samples: list[Sample] = []
    supervisor, others = place.supervisor, list(place.remember().values())
    before = _cpu([supervisor]), _cpu(others)
    while (passed := time.monotonic() - began) < seconds:
        pss = _pss([supervisor, *others]) if len(samples) % 10 == 0 else pss
        samples.append(_sample(place, passed, pss))
        if place.wait(1.0):
            raise RuntimeError("the supervisor ended while it was watched")
    used = _cpu([supervisor]) - before[0], _cpu(others) - before[1]
    return samples, {"supervisor": 100 * used[0] / passed, "workers and fork server": 100 * used[1] / passed}


def _sample(place: Installation, at: float, pss: float) -> Sample:
    lives = place.lives().values()
    ages = [life["heartbeat_age"] for life in lives if life["heartbeat_age"] is not None]
    supervisor = place.supervisor
    return Sample(
        at=round(at, 2),
        alive=sum(life["phase"] == "running" for life in lives),
        oldest_heartbeat=max(ages, default=float("inf")),
        descriptors=supervisor.num_fds(),
        supervisor_mb=round(supervisor.memory_info().rss / MIB, 2),
        pss_mb=round(pss, 1),
    )


def _judge(samples: list[Sample], lives: int, bots: int) -> list[Verdict]:
    warm = samples[len(samples) // 4 :]
    early, late = warm[: max(1, len(warm) // 3)], warm[-max(1, len(warm) // 3) :]
    oldest, fewest = max(one.oldest_heartbeat for one in samples), min(one.alive for one in samples)
    grown = _growth(early, late, "pss_mb")
    allowed = max(10.0, 0.25 * bots)
    own = _growth(early, late, "supervisor_mb")
    files = max(one.descriptors for one in late) - max(one.descriptors for one in early)
    return [
        Verdict(f"no heartbeat older than {2 * INTERVAL:g} s", f"oldest {oldest:.1f} s", oldest < 2 * INTERVAL),
        Verdict(f"{bots} bots trade all the time", f"fewest {fewest}", fewest == bots),
        Verdict("nobody is restarted", f"{lives} lives of {bots} bots", lives == bots),
        Verdict(f"memory of all grows by at most {allowed:.0f} MB once warm", f"{grown:+.1f} MB", grown <= allowed),
        Verdict("memory of the supervisor grows by at most 5 MB", f"{own:+.1f} MB", own <= 5),
        Verdict("the supervisor's descriptors stay", f"{files:+d}, {late[-1].descriptors} at the end", files <= 2),
    ]


def _growth(early: list[Sample], late: list[Sample], what: str) -> float:
    return float(median(getattr(one, what) for one in late) - median(getattr(one, what) for one in early))


def _pss(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_full_info().pss / MIB
    return total


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


if __name__ == "__main__":
    sys.exit(main())
