"""Runs the schema history with alembic; imported only when there is something to upgrade."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from common.errors import ConfigurationError
from supervisor.store.engine import POSTGRESQL, writing
from supervisor.store.schema import current_of

_LOCK = 0x626F7476
"""Advisory lock of PostgreSQL that upgrades take turns by."""


def run_history(engine: Engine) -> None:
    """Run the missing revisions, all or none. Safe when two processes do it at once; repeated, it does nothing.

    Raises ConfigurationError when the database is newer than this program, holds a namesake of one of our
    tables, or the role lacks a right; TransientError when the database is away or locked.
    """
    with writing(engine) as connection:
        if connection.dialect.name == POSTGRESQL:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        try:
            command.upgrade(_config(connection), "head")
        except CommandError as error:
            raise _newer(connection) from error
        except RuntimeError as error:
            raise ConfigurationError(str(error)) from error


def newest_revision() -> str:
    """The newest revision this program knows."""
    newest = ScriptDirectory.from_config(_config(None)).get_current_head()
    if newest is None:
        raise ConfigurationError(f"no schema history was found in {_folder()}; install the program again")
    return newest


def _newer(connection: Connection) -> ConfigurationError:
    return ConfigurationError(
        f"the database is at schema revision {current_of(connection)}, which this program (up to {newest_revision()})"
        " does not know; use the newer program that made it"
    )


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    here = Path(__file__).resolve().parent
    installed = here / "migrations"
    return installed if (installed / "env.py").is_file() else here.parents[1] / "alembic"
