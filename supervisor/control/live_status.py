"""The fleet as it is this moment: for the control socket, the status table in the log, and the service manager."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from common.clock import Clock
from common.wire.messages import Heartbeat
from supervisor.ending import Ending
from supervisor.fleet.roster import Bot, Life, Roster
from supervisor.monitoring.failover import FailoverSwitch
from supervisor.monitoring.host_watch import HostWatch
from supervisor.news import News
from supervisor.reconcile.states import RestartHistory
from supervisor.service_manager.report import summary_of
from supervisor.store.recorder import Recorder


class LiveStatus:
    """What is asked for when somebody asks how the fleet is."""

    def __init__(
        self,
        roster: Roster,
        news: News,
        recorder: Recorder,
        host: HostWatch,
        failover: FailoverSwitch,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._roster = roster
        self._news = news
        self._recorder = recorder
        self._host = host
        self._failover = failover
        self._ending = ending
        self._clock = clock

    def document(self) -> dict[str, Any]:
        """Everything a person or a program may ask about the running service."""
        now, wall = self._clock.monotonic(), self._clock.now()
        return {
            "pid": os.getpid(),
            "database": self._news.database_state,
            "backlog": self._recorder.backlog(),
            "host": self._host.document(),
            "failover": self._failover.document(),
            "bots": [_bot(bot, now, wall) for bot in sorted(self._roster, key=lambda bot: bot.bot_id)],
        }

    def summary(self) -> str:
        """One line for the service manager."""
        return summary_of(
            running=len(self._roster.lives()),
            in_error=sum(1 for bot in self._roster if bot.status == "error"),
            known=self._news.rows_known,
            database=self._news.database_state,
            stopping=self._ending.stopping,
        )


def status_lines(document: dict[str, Any]) -> list[str]:
    """The document as lines of a log."""
    head = f"{len(document['bots'])} bots, database {document['database']}, {document['backlog']} writes waiting"
    head += f", FAILOVER since {document['failover']['since']}: no entries" if document["failover"] else ""
    return [head, *(_line(bot) for bot in document["bots"])]


def _bot(bot: Bot, now: float, wall: datetime) -> dict[str, Any]:
    life = bot.life
    return {
        "id": bot.bot_id,
        "name": bot.name,
        "status": bot.status,
        "generation": bot.generation,
        "error": bot.refusal or bot.error,
        "failures": bot.history.failures,
        "newest_life": bot.newest_incarnation,
        "next_start_in": _wait(bot.history, now) if life is None else None,
        "life": None if life is None else _life(life, now, wall),
    }


def _life(life: Life, now: float, wall: datetime) -> dict[str, Any]:
    worker, beat = life.worker, life.heartbeat
    return {
        "incarnation": life.incarnation,
        "pid": life.identity.pid if life.identity else None,
        "phase": str(worker.phase),
        "stopping": str(worker.stop.rung.name).lower() if worker.stop else None,
        "adopted": worker.adopted,
        "generation": worker.generation,
        "uptime": round(now - worker.started_at, 1),
        "heartbeat_age": round((wall - life.heartbeat_at).total_seconds(), 1) if life.heartbeat_at else None,
        "progress_age": round(now - worker.last_progress_at, 1),
        "bars": beat.bars if beat else None,
        "last_bar_at": beat.last_bar_at.isoformat() if beat and beat.last_bar_at else None,
        "equity": beat.equity if beat else None,
        "position": beat.position if beat else None,
        "paused": worker.paused,
        "unacknowledged": beat.unacknowledged if beat else None,
        "order_latencies": _latencies(beat),
        **_health(life),
    }


def _latencies(beat: Heartbeat | None) -> dict[str, Any] | None:
    if beat is None or beat.order_latencies is None:
        return None
    return {stage: latency.model_dump(mode="json") for stage, latency in beat.order_latencies.items()}


def _health(life: Life) -> dict[str, Any]:
    signs = life.signs
    assessment, shares = signs.checkup.assessment, signs.shares
    rate = signs.error_rate()
    return {
        "health": assessment.health.word,
        "health_class": int(assessment.health),
        "health_reasons": list(assessment.reasons),
        "failed_checks": max(signs.checkup.missed, signs.checkup.failed),
        "cpu_percent": None if signs.cpu_percent is None else round(signs.cpu_percent, 1),
        "memory_bytes": signs.memory_bytes,
        "memory_mb": _megabytes(signs.memory_bytes),
        "memory_pss_mb": _megabytes(shares.proportional if shares else None),
        "memory_uss_mb": _megabytes(shares.unique if shares else None),
        "response_time": None if signs.response_time is None else round(signs.response_time, 4),
        "errors": life.heartbeat.errors if life.heartbeat else None,
        "errors_per_minute": None if rate is None else round(rate, 1),
    }


def _megabytes(amount: int | None) -> float | None:
    return None if amount is None else round(amount / 1_000_000, 1)


def _wait(history: RestartHistory, now: float) -> float | None:
    return None if history.next_start_at is None else round(max(0.0, history.next_start_at - now), 1)


def _line(bot: dict[str, Any]) -> str:
    life = bot["life"]
    if life is None:
        return f"bot {bot['id']} {bot['name']}: {bot['status']}" + (f", {bot['error']}" if bot["error"] else "")
    return (
        f"bot {bot['id']} {bot['name']}: {bot['status']}, pid {life['pid']}, life {life['incarnation']}, "
        f"{life['health']}, {life['bars'] or 0} bars, {life['position'] or 'flat'}"
    )
