"""Reading `broker`: which venue or exchange, which account, and what live trading needs besides."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from common.spec import paper
from common.spec.exchanges import EXCHANGES
from common.spec.fields import Choice, Field, Money, Number, PassThrough, Unfit
from common.spec.gate import CREDENTIAL_FIELDS, LINEAR, LiveGate, pass_gate
from common.spec.model import BrokerSpec, MarginMode, MarketType, TradingMode
from common.spec.section import Section

DEFAULT_BALANCE = Decimal(10000)
DEFAULT_COMMISSION = Decimal("0.001")
SIMULATED = ("paper", "mock", "file_broker", "backtrader")
"""Brokers that have no market of their own."""
ELSEWHERE = ("alpaca", "ibkr")
"""Brokers that exist but cannot be traded with here; in paper mode they fill in the simulated venue."""
_UNUSED = "kept; not used by simulated fills"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerName(Choice[str]):
    """A broker of our own, or an exchange by its id."""

    def parse(self, value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else ""
        word = dict(self.spellings).get(word, word)
        return word if word in EXCHANGES else Choice.parse(self, value)

    def rule(self) -> str:
        extra = [spelling for spelling, _ in self.spellings]
        words = ", ".join([*self.options, *extra])
        return f"must be one of: {words}, or the id of an exchange (binance, kraken, okx and {len(EXCHANGES) - 3} more)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions(Field[dict[str, Any]]):
    """Options for the constructor of the exchange's client."""

    kind = "object"

    def parse(self, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Unfit(self.rule())
        return value

    def rule(self) -> str:
        return "must be an object"


TYPE = BrokerName(
    name="type",
    required=True,
    options=(*SIMULATED, *ELSEWHERE),
    spellings=(("binance_paper", "binance"), ("interactive_brokers", "ibkr")),
    note="in paper mode every type fills in the simulated venue; binance_paper means binance in paper mode",
)
TRADING_MODE: Choice[TradingMode] = Choice(
    name="trading_mode",
    required=True,
    options=("paper", "live"),
    note="live sends real orders and needs an exchange, live_trading_confirmed, both limits of broker.risk_management "
    "and credentials; may be left out with the type binance_paper",
)
CASH = Money(
    name="cash", above=0, unit="money", note="start balance", aliases=("initial_balance",), default_note="10000"
)
INITIAL_BALANCE = Money(name="initial_balance", above=0, unit="money", note="other spelling of cash; cash wins")
COMMISSION = Number(name="commission", low=0, high=1, unit="fraction of notional", default=DEFAULT_COMMISSION)
MARKET_TYPE: Choice[MarketType] = Choice(
    name="market_type",
    options=("spot", "linear"),
    default="spot",
    note="linear: perpetual futures settled in the quote currency",
)
MARGIN_MODE: Choice[MarginMode] = Choice(
    name="margin_mode",
    options=("cross", "isolated"),
    default_note="as the account has it",
    note="of live linear orders, set at the exchange: all money of the account answers for a position, or its margin",
)
CLIENT = ClientOptions(
    name="ccxt",
    default={},
    default_note="{}",
    note="merged deep into the constructor options of the exchange's client, over BOTVISOR_CCXT_<EXCHANGE>",
)
FIELDS: tuple[Field[Any], ...] = (
    TYPE,
    TRADING_MODE,
    CASH,
    INITIAL_BALANCE,
    COMMISSION,
    MARKET_TYPE,
    MARGIN_MODE,
    CLIENT,
    *CREDENTIAL_FIELDS,
    PassThrough(name="risk_management", note="an object; live trading needs it, simulated fills do not read it"),
    PassThrough(name="name", note="kept, without effect"),
    PassThrough(name="connection_params", note=_UNUSED),
)
SECRETS_OF_THE_CLIENT = (
    "apiKey",
    "secret",
    "password",
    "privateKey",
    "walletAddress",
    "token",
    "uid",
    "login",
    "twofa",
)
"""Constructor options that are credentials; they would be handed on where options are shown."""


def read_broker(config: Section) -> BrokerSpec | None:
    """The broker, or None when its type cannot be told (then an error is noted).

    Its `exchange` is the one that the type names; whether the bot uses it is known once the data section is read.
    """
    remedy = 'give at least {"type": "paper", "trading_mode": "paper"}'
    broker = config.section("broker", required=True, remedy=remedy)
    if not isinstance(config.raw("broker"), dict):
        return None
    broker_type = broker.get(TYPE)
    mode = _trading_mode(broker)
    if broker_type == "file_broker":
        broker.warning(TYPE.name, "writes no files here: its orders are in the database like all others")
    paper_section = broker.section("paper_trading_config")
    fills = paper.read_paper(paper_section)
    balance, rate = _start_balance(broker, paper_section), broker.value(COMMISSION)
    paper_rate = paper_section.get(paper.COMMISSION)
    market_type, options = broker.value(MARKET_TYPE), _client_options(broker)
    broker.warn_unknown(FIELDS, ("paper_trading_config",))
    if broker_type is None:
        return None
    gate = _gate(broker, broker_type) if mode == "live" else LiveGate()
    if mode == "live" and market_type == "linear" and broker_type in EXCHANGES and broker_type not in LINEAR:
        rule = f"perpetuals are not traded live at {broker_type}"
        broker.error(MARKET_TYPE.name, rule, f"trade spot there, or perpetuals at {', '.join(LINEAR)}")
    return BrokerSpec(
        type=broker_type,
        trading_mode=mode,
        start_balance=balance,
        commission_rate=rate if paper_rate is None else paper_rate,
        paper=fills,
        exchange=broker_type if broker_type in EXCHANGES else None,
        market_type=market_type,
        margin_mode=_margin_mode(broker, leveraged=mode == "live" and market_type == "linear"),
        ccxt=options,
        testnet=gate.testnet,
        credentials=gate.credentials,
        max_position_size=gate.max_position_size,
        max_daily_loss=gate.max_daily_loss,
    )


def _start_balance(broker: Section, paper_section: Section) -> Decimal:
    said = (paper_section.get(paper.BALANCE), broker.get(CASH), broker.get(INITIAL_BALANCE))
    return next((money for money in said if money is not None), DEFAULT_BALANCE)


def _trading_mode(broker: Section) -> TradingMode:
    named = broker.raw("type")
    implied = isinstance(named, str) and named.strip().lower() == "binance_paper"
    if implied and not broker.present("trading_mode"):
        return "paper"
    mode = broker.get(TRADING_MODE)
    if mode == "live" and implied:
        broker.error(TRADING_MODE.name, "live contradicts the type binance_paper", "set broker.type to binance")
        return "paper"
    return mode or "paper"


def _margin_mode(broker: Section, *, leveraged: bool) -> MarginMode | None:
    wanted = broker.get(MARGIN_MODE)
    if wanted is not None and not leveraged:
        broker.warning(MARGIN_MODE.name, "has no effect: the bot is not live on a linear market")
    return wanted


def _client_options(broker: Section) -> dict[str, Any]:
    options = broker.value(CLIENT)
    section = broker.section(CLIENT.name) if options else broker
    for name in (name for name in SECRETS_OF_THE_CLIENT if name in options):
        remedy = "use broker.credentials (botctl secrets add)"
        section.error(name, "credentials are no options of the client", remedy)
    return options


def _gate(broker: Section, broker_type: str) -> LiveGate:
    if broker_type in SIMULATED:
        rule = f"live orders need an exchange, and the broker {broker_type} has none"
        broker.error(TRADING_MODE.name, rule, "set broker.type to the id of an exchange, e.g. binance")
        return LiveGate()
    if broker_type in ELSEWHERE:
        rule = f"live trading through {broker_type} is not available in this version"
        broker.error(TYPE.name, rule, "name an exchange, e.g. binance")
        return LiveGate()
    if broker.present("paper_trading_config"):
        broker.warning("paper_trading_config", "has no effect in live trading")
    return pass_gate(broker)
