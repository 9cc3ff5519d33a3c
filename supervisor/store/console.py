"""An operator's connection to the database: what `botctl` reads and the wishes it writes.

Separate from the recorder: a short-lived connection of another process, which only ever writes wishes into
`trading_bots`, in one transaction each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select

from common.errors import ConfigurationError
from common.wire.ticket import Credentials
from supervisor.notify.routing import Person
from supervisor.store import news_queries, queries
from supervisor.store.adopting import Adoption, adopt
from supervisor.store.bots import BotRow, insert_bot, read_rows
from supervisor.store.claims import HeldClaim, held_claim, release_held
from supervisor.store.commands import WriteStatus
from supervisor.store.engine import open_engine, reading, safe_url, writing
from supervisor.store.queries import Rows
from supervisor.store.recipients import administrators, owners
from supervisor.store.recovery_queries import error_counts, recovery_rates, recovery_rows
from supervisor.store.schema import current, is_current, upgrade
from supervisor.store.sealing import Seal
from supervisor.store.secrets import Keys, SealedSecret, Secrets, opened, read_sealed, remove, reseal, store
from supervisor.store.shape import Shape, read_shape
from supervisor.store.status import write_status
from supervisor.store.tables import trading_bots


@dataclass(frozen=True, slots=True)
class Console:
    """An open database, as an operator may use it. All methods raise ConfigurationError and TransientError."""

    engine: Engine
    shape: Shape

    def bots(self) -> Rows:
        """Every bot with its supervision and its last life."""
        with reading(self.engine) as connection:
            return queries.bots(connection, self.shape)

    def rows(self) -> tuple[BotRow, ...]:
        """The rows as the supervisor reads them."""
        with reading(self.engine) as connection:
            return read_rows(connection, self.shape)

    def find(self, name_or_id: str) -> BotRow:
        """The bot with this id, or the only one with this name. Raises ConfigurationError when there is none."""
        rows = self.rows()
        chosen = choose({row.id: name_of(row) for row in rows}, name_or_id)
        return next(row for row in rows if row.id == chosen)

    def add(self, config: Mapping[str, Any], *, status: str, description: str | None, user_id: int | None) -> int:
        """Add a bot; returns its id."""
        with writing(self.engine) as connection:
            return insert_bot(
                connection,
                self.shape,
                config=config,
                status=status,
                description=description,
                at=datetime.now(UTC),
                user_id=user_id,
            )

    def wish(self, bot_id: int, status: str) -> None:
        """Write what an operator wants into the status column."""
        forget = ("stopped_by", "finished") if status in ("enabled", "restarting") else ()
        with writing(self.engine) as connection:
            answer = write_status(
                connection,
                self.shape,
                WriteStatus(bot_id=bot_id, expected=None, status=status, at=datetime.now(UTC), metadata_remove=forget),
                own=False,
            )
        if not answer.done:
            raise ConfigurationError(f"bot {bot_id} is gone from trading_bots")

    def trades(self, bot_id: int | None, status: str | None, limit: int | None) -> Rows:
        """Trades, newest first."""
        with reading(self.engine) as connection:
            return queries.trades(connection, self.shape, bot_id=bot_id, status=status, limit=limit)

    def orders(self, bot_id: int | None, limit: int | None) -> Rows:
        """Orders, newest first."""
        with reading(self.engine) as connection:
            return queries.orders(connection, bot_id=bot_id, limit=limit)

    def denials(self, bot_id: int | None, limit: int | None) -> Rows:
        """Signals that were refused, newest first."""
        with reading(self.engine) as connection:
            return queries.denials(connection, bot_id=bot_id, limit=limit)

    def incidents(self, bot_id: int | None, limit: int | None) -> Rows:
        """Incidents, newest first."""
        with reading(self.engine) as connection:
            return queries.incident_rows(connection, bot_id=bot_id, limit=limit)

    def recoveries(self, bot_id: int | None, limit: int | None) -> Rows:
        """What was done about errors, newest first."""
        with reading(self.engine) as connection:
            return recovery_rows(connection, bot_id=bot_id, limit=limit)

    def recovery_rates(self, bot_id: int | None) -> Rows:
        """How often that helped, per error class."""
        with reading(self.engine) as connection:
            return recovery_rates(connection, bot_id=bot_id)

    def error_counts(self, bot_id: int | None) -> Rows:
        """Errors per bot and class."""
        with reading(self.engine) as connection:
            return error_counts(connection, bot_id=bot_id)

    def news(self, bot_id: int | None, state: str | None, limit: int | None) -> Rows:
        """News and where it went, newest first."""
        with reading(self.engine) as connection:
            return news_queries.deliveries(connection, bot_id=bot_id, state=state, limit=limit)

    def acknowledge(self, bot_id: int | None, by: str) -> Rows:
        """Stop the reminders of what is critical now; what that is."""
        with writing(self.engine) as connection:
            found = news_queries.unacknowledged(connection, bot_id)
            news_queries.acknowledge(connection, bot_id, datetime.now(UTC), by)
        return found

    def target_health(self) -> dict[str, dict[str, Any]]:
        """How each target of notifications did when it was last tried."""
        with reading(self.engine) as connection:
            return news_queries.target_health(connection, self.shape)

    def owner_of(self, bot_id: int) -> Person:
        """How the owner of a bot can be reached."""
        with reading(self.engine) as connection:
            found = owners(connection, self.shape, {bot_id}).get(bot_id)
        return Person() if found is None else found[1]

    def administrators(self) -> list[Person]:
        """How administrators can be reached."""
        with reading(self.engine) as connection:
            return administrators(connection, self.shape)

    def sealed(self) -> dict[str, SealedSecret]:
        """Stored credentials by name, as they are kept."""
        with reading(self.engine) as connection:
            return read_sealed(connection)

    def secrets(self, keys: Keys) -> Secrets:
        """Stored credentials, opened."""
        return opened(self.sealed(), keys)

    def store(self, name: str, credentials: Credentials, seal: Seal, *, replace: bool) -> None:
        """Keep credentials under a name."""
        with writing(self.engine) as connection:
            store(connection, self.shape, name, credentials, seal, datetime.now(UTC), replace=replace)

    def remove_secret(self, name: str) -> bool:
        """Forget stored credentials; False when there are none of that name."""
        with writing(self.engine) as connection:
            return remove(connection, name)

    def reseal(self, seal: Seal) -> tuple[list[str], dict[str, str]]:
        """Seal all of them with the newest key: (names done, why not for the others)."""
        with writing(self.engine) as connection:
            return reseal(connection, seal, datetime.now(UTC))

    def adopt(self, adoptions: Sequence[Adoption], seal: Seal) -> None:
        """Move plain credentials out of rows, all or none."""
        adopt(self.engine, self.shape, adoptions, seal, datetime.now(UTC))

    def claim(self) -> HeldClaim | None:
        """Which supervisor has the database; None when none does."""
        with reading(self.engine) as connection:
            return held_claim(connection)

    def release_claim(self, seen: HeldClaim) -> bool:
        """Release the claim of a supervisor that is gone; False when it is no longer the one that was `seen`."""
        with writing(self.engine) as connection:
            return release_held(connection, seen, datetime.now(UTC))

    def count(self) -> int:
        """How many bots there are."""
        with reading(self.engine) as connection:
            return len(connection.execute(select(trading_bots.c.id)).all())


@contextmanager
def open_console(url: str, *, migrate: bool = False) -> Iterator[Console]:
    """Open the database; `migrate` brings its schema up to date first, otherwise an old one is refused.

    Raises ConfigurationError and TransientError.
    """
    engine = open_engine(url)
    try:
        if migrate:
            upgrade(engine)
        elif not is_current(engine):
            found = current(engine) or "none"
            raise ConfigurationError(
                f"the schema of {safe_url(url)} is not current (revision {found}); run `botctl db upgrade`"
            )
        with reading(engine) as connection:
            shape = read_shape(connection)
        yield Console(engine, shape)
    finally:
        engine.dispose()


def choose(names: Mapping[int, str], name_or_id: str) -> int:
    """The bot with this id, or the only one with this name. Raises ConfigurationError when there is none."""
    if name_or_id.isascii() and name_or_id.isdigit() and int(name_or_id) in names:
        return int(name_or_id)
    found = [bot_id for bot_id, name in names.items() if name == name_or_id]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(bot_id) for bot_id in found)
        raise ConfigurationError(f"{len(found)} bots are named {name_or_id!r} (ids {ids}); name one by its id")
    known = ", ".join(f"{bot_id} {name}" for bot_id, name in list(names.items())[:20]) or "none"
    raise ConfigurationError(f"there is no bot {name_or_id!r}; there are: {known}")


def name_of(row: BotRow) -> str:
    """What the bot's config calls it, else its description, else its number."""
    named = row.config.get("name") if isinstance(row.config, dict) else None
    return str(named or row.description or f"Bot {row.id}")
