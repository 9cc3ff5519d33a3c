"""Stored credentials: rows of `stored_credentials`, sealed, known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, text, update

from common.errors import ConfigurationError
from common.wire.ticket import Credentials
from supervisor.store.engine import POSTGRESQL
from supervisor.store.sealing import Seal
from supervisor.store.shape import Shape
from supervisor.store.tables import stored_credentials
from supervisor.store.watch import CHANNEL

Keys = Callable[[], Sequence[str]]
"""Tells the keys in force, newest first. Raises ConfigurationError when they cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """One row."""

    name: str
    sealed: str
    version: int
    """Changes with what is sealed, never goes back, and stays when only the key is changed."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSecret:
    """One row, opened for the supervisor."""

    version: int
    credentials: Credentials | None
    fault: str | None = None
    """Why it could not be opened; None when it was."""


Secrets = Mapping[str, OpenedSecret]
"""By name."""


def read_sealed(connection: Connection) -> dict[str, SealedSecret]:
    """All rows by name."""
    rows = connection.execute(select(stored_credentials).order_by(stored_credentials.c.name))
    return {row.name: SealedSecret(**row._mapping) for row in rows}


def opened(rows: Mapping[str, SealedSecret], keys: Keys) -> Secrets:
    """Open each; one that cannot be opened says why and does not hide the others."""
    if not rows:
        return {}
    try:
        seal = Seal(keys())
    except ConfigurationError as error:
        why = str(error)
        return {name: OpenedSecret(version=row.version, credentials=None, fault=why) for name, row in rows.items()}
    return {name: _opened(row, seal) for name, row in rows.items()}


def _opened(row: SealedSecret, seal: Seal) -> OpenedSecret:
    try:
        return OpenedSecret(version=row.version, credentials=seal.open(row.sealed))
    except ConfigurationError as error:
        return OpenedSecret(version=row.version, credentials=None, fault=str(error))


def store(
    connection: Connection,
    shape: Shape,
    name: str,
    credentials: Credentials,
    seal: Seal,
    at: datetime,
    *,
    replace: bool,
) -> None:
    """Store credentials under a name. Raises ConfigurationError when the name is taken and not to be replaced."""
    before = read_sealed(connection).get(name)
    if before is not None and not replace:
        raise ConfigurationError(f"there are credentials named {name} already; name others, or add --replace")
    version = max(int(at.timestamp() * 1_000_000), before.version + 1 if before else 0)
    changes = {"sealed": seal.close(credentials), "version": version, "updated_at": at}
    insert = shape.insert(stored_credentials).values(name=name, created_at=at, **changes)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=changes))
    tell(connection)


def remove(connection: Connection, name: str) -> bool:
    """Forget credentials; False when there are none of that name."""
    done = connection.execute(delete(stored_credentials).where(stored_credentials.c.name == name)).rowcount == 1
    tell(connection)
    return done


def reseal(connection: Connection, seal: Seal, at: datetime) -> tuple[list[str], dict[str, str]]:
    """Seal every row with the first key, its version kept. Answers (names done, why not for each of the others)."""
    done: list[str] = []
    faults: dict[str, str] = {}
    for name, row in read_sealed(connection).items():
        try:
            sealed = seal.renewed(row.sealed)
        except ConfigurationError as error:
            faults[name] = str(error)
            continue
        same = (stored_credentials.c.name == name) & (stored_credentials.c.version == row.version)
        connection.execute(update(stored_credentials).where(same).values(sealed=sealed, updated_at=at))
        done.append(name)
    tell(connection)
    return done, faults


def tell(connection: Connection) -> None:
    """Let a running supervisor look at once; SQLite tells by itself."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(text(f"NOTIFY {CHANNEL}"))
