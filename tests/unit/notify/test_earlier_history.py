"""The message tables of an earlier service are used as they are."""

from __future__ import annotations

from post_world import a_notice, post_world
from sinks import WebSink
from sqlalchemy import inspect, text

from supervisor.store.engine import open_engine, writing
from supervisor.store.schema import upgrade

EARLIER = {
    "sqlite": (
        "CREATE TABLE msg_messages (id INTEGER PRIMARY KEY, message_type VARCHAR(50) NOT NULL,"
        " priority VARCHAR(20) DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'CRITICAL')),"
        " channels JSON NOT NULL, recipient_id VARCHAR(100), template_name VARCHAR(100), content JSON NOT NULL,"
        " created_at TIMESTAMP, scheduled_for TIMESTAMP, status VARCHAR(20) DEFAULT 'PENDING',"
        " retry_count INTEGER DEFAULT 0, max_retries INTEGER DEFAULT 3, last_error TEXT, processed_at TIMESTAMP,"
        " locked_by VARCHAR(100), locked_at TIMESTAMP, colour TEXT DEFAULT 'blue')",
        "CREATE TABLE msg_delivery_status (id INTEGER PRIMARY KEY,"
        " message_id INTEGER REFERENCES msg_messages (id) ON DELETE CASCADE, channel VARCHAR(50), status VARCHAR(20),"
        " delivered_at TIMESTAMP, response_time_ms INTEGER, error_message TEXT)",
    ),
    "postgresql": (
        "CREATE TABLE msg_messages (id BIGSERIAL PRIMARY KEY, message_type VARCHAR(50) NOT NULL,"
        " priority VARCHAR(20) DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'CRITICAL')),"
        " channels TEXT[] NOT NULL, recipient_id VARCHAR(100), template_name VARCHAR(100), content JSON NOT NULL,"
        " created_at TIMESTAMPTZ DEFAULT now(), scheduled_for TIMESTAMPTZ DEFAULT now(),"
        " status VARCHAR(20) DEFAULT 'PENDING',"
        " retry_count INTEGER DEFAULT 0, max_retries INTEGER DEFAULT 3, last_error TEXT, processed_at TIMESTAMPTZ,"
        " locked_by VARCHAR(100), locked_at TIMESTAMPTZ, colour TEXT DEFAULT 'blue')",
        "CREATE TABLE msg_delivery_status (id SERIAL PRIMARY KEY,"
        " message_id BIGINT REFERENCES msg_messages (id) ON DELETE CASCADE, channel VARCHAR(50), status VARCHAR(20),"
        " delivered_at TIMESTAMPTZ, response_time_ms INTEGER, error_message TEXT)",
    ),
}


def test_the_tables_of_an_earlier_service_get_rows_and_no_change(empty_database_url: str, web: WebSink) -> None:
    engine = open_engine(empty_database_url)
    with writing(engine) as connection:
        for statement in EARLIER[engine.dialect.name]:
            connection.execute(text(statement))
        connection.execute(
            text(
                "INSERT INTO msg_messages (message_type, channels, content, status) VALUES ('info', "
                + ("'[]'" if engine.dialect.name == "sqlite" else "'{}'")
                + ", '{}', 'PENDING')"
            )
        )
    names = ("msg_messages", "msg_delivery_status")
    before = {name: str(inspect(engine).get_columns(name)) for name in names}
    upgrade(engine)
    assert {name: str(inspect(engine).get_columns(name)) for name in names} == before
    world = post_world(engine, notify_urls=f"{web.url}/well")
    with world.postman():
        world.tell(a_notice())
        world.until_settled(1)
    foreign, ours = world.rows("SELECT * FROM msg_messages ORDER BY id")
    assert (foreign["status"], foreign["locked_by"]) == ("PENDING", None), "another sender's rows are left alone"
    assert (ours["status"], ours["locked_by"], ours["colour"]) == ("DELIVERED", "botvisor", "blue")
    (way,) = world.rows("SELECT * FROM msg_delivery_status")
    assert (way["message_id"], way["channel"], way["status"]) == (ours["id"], "webhook", "DELIVERED")
    engine.dispose()
