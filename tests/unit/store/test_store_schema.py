from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from databases import PostgresServer
from legacy import dump, execute, make_legacy
from loguru import logger
from sqlalchemy import Engine, inspect, make_url, text
from waiting import PATIENCE

from common.errors import ConfigurationError
from supervisor.store.engine import open_engine, reading, writing
from supervisor.store.schema import VERSION_TABLE, current, head, is_current, ours, upgrade
from supervisor.store.tables import metadata

UPGRADE = "import sys; from supervisor.store import engine, schema; schema.upgrade(engine.open_engine(sys.argv[1]))"


@pytest.fixture
def empty_postgresql(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


def test_the_history_makes_exactly_the_tables_of_the_models(engine: Engine) -> None:
    with reading(engine) as connection:
        options = {
            "version_table": VERSION_TABLE,
            "include_name": ours,
            "compare_type": True,
            # SQLite has no identity columns, so it could only report that they are missing.
            "compare_server_default": connection.dialect.name == "postgresql",
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        names = set(inspect(connection).get_table_names())
    assert names == set(metadata.tables) | {VERSION_TABLE}


def test_a_fresh_database_has_one_admin_without_password(engine: Engine) -> None:
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT email, role, password_hash FROM usr_users")).all()
    assert [tuple(row) for row in rows] == [("operator", "admin", None)]


def test_upgrading_again_does_nothing(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    assert current(engine) is None
    assert not is_current(engine)
    upgrade(engine)
    before = execute(empty_database_url, "SELECT value FROM botvisor_meta ORDER BY key")
    upgrade(engine)
    assert is_current(engine)
    assert current(engine) == head()
    assert execute(empty_database_url, "SELECT value FROM botvisor_meta ORDER BY key") == before
    engine.dispose()


def test_processes_that_upgrade_at_once_all_succeed(empty_database_url: str) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, empty_database_url], stderr=subprocess.PIPE) for _ in range(3)
    ]
    for racer in racers:
        _, said = racer.communicate(timeout=PATIENCE)
        assert racer.returncode == 0, said.decode()
    assert len(execute(empty_database_url, "SELECT 1 FROM usr_users")) == 1
    assert len(execute(empty_database_url, "SELECT 1 FROM botvisor_meta")) == 2


def test_a_database_of_the_earlier_service_is_adopted_byte_for_byte(empty_database_url: str) -> None:
    make_legacy(empty_database_url)
    before = dump(empty_database_url)
    engine = open_engine(empty_database_url)
    upgrade(engine)
    assert dump(empty_database_url) == before
    with reading(engine) as connection:
        names = set(inspect(connection).get_table_names())
    assert set(metadata.tables) <= names
    engine.dispose()


def test_an_adopted_database_gets_no_user_of_ours(empty_database_url: str) -> None:
    make_legacy(empty_database_url)
    engine = open_engine(empty_database_url)
    upgrade(engine)
    assert len(execute(empty_database_url, "SELECT 1 FROM usr_users")) == 2
    engine.dispose()


def test_a_namesake_of_one_of_our_tables_is_refused_and_nothing_is_made(empty_database_url: str) -> None:
    execute(empty_database_url, "CREATE TABLE journals (title text)")
    engine = open_engine(empty_database_url)
    with pytest.raises(ConfigurationError, match="journals of another program"):
        upgrade(engine)
    with reading(engine) as connection:
        assert set(inspect(connection).get_table_names()) == {"journals"}
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="9999"):
        upgrade(engine)


@pytest.mark.postgres
def test_a_role_without_the_right_to_make_triggers_goes_on_with_a_warning(empty_postgresql: str) -> None:
    make_legacy(empty_postgresql)
    name = make_url(empty_postgresql).database
    execute(
        empty_postgresql,
        f"CREATE ROLE guest_{name} LOGIN; GRANT CREATE ON SCHEMA public TO guest_{name};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON ALL TABLES IN SCHEMA public TO guest_{name}",
    )
    warned: list[str] = []
    sink = logger.add(warned.append, level="WARNING")
    try:
        url = make_url(empty_postgresql).set(username=f"guest_{name}")
        engine = open_engine(url.render_as_string(hide_password=False))
        upgrade(engine)
        assert is_current(engine)
        engine.dispose()
    finally:
        logger.remove(sink)
    assert any("found by polling" in line for line in warned)
    assert execute(empty_postgresql, "SELECT 1 FROM pg_trigger WHERE tgname LIKE 'botvisor%'") == []
    execute(empty_postgresql, f"DROP OWNED BY guest_{name}; DROP ROLE guest_{name}")


@pytest.mark.postgres
def test_only_tables_we_made_get_a_trigger_for_updated_at(empty_postgresql: str, postgresql_url: str) -> None:
    make_legacy(empty_postgresql)
    engine = open_engine(empty_postgresql)
    upgrade(engine)
    engine.dispose()
    question = "SELECT 1 FROM pg_trigger WHERE tgname = 'update_bots_updated_at'"
    assert execute(empty_postgresql, question) == []
    assert len(execute(postgresql_url, question)) == 1


def test_the_alembic_folder_is_no_package() -> None:
    assert not (Path(__file__).resolve().parents[3] / "alembic" / "__init__.py").exists()
