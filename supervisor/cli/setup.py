"""`botctl init`, `add`, `validate`: how bots get into the table."""

from __future__ import annotations

import json
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from common.errors import ConfigurationError
from common.spec import Problem, SpecReading, read_spec
from common.spec.credentials import blanked, named_credentials
from common.spec.problems import missing_credentials_problem
from common.wire.ticket import RowFacts
from supervisor.cli.demo import DEMO_BOTS
from supervisor.cli.options import Json
from supervisor.cli.output import print_json, say, show
from supervisor.cli.session import Session, configured, session
from supervisor.processes.check import validate_with_worker
from supervisor.settings import Settings
from supervisor.store.engine import safe_url


class NewStatus(StrEnum):
    """What a new row may ask for."""

    ENABLED = "enabled"
    DISABLED = "disabled"


Status = Annotated[NewStatus, typer.Option("--status", help="Status of the new row; disabled keeps it off.")]


def init(
    demo: Annotated[bool, typer.Option("--demo", help="Add three demo bots when the table is empty.")] = False,
    as_json: Json = False,
) -> None:
    """Make the folders and the database, or bring an existing one up to date."""
    with session(as_json, migrate=True) as here:
        added = (
            [_add(here, dict(config), "enabled") for config in DEMO_BOTS] if demo and here.console.count() == 0 else []
        )
        url = safe_url(here.settings.database_url)
        bots = here.console.count()
        say(f"{url} is ready with {bots} bots", as_json=as_json, database=url, bots=bots, added=added)


def add(
    file: Annotated[
        Path, typer.Argument(help="JSON file with the bot's config; it is copied into the table and not read again.")
    ],
    status: Status = NewStatus.ENABLED,
    user: Annotated[int | None, typer.Option("--user", help="Owner (usr_users.id); the operator without it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Add it even if it is invalid.")] = False,
    as_json: Json = False,
) -> None:
    """Add a bot from a JSON file."""
    with session(as_json) as here:
        config = read_json(file)
        reading = examine(here.settings, config, RowFacts(bot_id=0), here.console.sealed())
        if reading.errors and not force:
            report_problems(reading, str(file), as_json=as_json)
            raise typer.Exit(1)
        bot_id = _add(here, config, status.value, user)
        say(f"added bot {bot_id} ({reading.spec.name if reading.spec else file.stem})", as_json=as_json, id=bot_id)


def validate(
    target: Annotated[str, typer.Argument(metavar="FILE|BOT", help="A JSON file, or the id or name of a bot.")],
    as_json: Json = False,
) -> None:
    """Tell everything that is wrong with a config: path, value, rule; warnings apart. Exits 1 when it cannot run."""
    if Path(target).is_file():
        with configured(as_json) as settings:
            reading = examine(settings, read_json(Path(target)), RowFacts(bot_id=0))
    else:
        with session(as_json) as here:
            row = here.console.find(target)
            facts = RowFacts(bot_id=row.id, user_id=row.user_id, description=row.description, status=row.status)
            reading = examine(here.settings, row.config, facts, here.console.sealed())
    report_problems(reading, target, as_json=as_json)
    if reading.errors:
        raise typer.Exit(1)


def examine(settings: Settings, config: object, facts: RowFacts, stored: Collection[str] | None = None) -> SpecReading:
    """Structure here, strategy and parameters in a worker process, the data file on this machine.

    `stored`: names of the stored credentials, where a database is there to tell them.
    """
    reading = read_spec(config, facts)
    draft = reading.draft
    if draft is None:
        return reading
    found = validate_with_worker(facts, blanked(draft.raw), settings.plugin_dirs)
    problems = [Problem.model_validate(item) for item in found]
    named = named_credentials(config)
    if stored is not None and named is not None and named not in stored:
        problems.append(missing_credentials_problem(named))
    return reading.joined(problems)


def _add(here: Session, config: dict[str, Any], status: str, user: int | None = None) -> int:
    described = config.get("description")
    description = described if isinstance(described, str) else None
    return here.console.add(config, status=status, description=description, user_id=user)


def read_json(file: Path) -> dict[str, Any]:
    """The config in `file`. Raises ConfigurationError."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file} holds {type(content).__name__}, but a bot's config is a JSON object")
    return content


def report_problems(reading: SpecReading, target: str, *, as_json: bool) -> None:
    """Print what is wrong with the config of `target`, or that nothing is."""
    errors = [problem.model_dump() for problem in reading.errors]
    warnings = [problem.model_dump() for problem in reading.warnings]
    if as_json:
        print_json({"valid": not errors, "errors": errors, "warnings": warnings})
        return
    columns = {"severity": "Severity", "path": "Path", "value": "Given", "rule": "Rule", "message": "What to do"}
    show([*errors, *warnings], columns, as_json=False, empty="")
    if errors:
        say(f"{target} cannot run: {len(errors)} errors, {len(warnings)} warnings")
    else:
        say(f"{target} is valid" + (f", with {len(warnings)} warnings" if warnings else ""))
