"""The ticket: all that a life is born with, handed over a private channel and never by argv or environment."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, SerializationInfo, field_serializer

from common.wire.facts import Checkpoint


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RowFacts(_Part):
    """What the bot's row says beside its config; the spec falls back on it."""

    bot_id: int
    user_id: int | None = None
    description: str | None = None
    status: str | None = None


class LinkTicket(_Part):
    """How to reach the supervisor."""

    endpoint: str
    """ZeroMQ endpoint: ipc://… or tcp://127.0.0.1:…"""
    server_key: str | None = None
    """CURVE public key of the supervisor (Z85) when the transport is TCP."""
    token: str
    """This life's secret."""
    heartbeat_interval: float
    credit: int
    """Largest number of entries sent and not yet acknowledged."""
    orphan_grace: float
    lease: float
    """Seconds of trading allowed without a word from a supervisor."""


class Places(_Part):
    """Files and folders of this bot, all absolute."""

    state_dir: Path
    """The bot's own folder: journal segments, lock. Named by bot uid."""
    pid_file: Path
    log_file: Path
    output_file: Path
    """Where stdout, stderr and fault dumps go."""
    control_group: Path | None = None
    """The kernel's group that limits the life; None where none was delegated, or the bot has no limits."""


class TradeRow(_Part):
    """A trade of this bot that the database already holds."""

    row_id: int
    symbol: str
    direction: str
    status: str
    size: Decimal | None
    entry_time: datetime | None
    entry_price: Decimal | None
    exit_time: datetime | None
    net_pnl: Decimal | None
    commission: Decimal | None


class Recovery(_Part):
    """What the database knows of the bot's past, for a life whose local journal may be missing."""

    checkpoint: Checkpoint | None = None
    trades: tuple[TradeRow, ...] = ()
    """When there is no checkpoint: all trades of the bot, oldest first (a bot of the earlier service)."""


class Credentials(_Part):
    """What proves to an exchange who asks. Hidden wherever it is shown or written; see `encode_ticket`."""

    api_key: SecretStr
    secret: SecretStr
    password: SecretStr | None = None
    """Third part, where an exchange has one."""

    @field_serializer("api_key", "secret", "password")
    def _reveal(self, value: SecretStr | None, info: SerializationInfo) -> str | SecretStr | None:
        revealed = value is not None and info.context is _PRIVATE
        return value.get_secret_value() if revealed and value is not None else value

    def texts(self) -> tuple[str, ...]:
        """The parts in clear."""
        return tuple(part.get_secret_value() for part in (self.api_key, self.secret, self.password) if part)


class ExchangeTicket(_Part):
    """How a life reaches its exchange."""

    exchange: str
    """Id as the client library has it."""
    mode: Literal["live", "testnet", "public"]
    """`public`: prices only, fills are simulated; no credentials."""
    options: dict[str, Any] = {}
    """Constructor options of the client: the service's, and over them the bot's."""
    credentials: Credentials | None = None
    """None exactly when the mode is public."""
    bucket_dir: Path
    """Folder of the rate limits that all processes of this host share."""
    markets: tuple[dict[str, Any], ...] = ()
    """The bot's markets as the client library describes them; none: the life asks the exchange."""


class Ticket(_Part):
    """One life of one bot."""

    mode: Literal["trade", "settle"] = "trade"
    """`settle`: deliver the journal, apply the stop policy, leave."""
    row: RowFacts
    config: dict[str, Any]
    bot_uid: str
    install_tag: str
    incarnation: int
    generation: str
    paused: bool = False
    link: LinkTicket
    places: Places
    log_level: str = "INFO"
    log_rotation_mb: float = 20.0
    log_keep: int = 5
    checkpoint_bars: int = 64
    """Bars between checkpoints when nothing else makes one."""
    metrics_interval: float = 300.0
    """Seconds between performance metrics that no closed trade asks for, 0 = none."""
    settle_grace: float = 40.0
    """Seconds after which a life that carries out its stop policy at an exchange is ended."""
    process_title: str
    plugin_dirs: tuple[Path, ...] = ()
    recovery: Recovery = Recovery()
    exchange: ExchangeTicket | None = None
    """None when the bot's market is a file or the simulated one."""


def encode_ticket(ticket: Ticket) -> bytes:
    """The ticket for the private channel to its life: the only form that holds its secrets in clear."""
    return ticket.model_dump_json(context=_PRIVATE).encode()


_PRIVATE = {"channel": "private"}
