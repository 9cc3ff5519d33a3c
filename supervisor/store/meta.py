"""What a database says of itself: its uuid and the next incarnation number."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select, update

from common.crash_points import reach
from common.errors import ConfigurationError
from supervisor.store.tables import botvisor_meta

_NEXT = "next_incarnation"
_UUID = "database_uuid"


def read_uuid(connection: Connection) -> str | None:
    """The uuid the database was given when its schema was made; None before that."""
    if not inspect(connection).has_table(botvisor_meta.name):
        return None
    return connection.scalar(select(botvisor_meta.c.value).where(botvisor_meta.c.key == _UUID))


def require_uuid(found: str | None, expected: str | None) -> None:
    """Raises ConfigurationError when the state folder belongs to another database than the one found."""
    if expected is None or found == expected:
        return
    what = "has no schema of ours yet" if found is None else f"is {found}"
    raise ConfigurationError(
        f"the state folder belongs to database {expected}, but this database {what}; "
        "point the database URL at the right database, or name another state folder"
    )


def reserve_incarnations(connection: Connection, count: int) -> range:
    """`count` incarnation numbers that nobody had before and nobody will have again."""
    row = select(botvisor_meta.c.value).where(botvisor_meta.c.key == _NEXT).with_for_update()
    value = connection.scalar(row)
    if value is None:
        raise ConfigurationError(f"the table {botvisor_meta.name} has lost its row {_NEXT}; restore it from a backup")
    first = int(value)
    connection.execute(update(botvisor_meta).where(botvisor_meta.c.key == _NEXT).values(value=str(first + count)))
    reach("incarnations.reserved")
    return range(first, first + count)
