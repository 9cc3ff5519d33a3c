"""One supervisor per database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, text, update

from common.errors import ConfigurationError
from supervisor.store.engine import POSTGRESQL
from supervisor.store.tables import supervisor_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """The supervisor process that asks for the database."""

    host: str
    boot_id: str
    pid: int
    pid_created: float
    """Create time of the process, seconds since the epoch, as the process table tells it."""
    state_dir: str


Liveness = Callable[[int, float], bool]
"""Whether the process (pid, create time) lives on this host."""

_THE_ROW = 1


class ClaimRefused(ConfigurationError):
    """Another supervisor has the database."""


class ClaimLost(ClaimRefused):
    """The database was ours, and another supervisor took it over."""


def claim(
    connection: Connection, claimant: Claimant, is_alive: Liveness, at: datetime, *, takeover: bool = False
) -> bool:
    """Take the database; answers whether the supervisor before us crashed (never released it).

    `takeover` takes it from a supervisor of another host too. A live supervisor of this host always keeps it.
    Raises ClaimRefused.
    """
    if connection.dialect.name == POSTGRESQL:
        connection.execute(text("LOCK TABLE supervisor_claims IN EXCLUSIVE MODE"))
    holder = _holder(connection)
    if holder is not None and holder.released_at is None and not _is(holder, claimant):
        _require_gone(holder, claimant, is_alive, takeover)
    values = asdict(claimant) | {"claimed_at": at, "released_at": None, "takeover": takeover}
    if holder is None:
        connection.execute(insert(supervisor_claims).values(id=_THE_ROW, **values))
        return False
    connection.execute(update(supervisor_claims).where(supervisor_claims.c.id == _THE_ROW).values(**values))
    return holder.released_at is None and not _is(holder, claimant)


def release(connection: Connection, claimant: Claimant, at: datetime) -> None:
    """Give the database back; nothing happens when it is somebody else's."""
    if is_held(connection, claimant):
        connection.execute(update(supervisor_claims).where(supervisor_claims.c.id == _THE_ROW).values(released_at=at))


def is_held(connection: Connection, claimant: Claimant) -> bool:
    """Whether the database is this process's."""
    holder = _holder(connection)
    return holder is not None and holder.released_at is None and _is(holder, claimant)


def require_held(connection: Connection, claimant: Claimant) -> None:
    """Raises ClaimLost when somebody else took the database."""
    holder = _holder(connection)
    if holder is None or not _is(holder, claimant):
        by = "nobody" if holder is None else f"process {holder.pid} on {holder.host}"
        raise ClaimLost(f"this supervisor's database was taken over by {by}; only one may run on a database")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldClaim:
    """The claim of a supervisor that has not released the database."""

    host: str
    pid: int
    state_dir: str
    claimed_at: datetime


def held_claim(connection: Connection) -> HeldClaim | None:
    """Who has the database; None when nobody does."""
    holder = _holder(connection)
    if holder is None or holder.released_at is not None:
        return None
    return HeldClaim(host=holder.host, pid=holder.pid, state_dir=holder.state_dir, claimed_at=holder.claimed_at)


def release_held(connection: Connection, seen: HeldClaim, at: datetime) -> bool:
    """Release a claim in place of its holder; False when it is no longer the one that was `seen`."""
    if held_claim(connection) != seen:
        return False
    connection.execute(update(supervisor_claims).where(supervisor_claims.c.id == _THE_ROW).values(released_at=at))
    return True


def _holder(connection: Connection) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(supervisor_claims).where(supervisor_claims.c.id == _THE_ROW)).first()


def _is(holder: Row[tuple[object, ...]], claimant: Claimant) -> bool:
    mine = (claimant.host, claimant.boot_id, claimant.pid, claimant.pid_created)
    return mine == (holder.host, holder.boot_id, holder.pid, holder.pid_created)


def _require_gone(holder: Row[tuple[object, ...]], claimant: Claimant, is_alive: Liveness, takeover: bool) -> None:
    who = f"process {holder.pid} on {holder.host} (state folder {holder.state_dir}, since {holder.claimed_at})"
    if holder.host != claimant.host:
        if not takeover:
            raise ClaimRefused(
                f"another supervisor has this database and did not release it: {who}; stop it there, or when that "
                "host is gone for good and none of its workers trades any more: `botctl takeover`"
            )
    elif holder.boot_id == claimant.boot_id and is_alive(holder.pid, holder.pid_created):
        raise ClaimRefused(f"another supervisor runs on this database: {who}; stop it first")
