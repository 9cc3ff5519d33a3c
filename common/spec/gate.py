"""The live gate: what a config must say before a real order may be sent for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from common.spec.fields import Field, Flag, Money, Text, Unfit
from common.spec.section import Section

_CEILING = 10**15
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
NAME_RULE = "must be a name of 1 to 64 letters, digits, dots, dashes and underscores that begins with a letter or digit"


def is_secret_name(text: str) -> bool:
    """Whether `text` may be the name of a stored secret."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretName(Text):
    """Name of stored credentials, never the credentials."""

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not is_secret_name(value.strip()):
            raise Unfit(self.rule())
        return value.strip()

    def rule(self) -> str:
        return NAME_RULE


LINEAR = ("binance", "binanceusdm", "bybit", "okx", "bitget")
"""Exchanges where perpetuals can be traded live. Elsewhere the client library's calls do not do what they do here:
orders are not found by our id, do not only reduce, or change how the account holds what is there."""

CONFIRMED = Flag(name="live_trading_confirmed", default=False, note="live trading needs true")
TESTNET = Flag(
    name="testnet", default=False, note="live orders go to the exchange's test network; paper mode does not read it"
)
CREDENTIALS = SecretName(
    name="credentials",
    default_note="api_key and api_secret, else the supervisor's <EXCHANGE>_API_KEY and <EXCHANGE>_API_SECRET",
    note="name of stored credentials (`botctl secrets add`), for live trading",
)
API_KEY = Text(name="api_key", note="plain key in the row, for live trading; worth a warning: `botctl secrets adopt`")
API_SECRET = Text(name="api_secret", note="goes with api_key")
API_PASSWORD = Text(name="api_password", note="third part of the credentials, where an exchange has one")
CREDENTIAL_FIELDS: tuple[Field[Any], ...] = (CONFIRMED, TESTNET, CREDENTIALS, API_KEY, API_SECRET, API_PASSWORD)

MAX_SIZE = Money(
    name="max_position_size",
    above=0,
    below=_CEILING,
    required=True,
    unit="money",
    note="cap of an entry's notional; of this and risk_management.max_position_size the smaller holds",
)
MAX_LOSS = Money(
    name="max_daily_loss",
    above=0,
    below=_CEILING,
    required=True,
    unit="money",
    note="net loss of a UTC day that stops entries; of this and risk_management.max_daily_loss the smaller holds",
)
RISK_FIELDS: tuple[Field[Any], ...] = (MAX_SIZE, MAX_LOSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGate:
    """What the config says about live trading; all absent for a bot that does none."""

    testnet: bool = False
    credentials: str | None = None
    max_position_size: Decimal | None = None
    max_daily_loss: Decimal | None = None


def pass_gate(broker: Section) -> LiveGate:
    """Note an error for each condition of live trading that is not met.

    Credentials that the config does not name may be in the supervisor's environment; that they are nowhere is found
    out there.
    """
    _confirmed(broker)
    risk = broker.section("risk_management")
    size, loss = risk.get(MAX_SIZE), risk.get(MAX_LOSS)
    risk.warn_unknown(RISK_FIELDS)
    return LiveGate(
        testnet=broker.value(TESTNET),
        credentials=_credentials(broker),
        max_position_size=size,
        max_daily_loss=loss,
    )


def warn_of_testnet(broker: Section) -> None:
    """For a paper bot on an exchange's market: it trades on real prices whatever `testnet` says."""
    if broker.raw(TESTNET.name) is True:
        broker.warning(TESTNET.name, "has no effect in paper mode: its prices are those of the exchange itself")


def _confirmed(broker: Section) -> None:
    if broker.raw(CONFIRMED.name) is True:
        return
    rule, remedy = "must be true for live trading: real orders, real money", "set it to true once that is meant"
    note = broker.error if broker.present(CONFIRMED.name) else broker.lacks
    note(CONFIRMED.name, rule, remedy)


def _credentials(broker: Section) -> str | None:
    """The name of the stored credentials; None when they stand elsewhere, or wrong."""
    named = broker.get(CREDENTIALS)
    plain = [field for field in (API_KEY, API_SECRET, API_PASSWORD) if broker.present(field.name)]
    if named is not None:
        for field in plain:
            broker.warning(field.name, f"has no effect: broker.credentials names {named}", "remove it from the row")
        return named
    if broker.given(CREDENTIALS):
        return None
    for field in plain:
        broker.get(field)
    if plain and not (broker.present(API_KEY.name) and broker.present(API_SECRET.name)):
        absent = API_SECRET if broker.present(API_KEY.name) else API_KEY
        broker.lacks(absent.name, "api_key and api_secret go together", "or name stored ones in broker.credentials")
    elif plain:
        broker.warning(API_KEY.name, "stands in the row for all to read", "run: botctl secrets adopt")
    else:
        remedy = "or store some: botctl secrets add NAME, and name them here"
        broker.warning(CREDENTIALS.name, "the supervisor's environment must hold those of the exchange", remedy)
    return None
