"""A database as the earlier service left it: the tables of its last dump, with columns and tables of others beside."""

from __future__ import annotations

from typing import Any

from database import Database

SERIAL = {True: "INTEGER PRIMARY KEY", False: "integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}
JSON = {True: "JSON", False: "jsonb"}
ZONED = {True: "DATETIME DEFAULT CURRENT_TIMESTAMP", False: "timestamptz DEFAULT now()"}
NAIVE = {True: "DATETIME", False: "timestamp"}

TABLES = [
    """CREATE TABLE usr_users (
        id {serial}, email varchar(100) UNIQUE, password_hash varchar(255),
        role varchar(20) NOT NULL DEFAULT 'trader' CHECK (role IN ('admin', 'trader', 'viewer')),
        is_active boolean DEFAULT true, created_at {zoned}, updated_at {naive}, last_login {naive})""",
    """CREATE TABLE trading_bots (
        id {serial}, user_id integer NOT NULL, type varchar(20) NOT NULL, status varchar(20) NOT NULL,
        started_at {naive}, last_heartbeat {naive}, error_count integer, current_balance numeric(20,8),
        total_pnl numeric(20,8), extra_metadata {json}, created_at {zoned}, updated_at {naive},
        config {json} NOT NULL, description text, colour varchar(10) DEFAULT 'blue',
        CONSTRAINT trading_bots_user_id_fkey FOREIGN KEY (user_id) REFERENCES usr_users (id) ON DELETE CASCADE)""",
    "CREATE INDEX ix_trading_bots_id ON trading_bots (id)",
    """CREATE TABLE trading_positions (
        id {serial}, bot_id integer NOT NULL REFERENCES trading_bots (id) ON DELETE CASCADE,
        trade_type varchar(10) NOT NULL, symbol varchar(20) NOT NULL, direction varchar(10) NOT NULL,
        opened_at {naive}, closed_at {naive}, qty_open numeric(20,8) NOT NULL DEFAULT 0, avg_price numeric(20,8),
        realized_pnl numeric(20,8) DEFAULT 0, status varchar(12) NOT NULL, extra_metadata {json})""",
    """CREATE TABLE trading_trades (
        id {serial}, bot_id integer NOT NULL REFERENCES trading_bots (id) ON DELETE CASCADE,
        trade_type varchar(10) NOT NULL, strategy_name varchar(100), entry_logic_name varchar(100) NOT NULL,
        exit_logic_name varchar(100) NOT NULL, symbol varchar(20) NOT NULL, interval varchar(10) NOT NULL,
        entry_time {naive}, exit_time {naive}, buy_order_created {naive}, buy_order_closed {naive},
        sell_order_created {naive}, sell_order_closed {naive}, entry_price numeric(20,8), exit_price numeric(20,8),
        entry_value numeric(20,8), exit_value numeric(20,8), size numeric(20,8), direction varchar(10) NOT NULL,
        commission numeric(20,8), gross_pnl numeric(20,8), net_pnl numeric(20,8), pnl_percentage numeric(10,4),
        exit_reason varchar(100), status varchar(20) NOT NULL, extra_metadata {json}, created_at {zoned},
        updated_at {naive}, position_id integer REFERENCES trading_positions (id) ON DELETE SET NULL)""",
    """CREATE TABLE trading_performance_metrics (
        id {serial}, bot_id integer NOT NULL REFERENCES trading_bots (id) ON DELETE CASCADE,
        trade_type varchar(10) NOT NULL, symbol varchar(20), interval varchar(10), entry_logic_name varchar(100),
        exit_logic_name varchar(100), metrics {json} NOT NULL, calculated_at {naive}, created_at {zoned})""",
    "CREATE TABLE family_recipes (id {serial}, title text, body text)",
]
POSTGRES_ONLY = [
    """CREATE FUNCTION touch() RETURNS trigger AS
    $$ BEGIN NEW.updated_at = NOW(); RETURN NEW; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER update_bots_updated_at BEFORE UPDATE ON trading_bots FOR EACH ROW EXECUTE FUNCTION touch()""",
]


def make_legacy(database: Database) -> set[str]:
    """Creates the tables and one foreign row; answers the names of the tables."""
    lite = database.is_sqlite
    words = {"serial": SERIAL[lite], "json": JSON[lite], "zoned": ZONED[lite], "naive": NAIVE[lite]}
    for statement in TABLES:
        database.execute(statement.format(**words))
    for statement in [] if lite else POSTGRES_ONLY:
        database.execute(statement)
    database.execute("INSERT INTO usr_users (email, role) VALUES ('old@example.org', 'trader')")
    database.execute("INSERT INTO family_recipes (title, body) VALUES ('borscht', 'beetroot, slowly')")
    return database.tables()


def shape(database: Database, tables: set[str]) -> list[tuple[Any, ...]]:
    """Everything that defines the tables: statements on SQLite; columns, constraints and indexes on PostgreSQL."""
    if database.is_sqlite:
        rows = database.rows("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        return [tuple(row.values()) for row in rows if row["tbl_name"] in tables]
    found = []
    for sql in (
        "SELECT table_name AS owner, column_name, data_type, is_nullable, column_default, character_maximum_length, "
        "numeric_precision, numeric_scale, ordinal_position FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 9",
        "SELECT conrelid::regclass::text AS owner, conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2",
        "SELECT tablename AS owner, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    ):
        found += [tuple(row.values()) for row in database.rows(sql) if row["owner"] in tables]
    return found
