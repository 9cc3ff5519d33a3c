"""The postman: once, promptly, and whatever one target does, the others hear."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

from post_world import a_notice, post_world
from prometheus_client import CollectorRegistry
from sinks import MailSink, WebSink
from sqlalchemy import Engine, text
from waiting import wait_until

from supervisor.notify.notice import Kind
from supervisor.store.console import open_console
from supervisor.store.engine import writing


def counted(registry: CollectorRegistry, channel: str, outcome: str) -> float:
    found = registry.get_sample_value("botvisor_notifications_total", {"channel": channel, "outcome": outcome})
    return found or 0.0


def execute(engine: Engine, statement: str) -> None:
    with writing(engine) as connection:
        connection.execute(text(statement))


def insert_trade(engine: Engine, bot_id: int, closed: str, pnl: float) -> None:
    """A closed trade, by plain SQL."""
    execute(
        engine,
        "INSERT INTO trading_trades (bot_id, trade_type, entry_logic_name, exit_logic_name, symbol, interval,"
        " direction, status, updated_at, entry_time, exit_time, net_pnl, commission, pnl_percentage) VALUES"
        f" ({bot_id}, 'paper', 'in', 'out', 'BTCUSDT', '1h', 'long', 'closed',"
        f" '{closed}', '{closed}', '{closed}', {pnl}, 0.1, 1)",
    )


def test_an_error_reaches_webhook_mail_and_telegram_and_the_history_says_so(
    engine: Engine, web: WebSink, mail: MailSink
) -> None:
    world = post_world(
        engine,
        smtp_url=f"smtp://127.0.0.1:{mail.port}?from=bots@example.org",
        telegram_token="123456789:abcdefghij_ABCDEFGHIJ-0123456789ab",
        telegram_api=web.url,
    )
    bot = world.bot(
        webhook_enabled=True,
        webhook_url=f"{web.url}/hook?room=7",
        email_enabled=True,
        notify_email="trader@example.org",
        telegram_enabled=True,
        notify_telegram_chat_id="4711",
    )
    with world.postman():
        world.incident("one", bot, message="no market data")
        world.incident("one", bot, message="no market data")
        world.until_settled(3)
    assert [body["message"] for body in web.at("/hook")] == ["[Dipper] RUNTIME_ERROR: no market data"]
    (sent,) = mail.mails
    assert (sent["To"], sent["Subject"]) == ("trader@example.org", "Bot Error: Dipper")
    assert "no market data" in sent.get_payload(decode=True).decode()  # type: ignore[union-attr]
    (chat,) = [body for path, body in web.taken if path.endswith("/sendMessage")]
    assert str(chat["chat_id"]) == "4711"
    assert "no market data" in str(chat["text"])
    (message,) = world.rows("SELECT * FROM msg_messages")
    assert (message["status"], message["message_type"], message["priority"]) == ("DELIVERED", "error", "CRITICAL")
    statuses = world.rows("SELECT channel, status FROM msg_delivery_status ORDER BY channel")
    assert [tuple(row.values()) for row in statuses] == [
        ("email", "DELIVERED"),
        ("telegram", "DELIVERED"),
        ("webhook", "DELIVERED"),
    ]
    assert {row["status"] for row in world.rows("SELECT status FROM msg_system_health")} == {"HEALTHY"}
    assert counted(world.meter.registry, "webhook", "delivered") == 1.0


def test_what_is_refused_twice_is_delivered_once_by_the_third_try(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"{web.url}/twice")
    with world.postman():
        world.tell(a_notice())
        world.until_settled(1)
    assert web.messages("/twice") == ["failover 1"]
    assert web.asked["/twice"] == 3
    (message,) = world.rows("SELECT status, retry_count, last_error FROM msg_messages")
    assert (message["status"], message["retry_count"]) == ("DELIVERED", 2)
    assert "500" in message["last_error"]
    assert counted(world.meter.registry, "webhook", "retried") == 2.0


def test_a_hung_and_a_dead_target_delay_nobody(lite: Engine, web: WebSink) -> None:
    urls = f"{web.url}/hang {web.url}/refuse http://127.0.0.1:9/dead {web.url}/well"
    world = post_world(lite, notify_urls=urls, notify_timeout=600.0)
    with world.postman():
        for number in range(3):
            world.tell(a_notice(number))
            wait_until(f"message {number}", lambda n=number: f"failover {n}" in web.messages("/well"))  # type: ignore[misc]
    assert web.asked["/hang"] == 1, "one attempt at a time"
    health = {row["status"] for row in world.rows("SELECT status FROM msg_system_health")}
    assert "DEGRADED" in health or "DOWN" in health


def test_what_a_killed_postman_was_sending_is_sent_by_the_next(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"{web.url}/hang", notify_timeout=600.0)
    with world.postman():
        world.tell(a_notice())
        wait_until("it is being sent", lambda: web.asked["/hang"] == 1 and world.states() == ["sending"])
    heir = post_world(lite, notify_urls=f"{web.url}/hang", notify_timeout=600.0)
    with heir.postman():
        wait_until("it is sent again", lambda: web.asked["/hang"] == 2)


def test_a_burst_is_one_message(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"{web.url}/well", notify_gather=0.5)
    with world.postman():
        world.tell(*(a_notice(number) for number in range(20)))
        world.until_settled(20)
    (body,) = web.at("/well")
    assert body["title"] == "20 events of the service"
    assert [event["message"] for event in body["events"]] == [f"failover {number}" for number in range(20)]
    assert len(body["message"].splitlines()) == 20


def test_what_is_critical_is_told_again_until_it_is_acknowledged(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"{web.url}/well", notify_repeat=0.3)
    with world.postman():
        bot = world.bot("Careless")
        world.incident("stopped for good", bot, severity="critical", message="three failures in a row")
        wait_until("it is told three times", lambda: len(web.at("/well")) >= 3)
        with open_console(lite.url.render_as_string(hide_password=False)) as console:
            (noted,) = console.acknowledge(bot, "trader")
            assert noted["message"] == "[Careless] RUNTIME_ERROR: three failures in a row"
            assert console.acknowledge(None, "trader") == []
        wait_until("the reminders end", lambda: world.states() == ["delivered"])
    titles = [body["title"] for body in web.at("/well")]
    assert titles[:3] == ["Bot Error: Careless", "Reminder 1: Bot Error: Careless", "Reminder 2: Bot Error: Careless"]
    assert "botctl ack" in web.at("/well")[0]["message"]
    assert world.count("msg_messages", "status = 'DELIVERED'") == 1, "reminders are no new messages"


def test_ten_thousand_messages_for_a_dead_target_take_no_memory_and_let_others_pass(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls="http://127.0.0.1:9/dead")
    world.tell(*(a_notice(number) for number in range(10_000)))
    dead = world.count("outbox")
    assert dead == 10_000
    world = post_world(lite, notify_urls=f"http://127.0.0.1:9/dead summaries={web.url}/well")
    tracemalloc.start()
    try:
        with world.postman():
            wait_until("many are on their way", lambda: world.count("outbox_deliveries") >= 500)
            wait_until("it was tried", lambda: world.count("outbox_deliveries", "attempts > 0"))
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    assert world.count("outbox_deliveries", "state = 'sending'") <= 50


def test_a_target_that_no_config_names_any_more_is_given_up(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"{web.url}/hang", notify_timeout=600.0)
    world.tell(a_notice())
    with world.postman():
        wait_until("it is being sent", lambda: world.states() == ["sending"])
    other = post_world(lite, notify_urls=f"{web.url}/well")
    with other.postman():
        wait_until("it has failed", lambda: other.states() == ["failed"])
    (message,) = other.rows("SELECT status, last_error FROM msg_messages")
    assert message["status"] == "FAILED"


def test_no_secret_goes_out(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"{web.url}/well?token=s3cr3tqu3ry")
    with world.postman():
        bot = world.bot()
        world.incident("leak", bot, message="refused: api_key=AKIA12345678 url=https://me:hunter22@example.org/x")
        world.until_settled(1)
    (body,) = web.at("/well")
    kept = str(world.rows("SELECT content FROM msg_messages")) + str(body)
    assert "AKIA12345678" not in kept
    assert "hunter22" not in kept


def test_a_summary_of_yesterday_equals_the_ledger(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls="")
    bot = world.bot(daily_summary=True, webhook_enabled=True, webhook_url=f"{web.url}/day")
    day = world.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for number, pnl in enumerate((10, -4, 2.5)):
        insert_trade(world.engine, bot, day.strftime(f"%Y-%m-%d 1{number}:00:00"), pnl)
    created = f"UPDATE trading_bots SET created_at = '{day:%Y-%m-%d} 00:00:00'"
    execute(world.engine, created)
    world.clock.ahead = day - world.clock.now() + timedelta(days=1, minutes=5)
    with world.postman():
        world.until_settled(1)
    (body,) = web.at("/day")
    assert body["title"] == f"Daily summary {day:%Y-%m-%d}: Dipper"
    assert (body["trades"], body["wins"], body["losses"]) == (3, 2, 1)
    assert float(body["net_pnl"]) == 8.5
    with world.postman():
        wait_until("nothing more waits", lambda: world.states() == ["delivered"])
    assert len(web.at("/day")) == 1, "each period once"


def test_news_that_cannot_be_told_holds_up_no_other(lite: Engine, web: WebSink) -> None:
    world = post_world(lite, notify_urls=f"all={web.url}/well")
    world.tell(a_notice(1, kind=Kind.REPORT, topic="daily", facts={"trades": "many"}), a_notice(2))
    with world.postman():
        world.until_settled(1)
    assert web.messages("/well") == ["failover 2"]
