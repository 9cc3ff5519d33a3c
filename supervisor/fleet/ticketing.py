"""Tickets: what a life is born with, put together from the settings, the row and the ledger's memory."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from common.identity import bot_uid, install_tag
from common.wire.ticket import LinkTicket, Places, Recovery, RowFacts, Ticket
from supervisor.fleet.roster import Accepted, Bot
from supervisor.host.state_folder import StateFolder
from supervisor.policies import health_policy_of, with_limits_of
from supervisor.processes.control_groups import ControlGroups
from supervisor.settings import Settings

_TITLE_LENGTH = 60


@dataclass(slots=True)
class TicketOffice:
    """Issues tickets; every one has a secret of its own."""

    settings: Settings
    folder: StateFolder
    database_uuid: str
    """Empty until the database has told it."""
    endpoint: str
    server_key: str | None
    groups: ControlGroups | None = None
    """None where no control groups were delegated to this service."""

    def issue(self, bot: Bot, accepted: Accepted, incarnation: int, *, settle: bool) -> Ticket:
        """The ticket of the bot's next life."""
        uid = bot_uid(self.database_uuid, bot.bot_id, bot.created_at)
        settings = self.settings
        return Ticket(
            mode="settle" if settle else "trade",
            row=row_facts(bot, accepted),
            config=accepted.config,
            bot_uid=uid,
            install_tag=install_tag(self.database_uuid),
            incarnation=incarnation,
            generation=accepted.generation,
            paused=bot.paused,
            link=LinkTicket(
                endpoint=self.endpoint,
                server_key=self.server_key,
                token=secrets.token_hex(16),
                heartbeat_interval=settings.heartbeat_interval,
                credit=settings.credit,
                orphan_grace=settings.orphan_grace,
                lease=settings.lease,
            ),
            places=Places(
                state_dir=self.folder.bot_folder(uid),
                pid_file=self.folder.pid_file(bot.bot_id),
                log_file=self.folder.log_file(bot.bot_id),
                output_file=self.folder.output_file(bot.bot_id),
                control_group=self._group(bot, accepted),
            ),
            log_level=settings.log_level,
            log_rotation_mb=settings.log_rotation_mb,
            log_keep=settings.log_keep,
            checkpoint_bars=settings.checkpoint_bars,
            metrics_interval=settings.metrics_interval,
            settle_grace=settings.settle_grace,
            process_title=f"botvisor: bot {bot.bot_id} {accepted.name}"[:_TITLE_LENGTH],
            plugin_dirs=settings.plugin_dirs,
            recovery=Recovery(checkpoint=bot.checkpoint, trades=() if bot.checkpoint else bot.trades),
            exchange=accepted.exchange,
        )

    def _group(self, bot: Bot, accepted: Accepted) -> Path | None:
        if self.groups is None:
            return None
        limits = with_limits_of(health_policy_of(self.settings), accepted.config)
        return self.groups.group_of(bot.bot_id, memory=limits.memory_limit, cpu_percent=limits.cpu_limit)


def row_facts(bot: Bot, accepted: Accepted | None = None) -> RowFacts:
    """What the row says beside its config."""
    if accepted is not None:
        return RowFacts(
            bot_id=bot.bot_id, user_id=accepted.user_id, description=accepted.description, status=bot.status
        )
    row = bot.row
    return RowFacts(
        bot_id=bot.bot_id,
        user_id=row.user_id if row else None,
        description=row.description if row else None,
        status=bot.status,
    )
