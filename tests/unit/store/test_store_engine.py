from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from common.errors import ConfigurationError, TransientError
from supervisor.store.engine import PoolSettings, open_engine, parse_url, reading, safe_url, writing


def test_an_sqlite_connection_has_the_promised_pragmas(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "temp_store")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "temp_store": 2,
    }


@pytest.mark.parametrize("url", ["postgres://u:p@h/n", "postgresql://u:p@h/n", "postgresql+psycopg2://u:p@h/n"])
def test_every_postgresql_spelling_means_psycopg2(url: str) -> None:
    assert parse_url(url).drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no url at all", "cannot be parsed"),
        ("mysql://u:secret@h/n", "mysql"),
        ("postgresql+asyncpg://u:secret@h/n", "asyncpg"),
        ("postgresql://u:secret@h", "names no database"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:////nowhere/at/all/x.db", "/nowhere/at/all"),
        ("sqlite:////tmp", "is a folder"),
    ],
)
def test_a_wrong_url_is_refused_with_its_reason_and_never_with_its_password(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as refused:
        open_engine(url)
    assert "secret" not in str(refused.value)


def test_a_shown_url_hides_passwords() -> None:
    shown = safe_url("postgresql://u:secret@h/n?password=hidden&sslmode=require")
    assert "secret" not in shown
    assert "hidden" not in shown
    assert "sslmode=require" in shown


def test_a_file_that_is_no_database_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(ConfigurationError, match="not a database"), reading(open_engine(f"sqlite:///{path}")):
        pass


def test_a_server_that_is_not_there_is_transient(tmp_path: Path) -> None:
    engine = open_engine(f"postgresql://postgres:secret@/n?host={tmp_path}")
    with pytest.raises(TransientError) as away, writing(engine):
        pass
    assert "secret" not in str(away.value)


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_a_configuration_error(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url.replace("bvtest_", "bvmissing_"))
    with pytest.raises(ConfigurationError, match="does not exist"), reading(engine):
        pass


def test_a_locked_sqlite_database_is_transient(sqlite_url: str) -> None:
    holder, other = open_engine(sqlite_url), open_engine(sqlite_url)
    with writing(holder), other.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
        connection.rollback()
        with pytest.raises(TransientError, match="locked"), writing(connection):
            pass
    holder.dispose()
    other.dispose()


def test_pool_settings_come_from_the_environment_of_the_earlier_service() -> None:
    assert PoolSettings.from_environment({}) == PoolSettings()
    given = {"DB_POOL_SIZE": "3", "DB_MAX_OVERFLOW": "0", "DB_POOL_TIMEOUT": "4", "DB_POOL_RECYCLE": "60"}
    assert PoolSettings.from_environment(given) == PoolSettings(size=3, max_overflow=0, timeout=4, recycle=60)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_wrong_pool_size_names_its_variable(value: str) -> None:
    with pytest.raises(ConfigurationError, match="DB_POOL_SIZE"):
        PoolSettings.from_environment({"DB_POOL_SIZE": value})


def test_postgresql_sessions_speak_utc_and_do_not_wait_for_locks_for_ever(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    with reading(engine) as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
        assert connection.scalar(text("SHOW lock_timeout")) == "5s"
    engine.dispose()
