"""PostgreSQL tells listeners of `botvisor_bots` which bot's row was added, removed or given another wish.

A role without the right to make triggers goes on without: polling serves then too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from loguru import logger
from sqlalchemy.exc import ProgrammingError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE OR REPLACE FUNCTION botvisor_notify_bots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('botvisor_bots', OLD.id::text);
    ELSE
        PERFORM pg_notify('botvisor_bots', NEW.id::text);
    END IF;
    RETURN NULL;
END
$$
"""
ROWS_TRIGGER = """
CREATE TRIGGER botvisor_bots_rows AFTER INSERT OR DELETE ON trading_bots
FOR EACH ROW EXECUTE FUNCTION botvisor_notify_bots()
"""
WISHES_TRIGGER = """
CREATE TRIGGER botvisor_bots_wishes AFTER UPDATE ON trading_bots
FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION botvisor_notify_bots()
"""
WISHES = ("config", "status", "user_id", "description")


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    columns = {column["name"] for column in sa.inspect(bind).get_columns("trading_bots")}
    # As text: a column of type json has no operator to compare with.
    differs = " OR ".join(f"OLD.{name}::text IS DISTINCT FROM NEW.{name}::text" for name in WISHES if name in columns)
    try:
        with bind.begin_nested():
            bind.execute(sa.text(FUNCTION.replace("::", r"\:\:")))
            bind.execute(sa.text(ROWS_TRIGGER))
            bind.execute(sa.text(WISHES_TRIGGER.format(differs=differs).replace("::", r"\:\:")))
    except ProgrammingError as error:
        logger.warning(
            "no right to make the notification trigger on trading_bots ({}); changes are found by polling",
            str(error.orig).strip().splitlines()[0],
        )


def downgrade() -> None:
    raise RuntimeError("the schema only grows; restore a backup to go back")
