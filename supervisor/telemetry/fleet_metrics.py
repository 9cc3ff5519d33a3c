"""The fleet's present state as metrics, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from common.wire.latency import Latency

STATUSES = ("running", "starting", "stopping", "restarting", "paused", "stopped", "error", "disabled", "enabled")

_OF_A_LIFE = (
    ("botvisor_bot_heartbeat_age_seconds", "Seconds since the bot was last heard", "heartbeat_age"),
    ("botvisor_bot_progress_age_seconds", "Seconds since its trading loop last moved", "progress_age"),
    ("botvisor_bot_uptime_seconds", "Seconds since its present life began", "uptime"),
    ("botvisor_bot_bars", "Bars processed in its present life", "bars"),
    ("botvisor_bot_journal_depth", "Journal entries not yet acknowledged", "unacknowledged"),
    ("botvisor_bot_cpu_percent", "CPU use in percent of one core", "cpu_percent"),
    ("botvisor_bot_memory_bytes", "Resident memory", "memory_bytes"),
    ("botvisor_bot_response_seconds", "Time its trading loop took to answer", "response_time"),
    ("botvisor_bot_errors_per_minute", "Errors it logged a minute", "errors_per_minute"),
    ("botvisor_bot_health", "0 healthy, 1 degraded, 2 unhealthy, 3 dead", "health_class"),
)
_OF_THE_HOST = (
    ("botvisor_host_cpu_percent", "CPU use of the host", "cpu_percent"),
    ("botvisor_host_memory_percent", "Memory use of the host", "memory_percent"),
    ("botvisor_host_disk_percent", "Use of the state folder's file system", "disk_percent"),
    ("botvisor_host_network_sent_bytes", "Bytes the host has sent since boot", "network_bytes_sent"),
    ("botvisor_host_network_received_bytes", "Bytes the host has received since boot", "network_bytes_received"),
    ("botvisor_host_throttled", "1 while bots are slowed down", "throttled"),
)


class FleetCollector(Collector):
    """Reads the newest document; what a document does not say is left out."""

    def __init__(self, document: Callable[[], Mapping[str, Any]]) -> None:
        self._document = document

    def collect(self) -> Iterable[Metric]:
        """One family after the other."""
        document = self._document()
        bots = list(document.get("bots", ()))
        yield self._by_status(bots)
        yield self._up(bots)
        for name, text, key in _OF_A_LIFE:
            yield self._of_lives(bots, name, text, key)
        yield self._failures(bots)
        yield self._orders(bots)
        yield from self._of_host(document.get("host") or {})
        backlog = GaugeMetricFamily("botvisor_recorder_backlog", "Writes waiting for the database")
        backlog.add_metric([], float(document.get("backlog", 0)))
        yield backlog

    def _by_status(self, bots: list[Mapping[str, Any]]) -> Metric:
        family = GaugeMetricFamily("botvisor_bots", "Bots by status", labels=["status"])
        counts = dict.fromkeys(STATUSES, 0)
        for bot in bots:
            counts[bot["status"]] = counts.get(bot["status"], 0) + 1
        for status, count in counts.items():
            family.add_metric([status], count)
        return family

    def _up(self, bots: list[Mapping[str, Any]]) -> Metric:
        family = GaugeMetricFamily("botvisor_bot_up", "1 while the bot has a trading life", labels=["bot_id", "name"])
        for bot in bots:
            life = bot["life"]
            family.add_metric([str(bot["id"]), bot["name"]], float(bool(life and life["phase"] == "running")))
        return family

    def _of_lives(self, bots: list[Mapping[str, Any]], name: str, text: str, key: str) -> Metric:
        family = GaugeMetricFamily(name, text, labels=["bot_id"])
        for bot in bots:
            value = (bot["life"] or {}).get(key)
            if value is not None:
                family.add_metric([str(bot["id"])], float(value))
        return family

    def _of_host(self, host: Mapping[str, Any]) -> Iterable[Metric]:
        for name, text, key in _OF_THE_HOST:
            if host.get(key) is not None:
                yield GaugeMetricFamily(name, text, value=float(host[key]))

    def _orders(self, bots: list[Mapping[str, Any]]) -> Metric:
        text = "How long orders of its present life took from the decision to `sending` and to the exchange's answer"
        family = HistogramMetricFamily("botvisor_bot_order_seconds", text, labels=["bot_id", "stage"])
        for bot in bots:
            for stage, told in ((bot["life"] or {}).get("order_latencies") or {}).items():
                latency = Latency.model_validate(told)
                family.add_metric([str(bot["id"]), stage], latency.buckets, latency.total)
        return family

    def _failures(self, bots: list[Mapping[str, Any]]) -> Metric:
        family = GaugeMetricFamily("botvisor_bot_failures", "Failures in a row", labels=["bot_id"])
        for bot in bots:
            family.add_metric([str(bot["id"])], float(bot["failures"]))
        return family
