"""Whose state a checkpoint is, and which of two is newer."""

from __future__ import annotations

from common.errors import ConfigurationError
from common.wire.facts import Checkpoint
from common.wire.ticket import Ticket

_OWNER = "owner"


def newer(one: Checkpoint | None, other: Checkpoint | None) -> Checkpoint | None:
    """The checkpoint with the higher revision; either may be missing."""
    if one is None or other is None:
        return one or other
    return one if one.revision >= other.revision else other


def signed(checkpoint: Checkpoint | None, uid: str) -> Checkpoint | None:
    """The checkpoint with its owner's name in it."""
    return checkpoint and checkpoint.model_copy(update={"state": {**checkpoint.state, _OWNER: uid}})


def refuse_foreign(checkpoint: Checkpoint | None, ticket: Ticket) -> None:
    """A row made anew under an old id is another bot: it must not take over the former one's money."""
    owner = checkpoint.state.get(_OWNER, ticket.bot_uid) if checkpoint else ticket.bot_uid
    if owner != ticket.bot_uid:
        bot_id = ticket.row.bot_id
        raise ConfigurationError(
            f"the state recorded for bot {bot_id} belongs to another bot ({owner}) that had this id before, or "
            f"created_at of its row was changed. For a new bot: DELETE FROM bot_states WHERE bot_id = {bot_id}; "
            "else set created_at back"
        )
