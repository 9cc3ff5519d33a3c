"""`botctl db`: the schema."""

from __future__ import annotations

import typer

from supervisor.cli.options import Json
from supervisor.cli.output import say
from supervisor.cli.session import session
from supervisor.store.engine import safe_url
from supervisor.store.schema import current, head

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(as_json: Json = False) -> None:
    """Bring the schema up to date; only adds, and leaves foreign tables, rows and columns as they are."""
    with session(as_json, migrate=True) as here:
        revision = current(here.console.engine)
        url = safe_url(here.settings.database_url)
        say(f"{url} is at revision {revision}", as_json=as_json, database=url, revision=revision)


@app.command("version")
def version(as_json: Json = False) -> None:
    """The schema's revision, and the one this version of botvisor needs."""
    with session(as_json) as here:
        revision, needed = current(here.console.engine), head()
        say(f"revision {revision}, needed {needed}", as_json=as_json, revision=revision, needed=needed)
