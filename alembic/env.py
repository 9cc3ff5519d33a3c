"""Runs the schema history: on the connection that the program hands over, or on the URL of the environment."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from supervisor.store.engine import open_engine, writing
from supervisor.store.schema import VERSION_TABLE, ours
from supervisor.store.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        include_name=ours,
        compare_type=True,
        render_as_batch=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _url() -> str:
    url = os.environ.get("BOTVISOR_DATABASE_URL") or os.environ.get("DB_URL")
    if not url:
        raise SystemExit("name the database: BOTVISOR_DATABASE_URL=sqlite:////folder/file.db alembic ...")
    return url


if context.is_offline_mode():
    raise SystemExit("the history looks at what the database has; it cannot be written as an SQL script")
handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    _run(handed_over)
else:
    with writing(open_engine(_url())) as opened:
        _run(opened)
