"""Client order ids of one life."""

from __future__ import annotations

from collections.abc import Callable

from common.identity import mint_client_order_id
from common.wire.ticket import Ticket


def minting(ticket: Ticket) -> Callable[[], str]:
    """A source of this life's client order ids: 1, 2, 3 ... after the incarnation."""
    bot_id, count = ticket.row.bot_id, 0

    def mint() -> str:
        nonlocal count
        count += 1
        return mint_client_order_id(ticket.install_tag, bot_id, ticket.incarnation, count)

    return mint
