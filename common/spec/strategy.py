"""Reading `strategy`: its type, the entry and exit logic, the size of an entry.

Which strategies and mixins exist, and what their parameters mean, is known to the worker alone; here only
the structure is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from common.spec import problems
from common.spec.fields import Choice, Field, Money, Number, PassThrough, Text
from common.spec.model import AssetType, LogicSpec, StrategySpec
from common.spec.section import MANIFEST_RULE, Section
from common.spec.trading import POSITION_SIZE as TRADING_POSITION_SIZE

FALLBACK = "CustomStrategy"
DEFAULT_SIZE = Decimal("0.1")
_COINS = (
    *("BTC", "ETH", "USDT", "USDC", "BNB", "ADA", "SOL", "DOT", "MATIC"),
    *("AVAX", "LINK", "UNI", "LTC", "BCH", "XRP", "DOGE", "SHIB", "BUSD"),
)

TYPE = Text(
    name="type", default=FALLBACK, longest=100, note="an unknown type falls back to CustomStrategy with a warning"
)
FIELDS: tuple[Field[Any], ...] = (TYPE,)
POSITION_SIZE = Number(
    name="position_size",
    above=0,
    high=1,
    unit="fraction of cash",
    default_note="trading.position_size, else 0.1",
    note="differing from trading.position_size is worth a warning",
)
MAX_SIZE = Number(
    name="max_position_size",
    above=0,
    unit="fraction of cash",
    note="upper clamp, applied only when given; not to be confused with risk_management.max_position_size (money)",
)
MIN_SIZE = Number(
    name="min_position_size", low=0, high=1, unit="fraction of cash", note="lower clamp, applied only when given"
)
ASSET_TYPE: Choice[AssetType] = Choice(
    name="asset_type", options=("crypto", "stock"), default_note="from the symbol", note="stocks trade whole shares"
)
MIN_VALUE = Money(name="min_order_value", low=0, unit="money", default=Decimal(0), note="stocks only; 0 = no minimum")
PARAMETER_FIELDS: tuple[Field[Any], ...] = (
    POSITION_SIZE,
    MAX_SIZE,
    MIN_SIZE,
    ASSET_TYPE,
    MIN_VALUE,
    PassThrough(name="entry_logic", note="{name, params} or {name, indicators, logic_params}; CustomStrategy needs it"),
    PassThrough(name="exit_logic", note="as entry_logic; CustomStrategy needs it"),
    *(
        PassThrough(name=name, note="kept, without effect")
        for name in (
            "use_talib",
            "enable_database_logging",
            "bot_type",
            "legacy_strategy_params",
            "strategy_config",
        )
    ),
)
LOGIC_NAME = Text(
    name="name", required=True, longest=100, note="name a mixin, e.g. RSIBBVolumeEntryMixin or ATRExitMixin"
)
LOGIC_FIELDS: tuple[Field[Any], ...] = (
    LOGIC_NAME,
    PassThrough(name="params", note="parameters, plain (rsi_period) or prefixed (e_…, x_…); *_period must be above 0"),
    PassThrough(name="logic_params", note="parameters, plain; they win over params"),
    PassThrough(name="indicators", note="list of {type, params, fields_mapping, data_field}"),
)


def read_strategy(config: Section, trading: Section, symbol: str) -> StrategySpec:
    """The strategy's structure; its `type` is passed on as written."""
    strategy = config.section("strategy", required=True, remedy='give {"type": "CustomStrategy", "parameters": {…}}')
    there = isinstance(config.raw("strategy"), Mapping)
    kind = _type(strategy) if there else FALLBACK
    parameters = strategy.section("parameters", remedy="give entry_logic, exit_logic and position_size in it")
    sound = there and (not strategy.present("parameters") or isinstance(strategy.raw("parameters"), Mapping))
    needed = sound and kind == FALLBACK
    parameters.check_values()
    entry = _read_logic(parameters, "entry_logic", needed=needed)
    leave = _read_logic(parameters, "exit_logic", needed=needed)
    for name in parameters.names():
        _check_period(parameters.at(name), name, parameters.raw(name), parameters.found, strict=False)
    low, high = _clamps(parameters)
    spec = StrategySpec(
        type=kind,
        entry=entry,
        exit=leave,
        position_size=_position_size(parameters, trading),
        max_position_size=high,
        min_position_size=low,
        asset_type=parameters.get(ASSET_TYPE) or asset_type_of(symbol),
        min_order_value=parameters.value(MIN_VALUE),
        parameters=parameters.content(),
    )
    strategy.warn_unknown(FIELDS, ("parameters",))
    return spec


def asset_type_of(symbol: str) -> AssetType:
    """`crypto` when the symbol contains the name of a well-known coin, in any letter case, else `stock`."""
    return "crypto" if any(coin in symbol.upper() for coin in _COINS) else "stock"


def _type(strategy: Section) -> str:
    if not strategy.present(TYPE.name):
        strategy.warning(TYPE.name, f"{FALLBACK} is used")
    return strategy.value(TYPE).strip()


def _position_size(parameters: Section, trading: Section) -> Decimal:
    own, other = parameters.get(POSITION_SIZE), trading.get(TRADING_POSITION_SIZE)
    if own is not None and other is not None and own != other:
        parameters.warning(POSITION_SIZE.name, f"differs from trading.position_size {other}; this one is used")
    return next((size for size in (own, other) if size is not None), DEFAULT_SIZE)


def _clamps(parameters: Section) -> tuple[Decimal | None, Decimal | None]:
    low, high = parameters.get(MIN_SIZE), parameters.get(MAX_SIZE)
    if high is not None and high > 1:
        remedy = "a cap in money is risk_management.max_position_size"
        parameters.warning(MAX_SIZE.name, "is a fraction of cash; above 1 it limits nothing", remedy)
    if low is not None and high is not None and low > high:
        parameters.warning(MIN_SIZE.name, f"is above max_position_size {high} and wins")
    return low, high


def _read_logic(parameters: Section, name: str, *, needed: bool) -> LogicSpec | None:
    if not parameters.present(name):
        if needed:
            parameters.lacks(name, f"{FALLBACK} needs an object with the name of a mixin", LOGIC_NAME.note)
        return None
    if not isinstance(parameters.raw(name), Mapping):
        reference = f"; {MANIFEST_RULE}" if isinstance(parameters.raw(name), str) else ""
        rule = f"must be an object with the name of a mixin{reference}"
        parameters.error(name, rule, 'write {"name": …, "params": {…}}')
        return None
    logic = parameters.section(name)
    mixin = (logic.get(LOGIC_NAME) or "").strip()
    if mixin and not mixin.endswith(("Mixin", "Strategy")):
        logic.warning(LOGIC_NAME.name, "does not end in Mixin or Strategy")
    params, logic_params = logic.section("params"), logic.section("logic_params")
    indicators = _read_indicators(logic)
    if not (logic.present("params") or logic.present("logic_params") or indicators):
        logic.warning("params", "the defaults of the mixin are used")
    for section in (params, logic_params):
        for key in section.names():
            _check_period(section.at(key), key, section.raw(key), section.found, strict=True)
    return LogicSpec(name=mixin, params=params.content(), logic_params=logic_params.content(), indicators=indicators)


def _read_indicators(logic: Section) -> tuple[dict[str, Any], ...]:
    listed = logic.raw("indicators")
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        logic.error("indicators", "must be a list of objects {type, params, fields_mapping}")
        return ()
    for index, item in enumerate(listed):
        for key, value in _items(item.get("params")):
            path = f"{logic.at('indicators')}[{index}].params.{key}"
            if not isinstance(value, str):  # a text refers to a key of logic_params
                _check_period(path, key, value, logic.found, strict=True)
    return tuple(listed)


def _items(params: object) -> Iterator[tuple[str, Any]]:
    return iter(params.items() if isinstance(params, Mapping) else ())


def _check_period(path: str, name: str, value: Any, found: list[problems.Problem], *, strict: bool) -> None:
    """A parameter named `*_period` (or `timeperiod`) counts bars: a number above 0.

    Without `strict` only numbers are judged: at the top of the parameters a plugin may name its own things so.
    """
    if value is None or not name.lower().endswith(("_period", "timeperiod")):
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not value > 0 and value == value:
        found.append(problems.error(path, value, "a period must be above 0"))
    elif strict and not number:
        found.append(problems.error(path, value, "a period must be a number above 0"))
