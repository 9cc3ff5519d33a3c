"""The meter that Prometheus reads."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from supervisor.telemetry.fleet_metrics import FleetCollector
from supervisor.telemetry.pulse import Pulse

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class PrometheusMeter:
    """Counts and times; every metric is safe to tell from any thread, the rest belongs to the control loop."""

    listens = True

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.pulse = Pulse()
        """Replaced as a whole, so that a reader never sees half of it."""
        self._ended_at: dict[int, float] = {}
        self._received_at: dict[int, float] = {}
        self._lock = threading.Lock()
        self._make()
        self.registry.register(FleetCollector(lambda: self.pulse.fleet))

    def _make(self) -> None:
        registry = self.registry
        self._up = Gauge("botvisor_database_up", "1 while the database answers", registry=registry)
        self._starts = Counter("botvisor_lives_started", "Lives that were begun", ["bot_id"], registry=registry)
        self._ends = Counter("botvisor_lives_ended", "Lives that ended", ["bot_id", "cause"], registry=registry)
        self._restarts = Counter("botvisor_restarts", "Lives that followed another one", ["bot_id"], registry=registry)
        self._incidents = Counter(
            "botvisor_incidents", "Incidents recorded", ["severity", "error_class"], registry=registry
        )
        self._entries = Counter("botvisor_journal_entries_committed", "Journal entries committed", registry=registry)
        self._acks = Counter("botvisor_acknowledgements", "Acknowledgements sent", registry=registry)
        self._connections = Gauge("botvisor_database_connections", "Connections in use", registry=registry)
        self._notified = Counter(
            "botvisor_notifications", "Attempts to notify", ["channel", "outcome"], registry=registry
        )
        self._waiting = Gauge("botvisor_notifications_waiting", "Notifications on their way", registry=registry)
        self._restart_seconds = self._histogram("restart", "From the end of a life to its successor trading")
        self._delivery_seconds = self._histogram("delivery", "From a journal entry's arrival to its acknowledgement")
        self._commit_seconds = self._histogram("ledger_commit", "One transaction of the ledger")
        self._statement_seconds = self._histogram("database_statement", "One statement in the database")

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"botvisor_{name}_seconds", text, buckets=_SECONDS, registry=self.registry)

    def page(self) -> bytes:
        """All metrics in Prometheus' text format. From any thread."""
        with self._lock:
            return generate_latest(self.registry)

    def turned(self, now: float, *, database_up: bool, started: bool, stopping: bool) -> None:
        """Note the sign of life."""
        pulse = self.pulse
        if pulse.database_up is not database_up:
            self._up.set(database_up)
        self.pulse = replace(pulse, turned_at=now, database_up=database_up, started=started, stopping=stopping)

    def fleet(self, document: dict[str, Any]) -> None:
        """Keep the newest document."""
        self.pulse = replace(self.pulse, fleet=document)

    def life_opened(self, bot_id: int) -> None:
        """Count a start, and a restart when there was a life before."""
        self._starts.labels(bot_id).inc()
        if bot_id in self._ended_at:
            self._restarts.labels(bot_id).inc()

    def life_running(self, bot_id: int, now: float) -> None:
        """Time the restart, if it was one."""
        ended = self._ended_at.pop(bot_id, None)
        if ended is not None:
            self._restart_seconds.observe(max(0.0, now - ended))

    def life_closed(self, bot_id: int, cause: str, now: float) -> None:
        """Count an end."""
        self._ends.labels(bot_id, cause).inc()
        self._ended_at[bot_id] = now

    def incident(self, severity: str, error_class: str) -> None:
        """Count an incident."""
        self._incidents.labels(severity, error_class).inc()

    def entry_received(self, incarnation: int, now: float) -> None:
        """Begin to time the delivery of the oldest entry that waits."""
        self._received_at.setdefault(incarnation, now)

    def entries_acknowledged(self, incarnation: int, now: float) -> None:
        """Count it, and time the delivery."""
        self._acks.inc()
        received = self._received_at.pop(incarnation, None)
        if received is not None:
            self._delivery_seconds.observe(max(0.0, now - received))

    def committed(self, entries: int, seconds: float, connections: int) -> None:
        """Count and time a transaction of the ledger."""
        self._entries.inc(entries)
        self._commit_seconds.observe(seconds)
        self._connections.set(connections)

    def statement(self, seconds: float) -> None:
        """Time a statement."""
        self._statement_seconds.observe(seconds)

    def notified(self, channel: str, outcome: str) -> None:
        """Count it."""
        self._notified.labels(channel, outcome).inc()

    def news_waiting(self, count: int) -> None:
        """Keep the count."""
        self._waiting.set(count)
