"""The pages as a scraper and a probe read them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from waiting import PATIENCE

from common.clock import SystemClock
from common.wire.latency import Latency
from supervisor.telemetry.endpoint import TelemetryEndpoint
from supervisor.telemetry.prometheus import PrometheusMeter

ORDERS = {"answered": Latency().with_one_more(0.003).with_one_more(0.2).model_dump(mode="json")}
LIFE = {"phase": "running", "bars": 12, "order_latencies": ORDERS}
FLEET: dict[str, Any] = {
    "database": "up",
    "backlog": 3,
    "bots": [
        {"id": 7, "name": "seven", "status": "running", "failures": 0, "life": LIFE},
        {"id": 8, "name": 'odd "name"\n', "status": "error", "failures": 3, "life": None},
    ],
}


@pytest.fixture
def meter() -> PrometheusMeter:
    return PrometheusMeter()


@pytest.fixture
def endpoint(meter: PrometheusMeter) -> Iterator[TelemetryEndpoint]:
    listening = TelemetryEndpoint("127.0.0.1", 0, meter, SystemClock())
    yield listening
    listening.close()


def get(endpoint: TelemetryEndpoint, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(endpoint: TelemetryEndpoint) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    status, text = get(endpoint, "/metrics")
    assert status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_scrape_has_the_fleet_and_what_was_counted(endpoint: TelemetryEndpoint, meter: PrometheusMeter) -> None:
    meter.fleet(FLEET)
    meter.life_opened(7)
    meter.life_running(7, 9.5)
    meter.life_closed(7, "killed", 10.0)
    meter.life_opened(7)
    meter.life_running(7, 10.25)
    meter.incident("critical", "quarantine")
    meter.committed(40, 0.02, 2)
    meter.statement(0.001)
    meter.entry_received(5, 1.0)
    meter.entry_received(5, 1.5)
    meter.entries_acknowledged(5, 2.0)
    found = samples(endpoint)
    assert found["botvisor_bots", (("status", "running"),)] == 1
    assert found["botvisor_bots", (("status", "error"),)] == 1
    assert found["botvisor_bot_up", (("bot_id", "7"), ("name", "seven"))] == 1
    assert found["botvisor_bot_bars", (("bot_id", "7"),)] == 12
    answered = (("bot_id", "7"), ("stage", "answered"))
    assert found["botvisor_bot_order_seconds_count", answered] == 2
    assert found["botvisor_bot_order_seconds_sum", answered] == pytest.approx(0.203)
    assert found["botvisor_bot_order_seconds_bucket", (("bot_id", "7"), ("le", "0.005"), ("stage", "answered"))] == 1
    assert found["botvisor_recorder_backlog", ()] == 3
    assert found["botvisor_lives_ended_total", (("bot_id", "7"), ("cause", "killed"))] == 1
    assert found["botvisor_restarts_total", (("bot_id", "7"),)] == 1
    assert found["botvisor_restart_seconds_sum", ()] == 0.25
    assert found["botvisor_delivery_seconds_sum", ()] == 1.0
    assert found["botvisor_journal_entries_committed_total", ()] == 40
    assert found["botvisor_incidents_total", (("error_class", "quarantine"), ("severity", "critical"))] == 1
    assert found["botvisor_database_connections", ()] == 2


def test_probes_follow_the_control_loop(endpoint: TelemetryEndpoint, meter: PrometheusMeter) -> None:
    assert get(endpoint, "/livez")[0] == 503
    now = SystemClock().monotonic()
    meter.turned(now, database_up=False, started=False, stopping=False)
    assert [get(endpoint, page)[0] for page in ("/livez", "/readyz", "/healthz")] == [200, 503, 503]
    meter.turned(now, database_up=True, started=True, stopping=False)
    assert [get(endpoint, page)[0] for page in ("/livez", "/readyz", "/healthz")] == [200, 200, 200]
    meter.fleet(FLEET)
    status, text = get(endpoint, "/healthz")
    assert (status, json.loads(text)["status"]) == (200, "degraded")
    meter.turned(now, database_up=True, started=True, stopping=True)
    assert get(endpoint, "/readyz")[0] == 503


def test_an_unknown_page_names_those_there_are(endpoint: TelemetryEndpoint) -> None:
    status, text = get(endpoint, "/nothing")
    assert status == 404
    assert "/metrics" in text


def test_an_address_in_use_is_refused(endpoint: TelemetryEndpoint, meter: PrometheusMeter) -> None:
    with pytest.raises(OSError):
        TelemetryEndpoint("127.0.0.1", endpoint.port, meter, SystemClock())
