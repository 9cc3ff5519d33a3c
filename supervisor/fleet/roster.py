"""Observed state in memory: which bots there are, which lives they have, what was last heard.

Owned by the control loop; nothing else touches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from common.wire.facts import Checkpoint
from common.wire.messages import Goodbye, Heartbeat, Stacks
from common.wire.ticket import ExchangeTicket, TradeRow
from supervisor.fleet.vital_signs import VitalSigns
from supervisor.processes.lives import LifeRecord
from supervisor.processes.port import ProcessIdentity
from supervisor.reconcile.desire import Heed, Wish
from supervisor.reconcile.states import LiveWorker, ObservedBot, RestartHistory
from supervisor.store.bots import BotRow
from supervisor.store.supervision import Supervision


class Check(StrEnum):
    """What is known of a config's strategy and parameters, which only a worker can judge."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The newest config of a bot that passed every check: what its next life is born with."""

    generation: str
    config: dict[str, Any]
    name: str
    description: str | None
    user_id: int | None
    exchange: ExchangeTicket | None = None
    """Access to its exchange, credentials included; None when it needs none."""


@dataclass(slots=True, kw_only=True)
class Life:
    """One life and what goes with it beyond the pure view of it."""

    worker: LiveWorker
    bot_id: int
    token: str
    born_at: datetime
    output_file: Path | None = None
    """Where its stdout, stderr and stack dumps go; None where an earlier version did not say."""
    identity: ProcessIdentity | None = None
    """None until the launcher tells the pid."""
    renew_at: float = 0.0
    """Monotonic time from which the next heartbeat is answered by a new lease."""
    heartbeat: Heartbeat | None = None
    heartbeat_at: datetime | None = None
    goodbye: Goodbye | None = None
    replaced_for: str | None = None
    """Why it is ended for its own fault, in words; None while it is not."""
    stacks: Stacks | None = None
    """What its threads were doing when it was last asked."""
    signs: VitalSigns = field(default_factory=VitalSigns)
    """What the watchdog measured of it."""
    record: LifeRecord | None = None
    """What is on disk of it, for the next supervisor."""

    @property
    def incarnation(self) -> int:
        return self.worker.incarnation


@dataclass(slots=True, kw_only=True)
class Bot:
    """One bot: its row, what was made of it, and its life."""

    bot_id: int
    row: BotRow | None
    """None when the row is gone and only the end of the last life is awaited."""
    created_at: datetime | None = None
    """Of the row, kept when it is gone: the bot's folder is named by it."""
    supervision: Supervision
    written_supervision: Supervision | None = None
    status: str
    """The row's status as last read or written."""
    metadata: dict[str, Any]
    name: str = ""
    generation: str | None = None
    """Generation of the row's present config."""
    config: dict[str, Any] = field(default_factory=dict)
    """The row's present config, decoded, plain credentials blanked; meaningful unless its reading failed."""
    exchange: ExchangeTicket | None = None
    """Access to the exchange that the present config names."""
    config_enabled: bool = True
    check: Check = Check.UNKNOWN
    error: str | None = None
    """Why the row's present config cannot run."""
    reported_generation: str | None = None
    """Generation whose config error has been reported."""
    accepted: Accepted | None = None
    wish: Wish | None = None
    heed: Heed = field(default_factory=Heed)
    asked_pause: bool | None = None
    """A signal to its worker asked to pause (or resume); counts until the row says so."""
    held: bool = False
    """Failover mode stops its entries; its row does not say so."""
    warned: set[str] = field(default_factory=set)
    newest_incarnation: int | None = None
    life: Life | None = None
    history: RestartHistory = field(default_factory=RestartHistory)
    refused: bool = False
    refusal: str | None = None
    status_in_flight: bool = False
    marks_in_flight: dict[str, Any] = field(default_factory=dict)
    """What goes into `metadata` when the status in flight is written; None as value = the key goes."""
    generation_in_flight: str | None = None
    checkpoint: Checkpoint | None = None
    trades: tuple[TradeRow, ...] = ()
    error_count: int = 0
    started_at: datetime | None = None

    @property
    def paused(self) -> bool:
        """Whether the bot shall make no entries."""
        return self.held or self.wants_pause

    @property
    def wants_pause(self) -> bool:
        """Whether an operator wants the bot to make no entries."""
        if self.asked_pause is not None:
            return self.asked_pause
        return self.wish is not None and self.wish.paused

    def quarantine(self, generation: str | None, reason: str | None, at: datetime | None = None) -> None:
        """Note that the bot is parked for `generation`, or (None) no longer."""
        self.supervision = replace(
            self.supervision, quarantined_generation=generation, quarantine_reason=reason, quarantined_at=at
        )

    def unsettle(self, unsettled: bool) -> None:
        """Note whether the stop policy has still to be applied, should the bot stay off."""
        self.supervision = replace(self.supervision, unsettled=unsettled)

    def observed(self) -> ObservedBot:
        """The pure view that `decide` takes."""
        return ObservedBot(
            bot_id=self.bot_id,
            worker=self.life.worker if self.life else None,
            history=self.history,
            quarantined_generation=self.supervision.quarantined_generation,
            unsettled=self.supervision.unsettled,
            refused=self.refused,
        )


class Roster:
    """All bots, by id, and their lives, by incarnation."""

    def __init__(self) -> None:
        self._bots: dict[int, Bot] = {}
        self._lives: dict[int, Life] = {}

    def __iter__(self) -> Iterator[Bot]:
        return iter(self._bots.values())

    def __len__(self) -> int:
        return len(self._bots)

    def bot(self, bot_id: int) -> Bot | None:
        """The bot, if it is known."""
        return self._bots.get(bot_id)

    def add(self, bot: Bot) -> None:
        """Take a bot in."""
        self._bots[bot.bot_id] = bot

    def remove(self, bot_id: int) -> None:
        """Forget a bot that has no life."""
        self._bots.pop(bot_id, None)

    def life(self, incarnation: int) -> Life | None:
        """The life with this number, while it is not buried."""
        return self._lives.get(incarnation)

    def lives(self) -> list[Life]:
        """All lives that are not buried."""
        return list(self._lives.values())

    def begin(self, bot: Bot, life: Life) -> None:
        """A life begins; the bot must have none."""
        assert bot.life is None, f"bot {bot.bot_id} already lives"
        bot.life = life
        self._lives[life.incarnation] = life

    def bury(self, life: Life) -> Bot | None:
        """A life is proved gone; returns its bot if that is still known."""
        self._lives.pop(life.incarnation, None)
        bot = self._bots.get(life.bot_id)
        if bot is not None and bot.life is life:
            bot.life = None
        return bot
