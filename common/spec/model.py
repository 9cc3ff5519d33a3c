"""What a bot's config says once it is read: every spelling resolved, every default filled in, every unit fixed.

The models are frozen and are made by `read_spec` alone. Percents are percent (3 = 3 %), fractions are
fractions (0.1 = 10 %), money is in the quote currency, times are aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.spec.intervals import Interval

TradingMode = Literal["paper", "live"]
PaperMode = Literal["disabled", "basic", "realistic", "advanced"]
SlippageModel = Literal["linear", "sqrt", "fixed"]
AssetType = Literal["crypto", "stock"]
DataSource = Literal["file", "simulated", "exchange"]
MarketType = Literal["spot", "linear"]
MarginMode = Literal["cross", "isolated"]
OrderType = Literal["market", "limit"]
OnStop = Literal["keep", "cancel_orders", "close_position"]
Summaries = Literal["none", "hourly", "daily", "weekly", "monthly"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PaperSpec(_Part):
    """How the simulated venue fills. Whatever is random or costs money is off unless the config asked for it."""

    mode: PaperMode = "realistic"
    """`disabled` has switched every imperfection below off already."""
    slippage_model: SlippageModel | None = None
    """None: fills have no slippage."""
    base_slippage: Decimal | None = None
    """Fraction of the price; None exactly when `slippage_model` is None."""
    market_impact_enabled: bool = False
    market_impact_factor: Decimal | None = None
    """Fraction of the price per unit of quantity; None exactly when impact is off."""
    min_latency_ms: float = 0.0
    max_latency_ms: float = 0.0
    """Milliseconds; both 0 when latency is off."""
    partial_fill_probability: float = 0.0
    reject_probability: float = 0.0
    realistic_fills: bool = True
    """False: every fill is whole (`partial_fill_probability` is 0 already)."""
    enable_execution_quality: bool = True
    """Whether fills are graded by their slippage."""
    seed: int = 0
    """Seed of the venue's random numbers."""

    @property
    def latency_on(self) -> bool:
        """Whether orders reach the venue late."""
        return self.max_latency_ms > 0


class BrokerSpec(_Part):
    """Where orders go and what the account starts with."""

    type: str
    """`paper`, `mock`, `file_broker`, `backtrader`, `alpaca`, `ibkr`, or the id of an exchange."""
    trading_mode: TradingMode = "paper"
    start_balance: Decimal = Decimal(10000)
    """Money."""
    commission_rate: Decimal = Decimal("0.001")
    """Fraction of the notional, on each side."""
    paper: PaperSpec = PaperSpec()
    exchange: str | None = None
    """Id of the exchange whose market the bot trades, for real or in simulation; None when its market is a file or
    the simulated one, whatever `type` says."""
    market_type: MarketType = "spot"
    """`linear`: perpetual futures settled in the quote currency."""
    margin_mode: MarginMode | None = None
    """Of perpetuals; None: as the account has it."""
    testnet: bool = False
    """Live orders go to the exchange's test network."""
    credentials: str | None = None
    """Name of the stored credentials; None: those of the row, else of the supervisor's environment. Live only."""
    ccxt: dict[str, Any] = Field(default_factory=dict)
    """Constructor options of the exchange's client, as written."""
    max_position_size: Decimal | None = None
    """Money; of `broker.risk_management`, given exactly when live. `RiskSpec` has the limit in force."""
    max_daily_loss: Decimal | None = None
    """Money; likewise."""

    @property
    def live(self) -> bool:
        """Whether real orders are sent, to the exchange or to its test network."""
        return self.trading_mode == "live"


class LogicSpec(_Part):
    """One entry or exit logic as written; the mixin resolves the spellings of its parameters itself."""

    name: str
    params: dict[str, Any] = Field(default_factory=dict)
    logic_params: dict[str, Any] = Field(default_factory=dict)
    indicators: tuple[dict[str, Any], ...] = ()


class StrategySpec(_Part):
    """Which strategy decides, and how large an entry is."""

    type: str = "CustomStrategy"
    """As written; `CustomStrategy` when the config names none."""
    entry: LogicSpec | None = None
    exit: LogicSpec | None = None
    position_size: Decimal = Decimal("0.1")
    """Fraction of cash per entry."""
    max_position_size: Decimal | None = None
    """Upper clamp of the fraction; None unless given."""
    min_position_size: Decimal | None = None
    """Lower clamp of the fraction, applied after the upper one; None unless given."""
    asset_type: AssetType = "crypto"
    min_order_value: Decimal = Decimal(0)
    """Money; stocks only, 0 = no minimum."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """`strategy.parameters` as written, for strategies that define their own."""


class FileSpec(_Part):
    """A file of recorded candles and how to read it."""

    path: str
    datetime_col: str = "datetime"
    open_col: str = "open"
    high_col: str = "high"
    low_col: str = "low"
    close_col: str = "close"
    volume_col: str = "volume"
    separator: str = ","
    """One character."""
    datetime_format: str | None = None
    """strptime format; None: ISO text or epoch numbers."""
    timezone: str | None = None
    """IANA name of the zone of timestamps that carry none; None: UTC."""
    reverse: bool = False
    """The file is written newest first."""


class DataSpec(_Part):
    """The market the bot sees."""

    source: DataSource
    exchange: str | None = None
    """Id of the exchange, given exactly when the source is one."""
    symbol: str
    interval: str = "1h"
    interval_seconds: int = 3600
    """Length of a bar; a month counts as 30 days. The calendar is `bar_interval`'s."""
    source_interval: str | None = None
    """Interval of the file's rows when they are finer and are joined into bars; None: each row is a bar."""
    lookback_bars: int = 500
    history: bool = False
    """Whether the first `lookback_bars` bars only warm indicators up."""
    seed: int = 0
    """Seed of the simulated market."""
    speed: float | None = 0.0
    """Market seconds per real second; 0 = as fast as possible; None when `bar_seconds` decides, or an exchange."""
    bar_seconds: float | None = None
    """Real seconds per bar, when a file is replayed with `simulate_realtime`."""
    file: FileSpec | None = None
    """Given exactly when the source is a file."""
    fromdate: datetime | None = None
    """First timestamp taken, inclusive."""
    todate: datetime | None = None
    """Last timestamp taken, inclusive; a bare date in the config means the end of that day."""
    market_identity: str = ""
    """Same identity = bar n is the same bar; a checkpoint of another identity is worthless."""

    @property
    def bar_interval(self) -> Interval:
        """The interval with its calendar."""
        return Interval.of(self.interval)


class TradingSpec(_Part):
    """How orders are made, and what happens when the bot is stopped for good."""

    max_positions: int = 1
    order_type: OrderType = "market"
    limit_timeout: float | None = None
    """Seconds; live limit orders only. None: one interval."""
    on_stop: OnStop = "cancel_orders"
    allow_short: bool = False
    leverage: Decimal = Decimal(1)
    max_exposure: Decimal | None = None
    """Fraction; shown, not enforced on a single bot."""
    max_drawdown_pct: Decimal | None = None
    """Percent below the equity peak that stops entries; None = off (0 in the config is off too)."""


class RiskSpec(_Part):
    """Limits in force. None = off; the `*_enabled` flags and 0 = off of percents are applied already."""

    stop_loss_pct: Decimal | None = None
    take_profit_pct: Decimal | None = None
    trailing_stop: bool = False
    """True only together with a `trailing_stop_pct` above 0."""
    trailing_stop_pct: Decimal | None = None
    """None exactly when `trailing_stop` is False."""
    trailing_stop_activation_pct: Decimal | None = None
    """Percent of profit that arms the trailing stop; None: armed from the fill."""
    max_position_size: Decimal | None = None
    """Money; cap of the notional of an entry; 0 refuses every entry."""
    max_daily_loss: Decimal | None = None
    """Money; 0 refuses entries after the first net loss of the day."""
    max_daily_trades: int | None = None
    max_portfolio_risk: Decimal | None = None
    """Fraction; shown, not enforced on a single bot."""


class NotificationSpec(_Part):
    """What the owner wants to hear, and where."""

    position_opened: bool = False
    position_closed: bool = False
    error_notifications: bool = True
    bot_events: bool = True
    daily_summary: bool = False
    performance_summaries: Summaries = "none"
    risk_alerts: bool = False
    email_enabled: bool = False
    telegram_enabled: bool = False
    webhook_enabled: bool = False
    notify_email: str | None = None
    notify_telegram_chat_id: str | None = None
    webhook_url: str | None = None
    urls: tuple[str, ...] = ()
    """Apprise URLs, each with or without the kinds that go there before it."""
    tags: tuple[str, ...] = ()
    quiet_hours: str | None = None
    milestones: bool = True
    profit_target: Decimal | None = None
    """Money; total net profit that is told when it is reached."""


class LimitsSpec(_Part):
    """What the bot's process may use; None = as the service's settings say, 0 = no limit."""

    memory_mb: float | None = None
    cpu_percent: float | None = None
    """Percent of one core, as an average over a check interval."""


class BotSpec(_Part):
    """One bot, as its row and config describe it."""

    bot_id: int
    """The row's id, whatever the config calls itself."""
    name: str
    enabled: bool = True
    """What the config says; the row's status is another matter."""
    symbol: str = "BTCUSDT"
    """As spelled in the config."""
    user_id: int | None = None
    broker: BrokerSpec
    strategy: StrategySpec
    data: DataSpec
    trading: TradingSpec = TradingSpec()
    risk: RiskSpec = RiskSpec()
    notifications: NotificationSpec = NotificationSpec()
    limits: LimitsSpec = LimitsSpec()
    raw: dict[str, Any] = Field(default_factory=dict)
    """The decoded config, unknown keys included."""
