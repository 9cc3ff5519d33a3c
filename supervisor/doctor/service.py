"""The database and the running service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.clock import Clock
from common.errors import BotvisorError
from supervisor.doctor.finding import Finding, bad, doubtful, fine
from supervisor.store.examination import DatabaseExamination, examine_database

_SLOW = 0.1
_CLOCK_TOLERANCE = 2.0


def database(url: str, clock: Clock) -> Iterator[Finding]:
    """Whether the database answers, is up to date and can be written."""
    try:
        found = examine_database(url, clock)
    except BotvisorError as error:
        yield bad("database", str(error), "start it, or correct BOTVISOR_DATABASE_URL")
        return
    yield from _answers(found)
    yield from _schema(found)
    yield from _clock(found)


def _answers(found: DatabaseExamination) -> Iterator[Finding]:
    words = f"{found.url} answers in {found.round_trip * 1000:.1f} ms"
    if found.round_trip > _SLOW:
        yield doubtful("database", words, "statuses and trades are recorded late; look at the network and its load")
    else:
        yield fine("database", words)
    if found.writable is not None:
        yield bad("writing", found.writable, "give this user the right to write, and look at the disk of the database")
    elif found.revision is not None:
        yield fine("writing", "a trial row could be written")


def _schema(found: DatabaseExamination) -> Iterator[Finding]:
    if found.revision == found.wanted:
        yield fine("schema", f"revision {found.revision}")
    elif found.revision is None:
        yield doubtful("schema", "nothing is set up yet", "`botctl init`, or start the service")
    elif found.revision < found.wanted:
        words = f"revision {found.revision}, this program brings {found.wanted}"
        yield doubtful("schema", words, "`botctl db upgrade`, or start the service")
    else:
        words = f"revision {found.revision} is newer than this program's {found.wanted}"
        yield bad("schema", words, "install the newer botvisor")


def _clock(found: DatabaseExamination) -> Iterator[Finding]:
    if found.clock_ahead is None:
        return
    words = f"the database's clock is {found.clock_ahead:+.2f} s ahead of this host's"
    if abs(found.clock_ahead) > _CLOCK_TOLERANCE:
        yield doubtful("clock", words, "let both keep time by NTP; days of loss limits and lists go by the clock")
    else:
        yield fine("clock", words)


def supervisor(live: Mapping[str, Any] | None, run_dir: str) -> Iterator[Finding]:
    """Whether a supervisor runs here and all is well with it."""
    if live is None:
        remedy = "start it: `python -m supervisor`, or the system service; or set BOTVISOR_RUN_DIR as it has it"
        yield doubtful("supervisor", f"none answers in {run_dir}", remedy)
        return
    words = f"pid {live['pid']}, {len(live['bots'])} bots, {live['backlog']} writes waiting"
    if live["database"] == "up":
        yield fine("supervisor", words)
    else:
        yield bad("supervisor", f"{words}; its database is {live['database']}", "see the line about the database")
    yield from _bots(live["bots"])


def _bots(bots: list[Mapping[str, Any]]) -> Iterator[Finding]:
    for bot in bots:
        if bot["status"] == "error":
            remedy = f"`botctl incidents {bot['id']}` tells why; then change its config, or `botctl enable {bot['id']}`"
            yield bad(f"bot {bot['id']}", f"{bot['name']} is in error: {bot['error'] or 'see its incidents'}", remedy)
