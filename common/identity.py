"""Names of things that must be unique: bots, lives, orders.

Nothing here reads a clock or a random source; every identity is a function of its inputs, so that a
replay gives the same one.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NewType

from common.errors import BotvisorError

BotId = NewType("BotId", int)
"""Primary key of the bot's row in `trading_bots`; the only identity used for database writes."""

Incarnation = NewType("Incarnation", int)
"""Number of one life of one bot: global, increasing, never reused; the fencing token."""

ClientOrderId = NewType("ClientOrderId", str)
"""Our own id of an order: 18 lower-case letters and digits, unique for ever."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(value: int, width: int) -> str:
    """`value` in base 36, zero-padded to exactly `width` characters.

    Raises BotvisorError when the value is negative or does not fit: a truncated id could name two things.
    """
    if value < 0 or value >= 36**width:
        raise BotvisorError(f"{value} does not fit in {width} base-36 digits; ids are never truncated")
    digits = []
    for _ in range(width):
        value, rest = divmod(value, 36)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))


def install_tag(database_uuid: str) -> str:
    """Four characters that tell this installation's orders from another's on a shared account."""
    digest = hashlib.sha256(database_uuid.encode()).digest()
    return base36(int.from_bytes(digest[:8], "big") % 36**4, 4)


def client_order_prefix(tag: str, bot_id: int) -> str:
    """What all client order ids of a bot begin with: install tag (4) + bot (4)."""
    return tag + base36(bot_id, 4)


def mint_client_order_id(tag: str, bot_id: int, incarnation: int, sequence: int) -> ClientOrderId:
    """install tag (4) + bot (4) + incarnation (5) + sequence (5), base 36, 18 characters."""
    return ClientOrderId(client_order_prefix(tag, bot_id) + base36(incarnation, 5) + base36(sequence, 5))


def bot_uid(database_uuid: str, bot_id: int, created_at: datetime | None) -> str:
    """Identity of a bot beyond its row id: a row deleted and made again under the same id is another bot.

    Used as the name of the bot's folder in the state directory; 20 hexadecimal digits after the bot id.
    """
    text = f"{database_uuid}/{bot_id}/{created_at.isoformat() if created_at else ''}"
    return f"{bot_id}-{hashlib.sha256(text.encode()).hexdigest()[:20]}"
