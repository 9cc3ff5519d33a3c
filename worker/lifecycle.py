"""One life of one bot, from ticket to exit code.

Two threads: the main thread trades (and writes the journal), the io thread talks to the supervisor. If
either dies the life ends.
"""

from __future__ import annotations

import decimal
import faulthandler
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import FrameType
from typing import Literal

from loguru import logger

from common import logs
from common.clock import Clock, SystemClock
from common.crash_points import reach
from common.error_class import ErrorClass, classify
from common.errors import ConfigurationError
from common.exit_status import ExitStatus
from common.spec import BotSpec, read_spec
from common.trading.money import CONTEXT
from common.wire.facts import AnyFact, Checkpoint
from common.wire.launch import LIFE_MARKER
from common.wire.messages import Drain, Goodbye, Hello, Phase
from common.wire.ticket import Ticket
from worker.engine.run import Outcome, Trading
from worker.link.dealer import Link
from worker.link.journal import Journal
from worker.link.patient_journal import PatientJournal
from worker.lock import LifeLock, LockHeldError
from worker.ownership import newer, refuse_foreign, signed
from worker.pid_file import PidFile
from worker.progress import Progress
from worker.venue.exchange_port import ExchangeError

_FLUSH_SECONDS = 5.0

Cause = Literal["drained", "terminated", "hangup", "orphaned"]


@dataclass(slots=True)
class _Ending:
    """Why this life ends; the first cause stands."""

    cause: Cause | None = None
    detail: str | None = None

    def note(self, cause: Cause, detail: str | None = None) -> None:
        if self.cause is None:
            self.cause, self.detail = cause, detail


def live(ticket: Ticket) -> int:
    """Live the life of `ticket`; returns the exit code."""
    decimal.setcontext(CONTEXT.copy())
    errors = _set_up_logs(ticket)
    faulthandler.enable(all_threads=True)
    sys.stderr.write(LIFE_MARKER.format(ticket.incarnation) + "\n")
    sys.stderr.flush()
    try:
        with LifeLock(ticket.places.state_dir, ticket.incarnation), PidFile(ticket.places.pid_file):
            reach("life.locked")
            return _Life(ticket, SystemClock(), errors).run()
    except LockHeldError as error:
        logger.error("{}", error)
        return ExitStatus.LOCKED
    except Exception:  # noqa: BLE001 - the file that people read must have it; the traceback is in the line
        logger.exception("This life could not begin")
        return ExitStatus.FAILED


def _set_up_logs(ticket: Ticket) -> logs.ErrorCount:
    logs.reset()
    logs.register_secret(ticket.link.token)
    logs.register_secrets_of(ticket.config)
    if ticket.exchange is not None:
        logs.register_secrets_of(ticket.exchange.options)
        for text in ticket.exchange.credentials.texts() if ticket.exchange.credentials else ():
            logs.register_secret(text)
    logs.add_json_file(
        ticket.places.log_file,
        level=ticket.log_level,
        rotation_mb=ticket.log_rotation_mb,
        keep=ticket.log_keep,
        process="worker",
        bot_id=ticket.row.bot_id,
        incarnation=ticket.incarnation,
    )
    return logs.add_error_count()


class _Life:
    """The parts of a life and how they end together."""

    def __init__(self, ticket: Ticket, clock: Clock, errors: logs.ErrorCount) -> None:
        self._ticket = ticket
        self._clock = clock
        self._ending = _Ending()
        folder = ticket.places.state_dir / "journal"
        self._progress = Progress(paused=ticket.paused, last_round=clock.monotonic())
        self._progress.errors = errors
        self._journal = Journal.open(folder, ticket.incarnation, clock)
        self._patient = PatientJournal(self._journal, clock, lambda: self._stop_wanted is not None, self._still_here)
        self._trading: Trading | None = None
        self._stop_wanted: bool | None = None
        self._paused = ticket.paused
        self._throttle = 0.0
        self._link = Link(
            ticket.link,
            folder,
            self._progress,
            Hello(
                token=ticket.link.token,
                incarnation=ticket.incarnation,
                pid=os.getpid(),
                generation=ticket.generation,
            ),
            on_drain=self._drain,
            on_pause=self._pause,
            on_orphaned=self._orphaned,
            on_failed=self._link_failed,
            on_probe=self._probe,
            on_throttle=self._throttled,
            on_write_off=self._write_off,
            clock=clock,
        )
        self._progress.on_phase = self._link.wake

    def run(self) -> int:
        self._catch_signals()
        self._link.start()
        try:
            spec = self._spec()
            code, goodbye = self._trade(spec)
        except ConfigurationError as error:
            logger.error("This bot cannot run: {}", error)
            said = str(ErrorClass.CONFIGURATION)
            code, goodbye = ExitStatus.BAD_SPEC, Goodbye(cause="bad_spec", detail=str(error), error_class=said)
        except ExchangeError as error:
            said = self._error_class(error)
            logger.bind(error_class=said).error("The exchange cannot be traded at (class {}): {}", said, error)
            code = ExitStatus.BAD_CREDENTIALS if said == ErrorClass.AUTHENTICATION else ExitStatus.FAILED
            goodbye = Goodbye(cause="failed", detail=f"{type(error).__name__}: {error}", error_class=said)
        except SystemExit as error:
            logger.exception("The strategy tried to end the process")
            said, detail = str(ErrorClass.STRATEGY), f"the strategy called exit({error.code!r})"
            code, goodbye = ExitStatus.FAILED, Goodbye(cause="failed", detail=detail, error_class=said)
        except Exception as error:  # noqa: BLE001 - the outermost edge of the trading thread: whatever it was, say so and leave
            said = self._error_class(error)
            logger.bind(error_class=said).exception("The trading loop failed (class {})", said)
            detail = f"{type(error).__name__}: {error}"
            code = ExitStatus.BAD_CREDENTIALS if said == ErrorClass.AUTHENTICATION else ExitStatus.FAILED
            goodbye = Goodbye(cause="failed", detail=detail, error_class=said)
        self._progress.phase = Phase.STOPPING
        self._journal.close()
        self._link.finish(goodbye, self._flush_seconds(code))
        # A finished bot has no next life, so one whose last facts are still here must not count as finished.
        if code == ExitStatus.FINISHED and self._link.failure is not None:
            return ExitStatus.FAILED
        if not self._link.delivered():
            logger.warning("Not everything was recorded in time; the bot's next life delivers the rest")
            return ExitStatus.OK if code == ExitStatus.FINISHED else code
        return code

    def _error_class(self, error: Exception) -> str:
        """What nobody foresaw in the trading thread comes out of the strategy's code; in the link it is ours."""
        ours = error is self._link.failure
        return str(classify(error, ErrorClass.SYSTEM if ours else ErrorClass.STRATEGY))

    def _spec(self) -> BotSpec:
        reading = read_spec(self._ticket.config, self._ticket.row)
        if reading.spec is None:
            raise ConfigurationError("; ".join(problem.message for problem in reading.errors))
        return reading.spec

    def _trade(self, spec: BotSpec) -> tuple[ExitStatus, Goodbye]:
        recorded = self._ticket.recovery.checkpoint
        refuse_foreign(recorded, self._ticket)
        local = self._journal.newest_checkpoint()
        checkpoint = newer(local, recorded)
        if recorded is not None and checkpoint is recorded and local is not None:
            self._journal.begin_anew("the database knows a newer state than this journal")
        logger.info(
            "Life {} of {} begins{}",
            self._ticket.incarnation,
            spec.name,
            f" after the bar of {checkpoint.bar_at}" if checkpoint is not None and checkpoint.bar_at else "",
        )
        trading = Trading(
            spec,
            self._ticket,
            checkpoint,
            self._commit,
            self._progress,
            self._clock,
            may_buy=self._link.may_trade,
        )
        self._trading = trading
        trading.set_paused(self._paused)
        trading.set_throttle(self._throttle)
        if self._stop_wanted is not None:
            trading.request_stop(apply_on_stop=self._stop_wanted)
        outcome = trading.run()
        if self._link.failure is not None:
            raise self._link.failure
        if outcome is Outcome.FINISHED:
            logger.info("The feed came to its end; the bot has finished")
            return ExitStatus.FINISHED, Goodbye(cause="finished")
        cause = self._ending.cause or "drained"
        logger.info("This life ends: {}", self._ending.detail or cause)
        if outcome is Outcome.UNSETTLED and cause != "orphaned":
            return ExitStatus.UNSETTLED, Goodbye(cause="unsettled", detail=self._ending.detail)
        code = ExitStatus.ORPHANED if cause == "orphaned" else ExitStatus.OK
        return code, Goodbye(cause=cause, detail=self._ending.detail)

    def _commit(
        self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, durable: bool = False
    ) -> None:
        owned = signed(checkpoint, self._ticket.bot_uid)
        self._patient.append(facts, owned, deliver=deliver, durable=durable)
        if facts or deliver:
            self._link.wake()

    def _still_here(self) -> None:
        self._progress.last_round = self._clock.monotonic()

    def _flush_seconds(self, code: int) -> float:
        """A bot that finished or shall be off has no next life to deliver its facts: it waits as long as an orphan may.

        An orphan has waited that long already.
        """
        if code == ExitStatus.ORPHANED:
            return 0.0
        last = code == ExitStatus.FINISHED or (code == ExitStatus.OK and self._stop_wanted)
        return self._ticket.link.orphan_grace if last else _FLUSH_SECONDS

    def _catch_signals(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._on_signal)
        if hasattr(signal, "SIGUSR1"):
            signal.signal(signal.SIGUSR1, self._dump_stacks)
        if hasattr(signal, "SIGUSR2"):
            signal.signal(signal.SIGUSR2, self._toggle_pause)

    def _dump_stacks(self, number: int, frame: FrameType | None) -> None:
        # With the interpreter's lock held: faulthandler's own handler runs beside the other threads, reads their
        # stacks while they change, and now and then takes a healthy process down with it.
        faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
        self._link.tell_stacks()

    def _toggle_pause(self, number: int, frame: FrameType | None) -> None:
        """At once, also while no supervisor is there to be asked; the supervisor makes it the row's status."""
        paused = not self._paused
        logger.info("SIGUSR2: {}", "no entries from now on" if paused else "entries are allowed again")
        self._pause(paused)
        self._progress.pause_wish = paused
        self._link.wake()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        hangup = hasattr(signal, "SIGHUP") and number == signal.SIGHUP
        self._end("hangup" if hangup else "terminated", signal.Signals(number).name, apply_on_stop=False)

    def _drain(self, drain: Drain) -> None:
        self._end("drained", drain.reason, apply_on_stop=drain.apply_on_stop)

    def _orphaned(self) -> None:
        logger.warning("No supervisor for {:.0f} s: leaving", self._ticket.link.orphan_grace)
        self._end("orphaned", "no supervisor within the grace", apply_on_stop=True)

    def _end(self, cause: Cause, detail: str | None, *, apply_on_stop: bool) -> None:
        self._ending.note(cause, detail)
        self._stop_wanted = apply_on_stop
        if self._trading is not None:
            self._trading.request_stop(apply_on_stop=apply_on_stop)

    def _link_failed(self, error: BaseException) -> None:
        self._stop_wanted = self._stop_wanted or False
        if self._trading is not None:
            self._trading.request_stop()

    def _pause(self, paused: bool) -> None:
        self._paused = paused
        if self._trading is not None:
            self._trading.set_paused(paused)

    def _probe(self, number: int) -> None:
        self._progress.probe = number
        if self._trading is not None:
            self._trading.nudge()

    def _write_off(self, price: Decimal) -> None:
        if self._trading is None:
            logger.warning("told to write the position off before trading has begun; nothing is done")
        else:
            self._trading.write_off(price)

    def _throttled(self, seconds: float) -> None:
        self._throttle = seconds
        if self._trading is not None:
            self._trading.set_throttle(seconds)
