"""What the recorder tells: rows read, facts committed, statuses written, the database gone and back.

Belongs to the control loop. `take` returns whether something of weight changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from loguru import logger

from common.clock import Clock, SystemClock
from common.crash_points import reach
from common.errors import BotvisorError
from common.wire.facts import AnyFact, EntryDenied, IncidentReported, TradeChanged
from supervisor.fleet.enrolment import Enrolment
from supervisor.fleet.roster import Roster
from supervisor.fleet.ticketing import TicketOffice
from supervisor.host.state_folder import StateFolder
from supervisor.intake.router import Router
from supervisor.reconcile.desire import Heed
from supervisor.record.incidents import ERRORS
from supervisor.record.pen import Record
from supervisor.store.commands import RefreshBots, ReserveIncarnations
from supervisor.store.events import (
    BotsRead,
    DatabaseAway,
    DatabaseBack,
    DatabaseReady,
    DatabaseRefused,
    Delivery,
    EntriesRecorded,
    Event,
    IncarnationsReserved,
    RecorderStopped,
    StatusWritten,
    WishWritten,
)
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter

BLOCK = 200
_LOW = 100


class News:
    """The recorder's events, taken in."""

    def __init__(
        self,
        roster: Roster,
        enrolment: Enrolment,
        router: Router,
        record: Record,
        recorder: Recorder,
        folder: StateFolder,
        office: TicketOffice,
        meter: Meter = SILENT,
        clock: Clock | None = None,
    ) -> None:
        self._roster = roster
        self._enrolment = enrolment
        self._router = router
        self._record = record
        self._recorder = recorder
        self._folder = folder
        self._office = office
        self._meter = meter
        self._clock = clock or SystemClock()
        self._incarnations: deque[int] = deque()
        self._reserving = False
        self.rows_known = False
        """Whether the rows have been read at least once: before that nothing may be decided."""
        self.database_up = False
        self.database_state = "not reached yet"
        self.refused: BotvisorError | None = None
        self.recorder_ended = False

    def next_incarnation(self) -> int | None:
        """A number for a new life; None while the database is away and the reserve is used up."""
        if len(self._incarnations) <= _LOW and not self._reserving:
            self._reserving = True
            self._recorder.submit(ReserveIncarnations(BLOCK))
        return self._incarnations.popleft() if self._incarnations else None

    def take(self, events: Iterable[Event]) -> bool:
        """Take the events in, in order."""
        changed = False
        for event in events:
            changed |= self._take(event)
        return changed

    def _take(self, event: Event) -> bool:
        match event:
            case EntriesRecorded(deliveries):
                for delivery in deliveries:
                    self._delivered(delivery)
                return False
            case StatusWritten():
                return self._status_written(event)
            case WishWritten():
                return self._wish_written(event)
            case BotsRead():
                self._rows(event)
            case IncarnationsReserved(block):
                self._reserving = False
                reach("incarnations.received")
                self._incarnations.extend(block)
            case DatabaseReady():
                self._ready(event)
            case DatabaseAway() | DatabaseBack():
                self._weather(event)
                return False
            case DatabaseRefused(error):
                self.refused, self.recorder_ended = error, True
            case RecorderStopped():
                self._ended(event)
        return True

    def _ready(self, event: DatabaseReady) -> None:
        self._folder.remember_database(event.database_uuid)
        self._office.database_uuid = event.database_uuid
        reach("incarnations.received")
        self._incarnations.extend(event.incarnation_block)
        self._enrolment.crash_start = event.crashed_claim
        self.database_up, self.database_state = True, "up"
        how = "after a crash: bots that were running come first" if event.crashed_claim else "clean"
        logger.info("Database ready ({}); start is {}", event.dialect, how)

    def _weather(self, event: DatabaseAway | DatabaseBack) -> None:
        if isinstance(event, DatabaseBack):
            self.database_up, self.database_state = True, "up"
            self._record.recoveries.database_back()
            logger.info("The database is back after {:.1f} s", event.away_for)
            return
        self.database_up, self.database_state = False, f"away: {event.reason}"
        self._record.database_away(event.reason)
        logger.warning("The database is away ({}); next try in {:.1f} s, bots go on", event.reason, event.retry_in)

    def _rows(self, event: BotsRead) -> None:
        if event.secrets is not None:
            self._enrolment.take_secrets(event.secrets)
        seen = {row.id for row in event.rows}
        for row in event.rows:
            try:
                bot = self._enrolment.take(row)
            except Exception:  # noqa: BLE001 - one row that nobody foresaw must not end the others' supervision
                logger.bind(bot_id=row.id).exception("Bot {}: its row cannot be taken in; it is left as it was", row.id)
                continue
            bot.heed = Heed() if bot.status == bot.supervision.last_status else bot.heed
        gone = [bot.bot_id for bot in self._roster if event.first and bot.bot_id not in seen]
        for bot_id in (*event.removed, *gone):
            logger.bind(bot_id=bot_id).info("Bot {}: its row is gone", bot_id)
            self._enrolment.forget(bot_id)
        if not self.rows_known:
            logger.info("{} bots read from the database", len(event.rows))
        self.rows_known = True

    def _delivered(self, delivery: Delivery) -> None:
        reach("acknowledgement.before_send")
        self._router.ack(delivery.incarnation, delivery.journal_id, delivery.up_to_seq)
        reach("acknowledgement.after_send")
        if self._meter.listens:
            self._meter.entries_acknowledged(delivery.incarnation, self._clock.monotonic())
        for fact in delivery.facts:
            if isinstance(fact, IncidentReported) and fact.severity in ERRORS:
                self._record.incidents.on_error()
        bot = self._roster.bot(delivery.bot_id)
        if bot is not None and delivery.checkpoint is not None:
            bot.checkpoint = delivery.checkpoint
            bot.trades = ()
        for fact in delivery.facts:
            _tell(delivery.bot_id, fact)
        if delivery.dead_letters:
            logger.bind(bot_id=delivery.bot_id).error(
                "Bot {}: {} journal entries were refused by the database and set aside in dead_letters",
                delivery.bot_id,
                delivery.dead_letters,
            )

    def _status_written(self, event: StatusWritten) -> bool:
        bot = self._roster.bot(event.bot_id)
        if bot is None or event.status is None:
            return False
        if not self._record.rows.written(bot, event):
            if event.found == bot.status:
                return True  # the change that was in the way has been told meanwhile
            self._recorder.submit(RefreshBots())
            return False
        bot.heed = Heed()
        self._enrolment.renew_wish(bot)
        return True

    def _wish_written(self, event: WishWritten) -> bool:
        bot = self._roster.bot(event.bot_id)
        if bot is None:
            return False
        self._record.rows.pause_written(bot, event)
        self._enrolment.renew_wish(bot)
        return True

    def _ended(self, event: RecorderStopped) -> None:
        self.recorder_ended = True
        if not event.flushed:
            logger.warning(
                "{} writes could not be made before the stop; workers' facts wait in their journals", event.left
            )


def _tell(bot_id: int, fact: AnyFact) -> None:
    """Trades and refusals that are in the database now, each under the correlation id its worker logged it with."""
    if isinstance(fact, TradeChanged):
        log = logger.bind(bot_id=bot_id, correlation_id=fact.details.get("correlation_id"))
        log.debug("Bot {}: {} trade of {} {} is recorded", bot_id, fact.status, fact.size, fact.symbol)
    elif isinstance(fact, EntryDenied):
        log = logger.bind(bot_id=bot_id, correlation_id=fact.correlation_id)
        log.debug("Bot {}: a refused signal is recorded: {}", bot_id, fact.rule)
