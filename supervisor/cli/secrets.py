"""`botctl secrets`: credentials of exchanges, stored sealed and known by name. Nothing here prints one."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from common import logs
from common.errors import ConfigurationError
from common.spec.credentials import named_credentials
from common.spec.gate import NAME_RULE, is_secret_name
from common.wire.ticket import Credentials
from supervisor.cli.options import AnyBot, Json
from supervisor.cli.output import fail, print_json, say, show
from supervisor.cli.session import Session, session
from supervisor.host.secret_keys import secret_keys
from supervisor.settings import Settings
from supervisor.store.adopting import adoptions
from supervisor.store.sealing import Seal, fresh_key

app = typer.Typer(help="Credentials of exchanges: stored sealed, named by bots.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What bots call them in broker.credentials.")]


@app.command("key")
def key() -> None:
    """Print a new key for BOTVISOR_SECRET_KEY or its file. Put it before the old ones and run `secrets rotate`."""
    sys.stdout.write(fresh_key() + "\n")


@app.command("add")
def add(
    name: Name,
    from_stdin: Annotated[
        bool,
        typer.Option("--from-stdin", help="Read JSON {api_key, secret, password}, or these as lines, from stdin."),
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Put them in the place of those of that name.")] = False,
    as_json: Json = False,
) -> None:
    """Store credentials. Asks for them without showing them; bots that name replaced ones restart with the new."""
    with session(as_json) as here:
        if not is_secret_name(name):
            raise ConfigurationError(f"{name!r} {NAME_RULE}")
        seal = _seal(here.settings)
        if not replace and name in here.console.sealed():
            raise ConfigurationError(f"there are credentials named {name} already; name others, or add --replace")
        credentials = _from_text(sys.stdin.read()) if from_stdin else _asked()
        here.console.store(name, credentials, seal, replace=replace)
        say(f"{name} is stored; name it in a bot's broker.credentials", as_json=as_json, name=name)


@app.command("list")
def list_secrets(as_json: Json = False) -> None:
    """Names, ages and users of stored credentials, and whether the keys in force open them."""
    with session(as_json) as here:
        opened = here.console.secrets(lambda: secret_keys(here.settings))
        users = _users(here)
        rows = [
            {
                "name": name,
                "created_at": row.created_at,
                "updated_at": row.updated_at,
                "bots": users.get(name, []),
                "fault": opened[name].fault if name in opened else None,
            }
            for name, row in here.console.sealed().items()
        ]
    columns = {"name": "Name", "created_at": "Created", "updated_at": "Changed", "used": "Bots", "fault": "Why"}
    told = rows if as_json else [{**row, "used": ", ".join(map(str, users.get(str(row["name"]), [])))} for row in rows]
    show(told, columns, as_json=as_json, empty="no credentials are stored")


@app.command("rotate")
def rotate(as_json: Json = False) -> None:
    """Seal all stored credentials with the newest key; older keys can be taken away afterwards. No bot restarts."""
    with session(as_json) as here:
        done, faults = here.console.reseal(_seal(here.settings))
    if faults:
        told = "; ".join(f"{name}: {why}" for name, why in faults.items())
        fail(f"{len(done)} sealed anew, {len(faults)} not: {told}", as_json=as_json, done=done, faults=faults)
    say(f"{len(done)} sealed with the newest key", as_json=as_json, done=done, faults=faults)


@app.command("rm")
def rm(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Also when live bots name them; those stop.")] = False,
    as_json: Json = False,
) -> None:
    """Forget stored credentials."""
    with session(as_json) as here:
        stored = here.console.sealed()
        if name not in stored:
            known = ", ".join(stored) or "none"
            raise ConfigurationError(f"no credentials named {name} are stored; there are: {known}")
        users = _users(here).get(name, [])
        if users and not force:
            ids = ", ".join(map(str, users))
            raise ConfigurationError(f"{name} is named by bots {ids}; change them first, or add --force")
        here.console.remove_secret(name)
        say(f"{name} is forgotten", as_json=as_json, name=name)


@app.command("adopt")
def adopt(
    bot: AnyBot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Move plain api_key and api_secret out of bots' rows; running bots restart with the stored ones."""
    with session(as_json) as here:
        rows = here.console.rows() if bot is None else (here.console.find(bot),)
        found = adoptions(rows, here.console.sealed())
        if found and not dry_run:
            here.console.adopt(found, _seal(here.settings))
    told = [{"name": adoption.name, "bots": list(adoption.bots)} for adoption in found]
    if as_json:
        print_json({"adopted": told, "dry_run": dry_run})
        return
    verb = "would be moved" if dry_run else "are moved"
    for adoption in found:
        say(f"credentials of bots {', '.join(map(str, adoption.bots))} {verb} to {adoption.name}")
    if not found:
        say("no row holds plain credentials")


def _seal(settings: Settings) -> Seal:
    return Seal(secret_keys(settings))


def _users(here: Session) -> dict[str, list[int]]:
    users: dict[str, list[int]] = {}
    for row in here.console.rows():
        name = named_credentials(row.config)
        if name is not None:
            users.setdefault(name, []).append(row.id)
    return users


def _asked() -> Credentials:
    api_key = typer.prompt("API key", hide_input=True, err=True)
    secret = typer.prompt("API secret", hide_input=True, err=True)
    password = typer.prompt(
        "Password, where the exchange has one", hide_input=True, err=True, default="", show_default=False
    )
    return _credentials(api_key, secret, password)


def _from_text(text: str) -> Credentials:
    """JSON with both spellings of the keys, or two or three lines. Raises ConfigurationError, quoting nothing."""
    try:
        given: Any = json.loads(text)
    except ValueError:
        given = None
    if isinstance(given, dict):
        return _credentials(
            given.get("api_key") or given.get("apiKey"),
            given.get("secret") or given.get("api_secret"),
            given.get("password") or given.get("api_password"),
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) not in (2, 3):
        raise ConfigurationError("stdin must hold JSON with api_key and secret, or two or three lines with them")
    return _credentials(*lines)


def _credentials(api_key: object, secret: object, password: object = None) -> Credentials:
    parts = [part.strip() if isinstance(part, str) else "" for part in (api_key, secret, password)]
    for part in parts:
        logs.register_secret(part)
    if not parts[0] or not parts[1]:
        raise ConfigurationError("both the API key and its secret are needed, as texts that are not blank")
    return Credentials(
        api_key=SecretStr(parts[0]),
        secret=SecretStr(parts[1]),
        password=SecretStr(parts[2]) if parts[2] else None,
    )
