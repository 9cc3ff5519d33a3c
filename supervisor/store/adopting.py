"""Moving plain credentials out of bots' rows into the table of stored ones: the one place that rewrites a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Text, cast, update

from common.errors import ConfigurationError
from common.spec.credentials import plain_credentials, with_name
from common.wire.ticket import Credentials
from supervisor.store.bots import BotRow, read_raw
from supervisor.store.engine import SQLITE, writing
from supervisor.store.sealing import Seal
from supervisor.store.secrets import store
from supervisor.store.shape import Shape
from supervisor.store.tables import trading_bots
from supervisor.store.types import decode_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Plain credentials and the rows that hold them."""

    name: str
    credentials: Credentials = field(repr=False)
    bots: tuple[int, ...]


def adoptions(rows: Sequence[BotRow], taken: Mapping[str, object]) -> list[Adoption]:
    """What is to be moved where; rows with equal credentials share a name, and no name is in `taken`."""
    found: dict[tuple[str, ...], list[BotRow]] = {}
    for row in rows:
        plain = plain_credentials(row.config) if isinstance(row.config, dict) else None
        if plain is not None:
            found.setdefault(plain.texts(), []).append(row)
    return [_adoption(alike, taken) for alike in found.values()]


def _adoption(alike: Sequence[BotRow], taken: Mapping[str, object]) -> Adoption:
    config: Any = alike[0].config
    name = wanted = f"bot-{alike[0].id}"
    suffix = 1
    while name in taken:
        suffix += 1
        name = f"{wanted}-{suffix}"
    plain = plain_credentials(config)
    assert plain is not None
    return Adoption(name=name, credentials=plain, bots=tuple(row.id for row in alike))


def adopt(engine: Engine, shape: Shape, adopted: Sequence[Adoption], seal: Seal, at: datetime) -> None:
    """Store each and put its name into its rows, all in one transaction.

    Raises ConfigurationError when a row no longer holds what was found in it.
    """
    with engine.connect() as connection:
        if connection.dialect.name == SQLITE:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            connection.rollback()
        with writing(connection) as transaction:
            for adoption in adopted:
                store(transaction, shape, adoption.name, adoption.credentials, seal, at, replace=False)
                _rewrite(transaction, shape, adoption, at)
        if connection.dialect.name == SQLITE:  # the rows' former text is in the log until it is emptied
            connection.rollback()
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _rewrite(connection: Connection, shape: Shape, adoption: Adoption, at: datetime) -> None:
    for bot_id, raw in read_raw(connection, shape, adoption.bots).items():
        config = decode_json(raw.config_text)
        same = isinstance(config, dict) and plain_credentials(config) == adoption.credentials
        values = {"config": with_name(config, adoption.name), "updated_at": at} if isinstance(config, dict) else {}
        unchanged = (trading_bots.c.id == bot_id) & (cast(trading_bots.c.config, Text) == raw.config_text)
        statement = update(trading_bots).where(unchanged).values(shape.only(trading_bots, values))
        if not same or connection.execute(statement).rowcount != 1:
            raise ConfigurationError(f"the config of bot {bot_id} was changed meanwhile; run the command again")
