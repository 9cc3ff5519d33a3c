"""Closing a trade in the books alone, on an operator's word: what it held is not there any more.

Belongs to the control loop: the word goes to the worker, which alone writes its books.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from loguru import logger

from common.wire.messages import WriteOff
from supervisor.fleet.roster import Roster
from supervisor.intake.router import Router


class WriteOffs:
    """Hands the word on."""

    def __init__(self, roster: Roster, router: Router) -> None:
        self._roster = roster
        self._router = router

    def ask(self, bot_id: int, price: str) -> dict[str, Any]:
        """Tell a bot's worker; `{"pid": …}`, or `{"error": …}` when it cannot be told.

        Raises ValueError for what is no price.
        """
        try:
            exact = Decimal(price)
        except InvalidOperation:
            raise ValueError(f"price {price!r} is no number") from None
        if not exact.is_finite() or exact < 0:
            raise ValueError(f"price {price} must be 0 or more")
        bot = self._roster.bot(bot_id)
        life = bot.life if bot is not None else None
        if life is None:
            return {"error": f"bot {bot_id} has no worker now; `botctl enable` starts it"}
        if not self._router.send(life.incarnation, WriteOff(price=exact)):
            return {"error": f"the worker of bot {bot_id} is not connected"}
        logger.bind(bot_id=bot_id, incarnation=life.incarnation).warning(
            "Bot {}: told to write its position off at {}", bot_id, price
        )
        return {"pid": life.identity.pid if life.identity else None}
