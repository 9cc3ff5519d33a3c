"""What was done about errors: the class of each incident, and a row for each recovery with its outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    if "category" not in {column["name"] for column in found.get_columns("incidents")}:
        op.add_column("incidents", sa.Column("category", sa.String(16)))
    if found.has_table("recoveries"):
        return
    op.create_table(
        "recoveries",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("bot_id", sa.Integer),
        sa.Column("incarnation", sa.BigInteger),
        sa.Column("category", sa.String(16), nullable=False),
        sa.Column("strategy", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="recoveries_pkey"),
        sa.UniqueConstraint("key", name="recoveries_key_key"),
    )
    op.create_index("ix_recoveries_bot_id", "recoveries", ["bot_id"])
    op.create_index("ix_recoveries_began_at", "recoveries", ["began_at"])


def downgrade() -> None:
    raise RuntimeError("the schema only grows; restore a backup to go back")
