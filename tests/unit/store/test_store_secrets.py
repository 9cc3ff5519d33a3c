"""Stored credentials: sealed in the database, opened with whichever key fits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from common.errors import ConfigurationError
from common.wire.ticket import Credentials
from supervisor.store.engine import reading, writing
from supervisor.store.sealing import Seal, fresh_key
from supervisor.store.secrets import OpenedSecret, opened, read_sealed, remove, reseal, store
from supervisor.store.shape import read_shape

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = fresh_key(), fresh_key()
MARK = "hunter2hunter2"


def credentials(key: str = MARK, password: str | None = None) -> Credentials:
    return Credentials(
        api_key=SecretStr(key), secret=SecretStr("s" + key), password=SecretStr(password) if password else None
    )


def keep(engine: Engine, name: str, what: Credentials, *keys: str, replace: bool = False) -> None:
    with writing(engine) as connection:
        store(connection, read_shape(connection), name, what, Seal(keys), NOW, replace=replace)


def look(engine: Engine, *keys: str) -> dict[str, OpenedSecret]:
    with reading(engine) as connection:
        return dict(opened(read_sealed(connection), lambda: keys))


def test_what_is_stored_comes_back_and_is_not_in_the_row(engine: Engine) -> None:
    keep(engine, "main", credentials(password="third"), OLD)
    found = look(engine, OLD)["main"]
    assert found.credentials == credentials(password="third")
    assert found.fault is None
    with reading(engine) as connection:
        (row,) = connection.execute(text("SELECT * FROM stored_credentials")).all()
    assert MARK not in str(row)
    assert MARK not in repr(found)


def test_a_name_is_taken_until_it_is_replaced_and_its_version_never_goes_back(engine: Engine) -> None:
    keep(engine, "main", credentials(), OLD)
    first = look(engine, OLD)["main"].version
    with pytest.raises(ConfigurationError, match="--replace"):
        keep(engine, "main", credentials("other"), OLD)
    keep(engine, "main", credentials("other"), OLD, replace=True)
    second = look(engine, OLD)["main"]
    assert second.version > first
    assert second.credentials == credentials("other")


def test_rotation_seals_with_the_newest_key_and_keeps_the_version(engine: Engine) -> None:
    keep(engine, "main", credentials(), OLD)
    before = look(engine, OLD)["main"]
    with writing(engine) as connection:
        assert reseal(connection, Seal([NEW, OLD]), NOW) == (["main"], {})
    assert look(engine, NEW)["main"] == before
    assert "none of the keys opens it" in (look(engine, OLD)["main"].fault or "")


def test_rotation_leaves_alone_what_no_key_opens_and_says_so(engine: Engine) -> None:
    keep(engine, "alien", credentials(), fresh_key())
    keep(engine, "main", credentials(), OLD)
    with writing(engine) as connection:
        done, faults = reseal(connection, Seal([NEW, OLD]), NOW)
    assert done == ["main"]
    assert list(faults) == ["alien"]


def test_one_that_cannot_be_opened_does_not_hide_the_others(engine: Engine) -> None:
    keep(engine, "alien", credentials(), fresh_key())
    keep(engine, "main", credentials(), OLD)
    found = look(engine, OLD)
    assert found["main"].credentials == credentials()
    assert found["alien"].credentials is None


@pytest.mark.parametrize(("keys", "fault"), [((), "there is no key"), (("short",), "not 32 bytes")])
def test_without_a_sound_key_each_says_what_is_missing(engine: Engine, keys: tuple[str, ...], fault: str) -> None:
    keep(engine, "main", credentials(), OLD)
    assert fault in (look(engine, *keys)["main"].fault or "")


def test_what_is_removed_is_gone(engine: Engine) -> None:
    keep(engine, "main", credentials(), OLD)
    with writing(engine) as connection:
        assert remove(connection, "main")
        assert not remove(connection, "main")
    assert look(engine, OLD) == {}
