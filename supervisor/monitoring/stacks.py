"""What workers' threads are doing, asked for by `botctl stack` or by a signal to a worker.

Belongs to the control loop: a question is a message, the answer comes when the worker's link thread gets to it,
and whoever asked looks for it again.
"""

from __future__ import annotations

from typing import Any

from loguru import logger

from common.wire.messages import Stacks, TellStacks
from supervisor.fleet.roster import Life, Roster
from supervisor.intake.router import Router
from supervisor.record.pen import Record


class StackQuestions:
    """The questions under way; the newest answer of each life is kept while it lives."""

    def __init__(self, roster: Roster, router: Router, record: Record) -> None:
        self._roster = roster
        self._router = router
        self._record = record
        self._number = 0

    def ask(self, bot_id: int) -> dict[str, Any]:
        """Ask a bot's worker; the answer is `{"question": n}`, or `{"error": …}` when there is nobody to ask."""
        life = self._life(bot_id)
        if life is None:
            return {"error": f"bot {bot_id} has no worker now"}
        self._number += 1
        if not self._router.send(life.incarnation, TellStacks(question=self._number)):
            return {"error": f"the worker of bot {bot_id} is not connected"}
        return {"question": self._number, "pid": life.identity.pid if life.identity else None}

    def answer(self, bot_id: int, question: int) -> dict[str, Any]:
        """The stacks told in answer to `question`, None in `text` while they have not come."""
        life = self._life(bot_id)
        told = life.stacks if life is not None else None
        return {"text": told.text if told is not None and told.asked == question else None}

    def heard(self, life: Life, stacks: Stacks) -> None:
        """A worker told its stacks; those that a signal asked for become an incident."""
        life.stacks = stacks
        if stacks.asked is None:
            logger.bind(bot_id=life.bot_id, incarnation=life.incarnation).info(
                "Bot {}: its stacks, asked for by a signal, are in an incident", life.bot_id
            )
            self._record.stacks_told(life, stacks.text)

    def _life(self, bot_id: int) -> Life | None:
        bot = self._roster.bot(bot_id)
        return bot.life if bot is not None else None
