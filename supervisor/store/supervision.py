"""What the supervisor remembers of each bot: the generation it runs, its quarantine, its failures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from supervisor.store.shape import Shape
from supervisor.store.tables import bot_supervision, trading_bots


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """The supervisor's memory of one bot; one row of `bot_supervision`."""

    bot_id: int
    generation: str | None = None
    """Generation last wished for."""
    observed_generation: str | None = None
    """Generation the last life ran."""
    last_status: str | None = None
    """Status the supervisor wrote last; a different one in the row was written by somebody else."""
    quarantined_generation: str | None = None
    """Generation the quarantine belongs to; None when not quarantined."""
    quarantine_reason: str | None = None
    quarantined_at: datetime | None = None
    failures: int = 0
    """Consecutive failures counted against the restart limit."""
    unsettled: bool = False
    """A stopped bot's stop policy has still to be applied by a settle life."""
    stopped_by: str | None = None
    """Who stopped the bot, as written last together with a status; the same mark as in extra_metadata."""


_WITH_STATUS = frozenset({"last_status", "stopped_by"})
"""What is written together with the status itself, and by nothing else."""
_FIELDS = tuple(column.name for column in bot_supervision.c if column.name != "updated_at")


def read_supervision(connection: Connection, ids: Iterable[int] | None = None) -> dict[int, Supervision]:
    """Memories by bot id; bots that have none are absent. `ids` None means all."""
    query = select(*(bot_supervision.c[name] for name in _FIELDS))
    if ids is not None:
        query = query.where(bot_supervision.c.bot_id.in_(list(ids)))
    return {row.bot_id: Supervision(**row._mapping) for row in connection.execute(query)}


def write_supervision(connection: Connection, shape: Shape, memories: Sequence[Supervision], at: datetime) -> None:
    """Write memories but for what goes with the status itself; bots without a row are dropped."""
    ids = [memory.bot_id for memory in memories]
    alive = set(connection.scalars(select(trading_bots.c.id).where(trading_bots.c.id.in_(ids))))
    rows = [asdict(memory) | {"updated_at": at} for memory in memories if memory.bot_id in alive]
    if not rows:
        return
    insert = shape.insert(bot_supervision)
    changes = {name: insert.excluded[name] for name in (*_FIELDS[1:], "updated_at") if name not in _WITH_STATUS}
    shape.write_many(connection, insert.on_conflict_do_update(index_elements=["bot_id"], set_=changes), rows)
