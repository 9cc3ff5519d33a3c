"""Reading a whole config: the top level, then section by section, with every problem at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from common.spec.broker import read_broker
from common.spec.data import read_data
from common.spec.decode import decode
from common.spec.fields import Field, Flag, PassThrough, Text, Whole
from common.spec.gate import warn_of_testnet
from common.spec.limits import read_limits
from common.spec.model import BotSpec, BrokerSpec, DataSpec
from common.spec.notifications import read_notifications
from common.spec.problems import Problem
from common.spec.risk import read_risk, stricter
from common.spec.section import MANIFEST_REMEDY, MANIFEST_RULE, Section
from common.spec.strategy import read_strategy
from common.spec.symbol_text import ONE_SYMBOL, SymbolText
from common.spec.trading import read_trading
from common.wire.ticket import RowFacts

LAST_RESORT_SYMBOL = "BTCUSDT"

NAME = Text(name="name", default_note="the row's description, else Bot and the row's id")
ENABLED = Flag(name="enabled", default=True, note="false: the bot must not run")
USER_ID = Whole(name="user_id", low=1, default_note="the row's user_id", note="the row's owner wins")
SYMBOL = SymbolText(
    name="symbol",
    longest=20,
    aliases=("trading_pair", "pair", "ticker"),
    default_note=f"{LAST_RESORT_SYMBOL}, with a warning",
)
OLD_SYMBOLS = tuple(
    SymbolText(name=name, longest=20, note="older spelling of symbol") for name in ("trading_pair", "pair", "ticker")
)
SEVERAL_SYMBOLS = "symbols"
"""Not a key of ours; without a symbol beside it, trading the last resort instead would be a surprise."""
_KEPT = "kept, without effect"
FIELDS: tuple[Field[Any], ...] = (
    PassThrough(name="id", note="kept; the row's id is the identity"),
    PassThrough(name="bot_id", note="kept; the row's id is the identity"),
    NAME,
    ENABLED,
    USER_ID,
    SYMBOL,
    *OLD_SYMBOLS,
    *(
        PassThrough(name=name, note=_KEPT)
        for name in (
            *("description", "version", "environment", "logging", "scheduling", "performance", "testing"),
            *("trading_settings", "portfolio", "strategy_limits", "strategy_params"),
        )
    ),
)
SECTIONS = ("broker", "strategy", "data", "trading", "risk_management", "notifications", "limits")
MANIFEST_KEYS = ("modules", "components", "overrides")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecReading:
    """What came out of a reading: a spec, or at least one error; warnings in either case."""

    spec: BotSpec | None
    problems: tuple[Problem, ...]
    enabled: bool
    """False only when the config says `enabled: false` in so many words, however broken it is otherwise."""
    draft: BotSpec | None
    """The spec with defaults in the places of errors: to look for further problems in, never to run."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Why there is no spec, in the order of the config's sections."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was taken although it looks wrong."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    def joined(self, more: Iterable[Problem]) -> SpecReading:
        """This reading with the problems that a look at its draft brought; a new error takes the spec away."""
        found = _once([*self.problems, *more])
        broken = any(problem.severity == "error" for problem in found)
        return replace(self, spec=None if broken else self.spec, problems=found)


def read_spec(config: object, row: RowFacts) -> SpecReading:
    """Read the config of a row in any of its historic spellings.

    `config` is the decoded JSON, or its text. Never raises: whatever is wrong becomes a problem with path,
    value and rule, and all of them are found in one go. No file is looked at and no strategy is loaded.
    """
    content, unreadable = decode(config)
    if unreadable is not None:
        return SpecReading(spec=None, problems=(unreadable,), enabled=True, draft=None)
    found: list[Problem] = []
    draft = _read(Section(found, "", content), content, row)
    enabled = content.get("enabled") is not False
    return SpecReading(spec=draft, problems=(), enabled=enabled, draft=draft).joined(found)


def _read(config: Section, content: dict[str, Any], row: RowFacts) -> BotSpec:
    _refuse_manifest(config)
    name = (config.get(NAME) or row.description or "").strip() or f"Bot {row.bot_id}"
    enabled, user_id = config.value(ENABLED), _owner(config, row)
    symbol = _symbol(config)
    broker = read_broker(config)
    leveraged = broker is not None and broker.live and broker.market_type == "linear"
    trading_section, risk_section = config.section("trading"), config.section("risk_management")
    strategy = read_strategy(config, trading_section, symbol)
    data = read_data(config.section("data"), broker, symbol)
    if data is not None and data.exchange is not None and broker is not None and not broker.live:
        warn_of_testnet(config.section("broker"))
    trading = read_trading(trading_section, risk_section, symbol, leveraged=leveraged)
    risk = stricter(read_risk(risk_section), broker)
    notifications = read_notifications(config.section("notifications"))
    limits = read_limits(config.section("limits"))
    judged = () if any(config.present(field.name) for field in (SYMBOL, *OLD_SYMBOLS)) else (SEVERAL_SYMBOLS,)
    config.warn_unknown(FIELDS, (*SECTIONS, *MANIFEST_KEYS, *judged))
    return BotSpec(
        bot_id=row.bot_id,
        name=name,
        enabled=enabled,
        symbol=symbol,
        user_id=user_id,
        broker=_on_its_market(broker or BrokerSpec(type="paper"), data),
        strategy=strategy,
        data=data or DataSpec(source="simulated", symbol=symbol),
        trading=trading,
        risk=risk,
        notifications=notifications,
        limits=limits,
        raw=content,
    )


def _on_its_market(broker: BrokerSpec, data: DataSpec | None) -> BrokerSpec:
    """The broker with the exchange that the bot's candles come from; none for a file or the simulated market."""
    return broker.model_copy(update={"exchange": data.exchange if data else None})


def _refuse_manifest(config: Section) -> None:
    for name in MANIFEST_KEYS:
        if config.present(name):
            config.error(name, MANIFEST_RULE, MANIFEST_REMEDY)


def _owner(config: Section, row: RowFacts) -> int | None:
    if row.user_id is None:
        return config.get(USER_ID)
    if config.present(USER_ID.name) and config.raw(USER_ID.name) != row.user_id:
        config.warning(USER_ID.name, f"has no effect: the row's user_id {row.user_id} is the owner")
    return row.user_id


def _symbol(config: Section) -> str:
    for field in (SYMBOL, *OLD_SYMBOLS):
        if config.present(field.name):
            return (config.get(field) or LAST_RESORT_SYMBOL).strip()
    if config.present(SEVERAL_SYMBOLS):
        config.error(SEVERAL_SYMBOLS, f"is not read: {ONE_SYMBOL}", "name it in symbol")
        return LAST_RESORT_SYMBOL
    config.warning(SYMBOL.name, f"{LAST_RESORT_SYMBOL} is used", "name the symbol to trade")
    return LAST_RESORT_SYMBOL


def _once(found: list[Problem]) -> tuple[Problem, ...]:
    """Without repetitions: a field that two readings ask for is judged twice; one error per place is enough."""
    kept: dict[tuple[str, Problem | None], Problem] = {}
    for problem in found:
        kept.setdefault((problem.path, problem if problem.severity == "warning" else None), problem)
    return tuple(kept.values())
