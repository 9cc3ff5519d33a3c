"""`botctl doctor`: looks at everything an installation needs and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from common.clock import SystemClock
from common.errors import BotvisorError
from supervisor.cli.notify import list_targets
from supervisor.cli.options import Json
from supervisor.cli.output import print_json, say, show
from supervisor.cli.session import Session, configured
from supervisor.control.socket import ask
from supervisor.doctor import host, news, service
from supervisor.doctor.finding import Finding, Verdict
from supervisor.processes.limits import read_limits
from supervisor.settings import Settings
from supervisor.store.console import open_console


def doctor(as_json: Json = False) -> None:
    """Check settings, folders, limits, database, clock and the running service. Exits 1 when something is bad."""
    with configured(as_json) as settings:
        findings = list(_examine(settings))
    worst = [finding for finding in findings if finding.verdict is Verdict.BAD]
    doubts = sum(finding.verdict is Verdict.DOUBTFUL for finding in findings)
    rows = [
        {"name": one.name, "verdict": str(one.verdict), "found": one.found, "remedy": one.remedy} for one in findings
    ]
    if as_json:
        print_json({"healthy": not worst, "findings": rows})
    else:
        columns = {"name": "Checked", "verdict": "Verdict", "found": "What happened", "remedy": "What to do"}
        show(rows, columns, as_json=False, empty="")
        say(f"{len(findings)} checks: {len(worst)} bad, {doubts} doubtful")
    if worst:
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[Finding]:
    yield from host.folders(settings)
    yield from host.secrets_of_host(settings)
    yield from host.socket_paths(settings)
    yield from host.limits(read_limits(), _bots(settings))
    yield from service.database(settings.database_url, SystemClock())
    yield from news.targets(_targets(settings))
    yield from service.supervisor(ask(settings.runtime_dir, {"do": "status"}), str(settings.runtime_dir))


def _targets(settings: Settings) -> list[dict[str, Any]]:
    """Targets of notifications; none when the database does not say."""
    try:
        with open_console(settings.database_url, migrate=False) as console:
            return list_targets(Session(settings, console))
    except BotvisorError:
        return []


def _bots(settings: Settings) -> int:
    """How many bots there are; 0 when the database does not say."""
    try:
        with open_console(settings.database_url, migrate=False) as console:
            return console.count()
    except BotvisorError:
        return 0
