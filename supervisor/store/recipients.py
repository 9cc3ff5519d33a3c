"""Accounts: who owns a bot, who administers the service, and how they can be reached."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Text, cast, select, true

from supervisor.notify.routing import Person
from supervisor.store.service_tables import trading_bots, usr_auth_identities, usr_users
from supervisor.store.shape import Shape

_TELEGRAM = "telegram"


def owners(connection: Connection, shape: Shape, bot_ids: Collection[int]) -> dict[int, tuple[int, Person]]:
    """The account id and the person behind each bot that has an owner."""
    if not bot_ids or not shape.has(trading_bots, "user_id"):
        return {}
    query = select(trading_bots.c.id, trading_bots.c.user_id).where(trading_bots.c.id.in_(bot_ids))
    owner_of = {row.id: row.user_id for row in connection.execute(query) if row.user_id is not None}
    people = _people(connection, shape, usr_users.c.id.in_(set(owner_of.values())))
    return {bot_id: (owner, people[owner]) for bot_id, owner in owner_of.items() if owner in people}


def administrators(connection: Connection, shape: Shape) -> list[Person]:
    """Active accounts with the role `admin` that can be reached."""
    if not shape.has(usr_users, "role"):
        return []
    where = usr_users.c.role == "admin"
    if shape.has(usr_users, "is_active"):
        where &= usr_users.c.is_active.is_(true())
    return [person for person in _people(connection, shape, where).values() if person.email or person.chat_id]


def _people(connection: Connection, shape: Shape, where: Any) -> dict[int, Person]:
    if not shape.has(usr_users, "email"):
        return {}
    query = select(usr_users.c.id, usr_users.c.email).where(where)
    emails = {row.id: row.email for row in connection.execute(query)}
    chats: dict[int, str] = {}
    if shape.columns.get(usr_auth_identities.name) and emails:
        identity = usr_auth_identities.c
        known = select(identity.user_id, identity.external_id).where(
            identity.provider == _TELEGRAM, identity.user_id.in_(emails)
        )
        chats = {row.user_id: str(row.external_id) for row in connection.execute(known.order_by(identity.id.desc()))}
    return {
        user_id: Person(email if email and "@" in email else None, chats.get(user_id))
        for user_id, email in emails.items()
    }


def configs(
    connection: Connection, shape: Shape, only: Collection[int] | None = None
) -> list[tuple[int, object, str | None]]:
    """Id, config as text, and description of every bot, or of those named."""
    described = shape.has(trading_bots, "description")
    columns: list[Any] = [trading_bots.c.id, cast(trading_bots.c.config, Text).label("config")]
    columns += [trading_bots.c.description] if described else []
    query = select(*columns).order_by(trading_bots.c.id)
    rows = connection.execute(query if only is None else query.where(trading_bots.c.id.in_(only)))
    return [(row.id, row.config, row.description if described else None) for row in rows]
