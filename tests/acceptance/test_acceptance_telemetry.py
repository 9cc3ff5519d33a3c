"""Metrics and health pages of a running service."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request

import psutil
import pytest
from builders import a_bot
from prometheus_client.parser import text_string_to_metric_families
from waiting import PATIENCE
from world import World

ANYWHERE = {"BOTVISOR_METRICS_ADDRESS": "127.0.0.1:0"}


def base_of(world: World) -> str:
    def announced() -> str | None:
        found = re.search(r"Metrics and health at (http://127\.0\.0\.1:\d+)", world.logged())
        return found and found[1]

    return str(world.wait("the address of the metrics", announced))


def get(base: str, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(base + page, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def value(base: str, name: str, **labels: str) -> float:
    """Sum of the samples that carry these labels."""
    families = text_string_to_metric_families(get(base, "/metrics")[1])
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_a_scrape_counts_lives_restarts_and_entries(world: World) -> None:
    bot_id = world.insert_bot(a_bot())
    world.start(**ANYWHERE)
    (pid,) = world.until_running(bot_id)
    base, bot = base_of(world), str(bot_id)
    world.wait("the fleet in the metrics", lambda: value(base, "botvisor_bots", status="running") == 1)
    world.wait("entries", lambda: value(base, "botvisor_journal_entries_committed_total") > 0)
    psutil.Process(pid).kill()
    world.until_replaced(bot_id, pid)
    world.wait("the restart is timed", lambda: value(base, "botvisor_restart_seconds_count") == 1)
    assert value(base, "botvisor_lives_ended_total", bot_id=bot, cause="killed") == 1
    assert value(base, "botvisor_restarts_total", bot_id=bot) == 1
    assert value(base, "botvisor_incidents_total") >= 1
    assert value(base, "botvisor_delivery_seconds_count") > 0
    assert value(base, "botvisor_database_statement_seconds_count") > 0
    assert value(base, "botvisor_bot_heartbeat_age_seconds", bot_id=bot) < PATIENCE


def test_each_bot_and_the_host_are_measured(lite_world: World) -> None:
    bot = str(lite_world.insert_bot(a_bot()))
    lite_world.start(**ANYWHERE, BOTVISOR_HEALTH_CHECK_INTERVAL="1")
    base = base_of(lite_world)
    measures = ("cpu_percent", "memory_bytes", "response_seconds", "errors_per_minute", "health")

    def measured() -> bool:
        text = get(base, "/metrics")[1]
        return all(f'botvisor_bot_{name}{{bot_id="{bot}"}}' in text for name in measures)

    lite_world.wait("the bot's four measures and its class", measured)
    assert value(base, "botvisor_bot_memory_bytes", bot_id=bot) > 10_000_000
    assert 0 < value(base, "botvisor_bot_response_seconds", bot_id=bot) < PATIENCE
    text = get(base, "/metrics")[1]
    for name in ("cpu_percent", "memory_percent", "disk_percent", "network_received_bytes"):
        assert f"botvisor_host_{name} " in text


def test_probes_tell_life_readiness_and_health(world: World) -> None:
    broken = world.insert_bot({"name": "broken", "symbol": "BTCUSDT"})
    world.start(**ANYWHERE)
    base = base_of(world)
    world.wait("readiness", lambda: get(base, "/readyz")[0] == 200)
    assert get(base, "/livez")[0] == 200
    world.until_status(broken, "error")

    def degraded() -> bool:
        status, text = get(base, "/healthz")
        return status == 200 and json.loads(text)["status"] == "degraded"

    world.wait("a bot in error degrades the whole", degraded)


@pytest.mark.slow
def test_before_the_database_is_reached_it_lives_and_is_not_ready(lite_world: World) -> None:
    lite_world.start(BOTVISOR_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", **ANYWHERE)
    base = base_of(lite_world)
    lite_world.wait("life", lambda: get(base, "/livez")[0] == 200)
    assert get(base, "/readyz")[0] == 503
    status, text = get(base, "/healthz")
    assert status == 503
    assert json.loads(text)["components"]["database"]["condition"] == "unhealthy"


@pytest.mark.slow
def test_an_address_that_cannot_be_had_costs_the_metrics_and_nothing_else(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start(BOTVISOR_METRICS_ADDRESS="192.0.2.1:9464")
    lite_world.until_running(bot_id)
    assert "nothing can listen there" in lite_world.logged()
    assert "must be host:port" in lite_world.botctl("status", check=False, BOTVISOR_METRICS_ADDRESS="9464").stderr
