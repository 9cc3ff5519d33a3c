"""News on its way from a bot's trade to the channel of choice, with a real supervisor and real servers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from builders import a_bot
from harmful_plugins import write_harmful_plugins
from sinks import MailSink, WebSink
from world import World


@pytest.fixture
def web() -> Iterator[WebSink]:
    sink = WebSink()
    yield sink
    sink.close()


@pytest.fixture
def mail() -> Iterator[MailSink]:
    sink = MailSink()
    yield sink
    sink.close()


def events(sink: WebSink, path: str, event: str, bot_id: int | None = None) -> list[dict[str, Any]]:
    """Events of a kind that came to a path, taken out of messages that share several."""
    bodies = [one for body in sink.at(path) for one in body.get("events", [body])]
    return [one for one in bodies if one["event"] == event and bot_id in (None, one["bot_id"])]


def a_teller(url: str, cash: float = 10_000, **notifications: Any) -> dict[str, Any]:
    told = {"webhook_enabled": True, "webhook_url": url, **notifications}
    return a_bot(broker={"cash": cash}, notifications=told)


def test_every_trade_reaches_the_webhook_as_the_database_has_it_also_over_a_killed_supervisor(
    lite_world: World, web: WebSink
) -> None:
    opens = lite_world.insert_bot(a_teller(f"{web.url}/opens", position_opened=True))
    closes = lite_world.insert_bot(a_teller(f"{web.url}/closes", position_closed=True))
    told = {
        "BOTVISOR_NOTIFY_URLS": f"all={web.url}/admin",
        "BOTVISOR_NOTIFY_GATHER": "0.2",
        "BOTVISOR_NOTIFY_STOP": "60",
    }
    lite_world.start(**told)
    lite_world.until_running(opens, closes)
    lite_world.wait("an entry is told", lambda: events(web, "/opens", "trade_entry"))
    lite_world.wait("an exit is told", lambda: events(web, "/closes", "trade_exit"))
    lite_world.kill_supervisor()
    lite_world.start(**told)
    before = len(events(web, "/closes", "trade_exit"))
    lite_world.wait("exits are told again", lambda: len(events(web, "/closes", "trade_exit")) > before + 1)
    assert lite_world.stop() == 0
    assert not events(web, "/opens", "trade_exit")
    assert not events(web, "/closes", "trade_entry")
    trades = {datetime.fromisoformat(str(trade["exit_time"])): trade for trade in closed(lite_world, closes)}
    exits = {one["trade_key"]: one for one in events(web, "/closes", "trade_exit")}
    assert len(events(web, "/closes", "trade_exit")) <= len(exits) + 1, "only what the kill interrupted may come twice"
    assert len(exits) == len(trades), "none is lost"
    for one in exits.values():
        trade = trades[datetime.fromisoformat(one["exit_time"]).replace(tzinfo=None)]
        assert float(one["pnl"]) == pytest.approx(float(trade["net_pnl"]), abs=1e-6)
        assert one["exit_reason"] == trade["exit_reason"]
        assert one["order_type"] == "SELL"
        assert one["trading_mode"] == "paper"
    heard = dict.fromkeys(one["topic"] for one in events(web, "/admin", "system"))
    assert list(heard) == ["started", "started_after_crash", "stopped"]


def closed(world: World, bot_id: int) -> list[dict[str, Any]]:
    return [trade for trade in world.trades(bot_id) if trade["status"] == "closed"]


@pytest.mark.slow
def test_errors_are_told_as_each_config_says_while_a_hung_target_costs_no_trade(
    lite_world: World, web: WebSink
) -> None:
    world = lite_world
    loud = world.insert_bot(a_teller(f"{web.url}/loud", cash=-1))
    world.insert_bot(a_teller(f"{web.url}/mute", cash=-1, error_notifications=False))
    hung = world.insert_bot(a_teller(f"{web.url}/hang", position_opened=True, position_closed=True))
    plugins = write_harmful_plugins(world.folder / "plugins")
    crashing = world.insert_bot(
        a_bot(
            strategy={"type": "RaisesOnABar"},
            notifications={"webhook_enabled": True, "webhook_url": f"{web.url}/crash"},
        )
    )
    world.start(
        BOTVISOR_PLUGIN_DIRS=str(plugins),
        BOTVISOR_RESTART_LIMIT="2",
        BOTVISOR_RESTART_DELAY="0.05",
        BOTVISOR_NOTIFY_GATHER="0.1",
        BOTVISOR_NOTIFY_TIMEOUT="600",
        BOTVISOR_NOTIFY_REPEAT="1",
        BOTVISOR_NOTIFY_STOP="0.5",
    )
    world.wait("the broken config is told", lambda: events(web, "/loud", "error"))
    world.until_status(crashing, "error")
    world.wait("the quarantine is told again", lambda: reminders(web, "/crash") >= 1)
    assert [row["bot_id"] for row in world.ask("ack", str(crashing))] == [crashing]
    (pid,) = world.until_running(hung)
    world.until_more_trades(hung, 1)
    world.set_config(hung, a_teller(f"{web.url}/hot", cash=-1))
    world.wait("the broken change is told", lambda: events(web, "/hot", "error", hung))
    assert world.worker(hung) == pid, "the old config goes on"
    world.until_more_trades(hung, 1)
    assert world.stop() == 0, "a hung target does not hold the service"
    assert web.asked["/hang"] == 1
    assert not web.at("/mute")
    (told,) = events(web, "/loud", "error", loud)
    assert (told["error_type"], told["priority"]) == ("CONFIG_ERROR", "CRITICAL")
    critical = [one for one in events(web, "/crash", "error", crashing) if one["topic"] == "quarantine"]
    assert len(critical) == 1 + reminders(web, "/crash"), "one, and its reminders"


def reminders(sink: WebSink, path: str) -> int:
    return sum(str(body["title"]).startswith("Reminder") for body in sink.at(path))
