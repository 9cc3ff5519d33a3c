"""What an operator asks of the running service, on the control socket or by a signal.

Belongs to the control loop: an answer is made at once from memory, what is asked for follows in the same turn.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from typing import Any

from loguru import logger

from supervisor.control.live_status import LiveStatus, status_lines
from supervisor.ending import Ending
from supervisor.fleet.roster import Roster
from supervisor.lives.write_offs import WriteOffs
from supervisor.monitoring.failover import FailoverSwitch
from supervisor.monitoring.stacks import StackQuestions
from supervisor.store.commands import RefreshBots
from supervisor.store.recorder import Recorder

_KNOWN = "status, stop, stack, stacks, failover, write_off"


class Requests:
    """Everything that may be asked, and what comes of it."""

    def __init__(
        self,
        roster: Roster,
        recorder: Recorder,
        ending: Ending,
        status: LiveStatus,
        stacks: StackQuestions,
        failover: FailoverSwitch,
        write_offs: WriteOffs,
    ) -> None:
        self._roster = roster
        self._recorder = recorder
        self._ending = ending
        self._status = status
        self._stacks = stacks
        self._failover = failover
        self._write_offs = write_offs

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request on the control socket. Raises ValueError for an unknown one."""
        match request:
            case {"do": "status"}:
                return self._status.document()
            case {"do": "stop"}:
                self._ending.stop_by_request(now=request.get("now") is True)
                return {"pid": os.getpid(), "stopping": True, "lives": len(self._roster.lives())}
            case {"do": "stack", "bot": int(bot_id)}:
                return self._stacks.ask(bot_id)
            case {"do": "stacks", "bot": int(bot_id), "question": int(question)}:
                return self._stacks.answer(bot_id, question)
            case {"do": "failover", "on": bool(on)}:
                return self._failover.switch(on)
            case {"do": "write_off", "bot": int(bot_id), "price": str(price)}:
                return self._write_offs.ask(bot_id, price)
        raise ValueError(f"unknown request {request.get('do')!r}; known: {_KNOWN}")

    def obey(self, signals: Iterable[signal.Signals]) -> bool:
        """Do what the signals ask for, in order; whether there were any."""
        obeyed = False
        for number in signals:
            obeyed = True
            self._obey(number)
        return obeyed

    def _obey(self, number: signal.Signals) -> None:
        match number.name:
            case "SIGTERM" | "SIGINT":
                self._ending.stop(number.name)
            case "SIGHUP":
                logger.info("SIGHUP: reading all rows again")
                self._recorder.submit(RefreshBots(whole=True))
            case "SIGUSR1":
                for line in status_lines(self._status.document()):
                    logger.info("{}", line)
            case "SIGUSR2":
                logger.info("SIGUSR2: leaving the workers to the next supervisor")
                self._ending.leave()
