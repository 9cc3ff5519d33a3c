"""Who stopped a bot is remembered beside the supervisor's other memories, not in the bot's extra_metadata alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bot_supervision", sa.Column("stopped_by", sa.Text))


def downgrade() -> None:
    raise RuntimeError("the schema only grows; restore a backup to go back")
