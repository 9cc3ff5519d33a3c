"""The operator's page about the config, written from the same declarations that read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from common.spec import broker, data, gate, limits, notifications, paper, read, risk, strategy, trading
from common.spec.fields import Choice, Field

SECTIONS: tuple[tuple[str, str, Sequence[Field[Any]]], ...] = (
    ("", "The bot as a whole. `broker` and `strategy` are required, the other sections may be left out.", read.FIELDS),
    ("broker", "Where orders go and what the account starts with.", broker.FIELDS),
    (
        "broker.paper_trading_config",
        "How the simulated venue fills. Without it fills are exact, immediate and repeatable; every imperfection is "
        "switched on only by a key that is given, and its randomness is seeded.",
        paper.FIELDS,
    ),
    (
        "broker.risk_management",
        "Limits that live trading does not begin without; `risk_management` may have stricter ones. Read for live "
        "trading only.",
        gate.RISK_FIELDS,
    ),
    ("strategy", "Which strategy decides.", strategy.FIELDS),
    (
        "strategy.parameters",
        "Its parameters; a strategy of your own has others.",
        strategy.PARAMETER_FIELDS,
    ),
    (
        "strategy.parameters.entry_logic",
        "When to enter; `exit_logic` has the same keys and says when to leave.",
        strategy.LOGIC_FIELDS,
    ),
    ("data", "The market the bot sees. Sources: file, simulated, or an exchange.", data.FIELDS),
    ("trading", "How orders are made.", trading.FIELDS),
    ("risk_management", "Limits, all in force. Percents are percent: 3 means 3 %.", risk.FIELDS),
    ("notifications", "What the owner wants to hear, and where.", notifications.FIELDS),
    (
        "notifications.telegram",
        "Older nested form, also as `notifications.email`; flat keys win.",
        (notifications.CHANNEL_ENABLED, notifications.NOTIFY_ON_LIST),
    ),
    ("limits", "What the bot's process may use. The service's settings hold for what is not given.", limits.FIELDS),
)

WARNINGS: tuple[tuple[str, str], ...] = (
    (
        "<any key>",
        "it is not a known key: it is kept and ignored (keys of `strategy.parameters`: where the strategy has a table)",
    ),
    ("<any money field>", "a number is written as a text"),
    ("symbol", "no spelling of it is there"),
    ("user_id", "it differs from the row's user_id"),
    ("broker.type", "it is file_broker: orders are kept in the database, not in files"),
    ("broker.api_key", "it stands in the row of a live bot, or is given beside credentials"),
    ("broker.api_secret", "it is given beside credentials"),
    ("broker.api_password", "it is given beside credentials"),
    ("broker.credentials", "the bot is live and its config names none"),
    ("broker.testnet", "it is true in paper mode"),
    ("broker.margin_mode", "the bot is not live on a linear market"),
    ("broker.paper_trading_config", "the bot is live"),
    ("broker.paper_trading_config.mode", "it is given without any imperfection"),
    ("broker.paper_trading_config.<imperfection>", "it is given but switched off by another key"),
    ("strategy.type", "it is missing"),
    ("strategy.parameters.entry_logic.name", "it does not end in Mixin or Strategy; also for exit_logic"),
    ("strategy.parameters.entry_logic.params", "no parameters are given in any form; also for exit_logic"),
    ("strategy.parameters.position_size", "it differs from trading.position_size"),
    ("strategy.parameters.max_position_size", "it is above 1 although it is a fraction"),
    ("strategy.parameters.min_position_size", "it is above max_position_size"),
    ("data.data_source", "in paper mode it names another exchange than broker.type"),
    ("data.interval", "it is none of the usual intervals, and the source is no exchange"),
    ("data.source_interval", "it is none of the usual intervals; it is given but the source is not a file"),
    ("data.lookback_bars", "it is above 5000"),
    ("data.file_path", "it is given but the source is not a file"),
    ("data.simulate_realtime", "data.speed is given, or the source is simulated or an exchange"),
    ("data.realtime_interval", "the source is an exchange; also for speed, seed, fromdate and todate"),
    ("data.history", "it is false and the source is an exchange"),
    ("trading.max_positions", "it is above 10"),
    ("trading.max_exposure", "it is below 1: it is not enforced on a single bot"),
    ("trading.leverage", "it is not 1 and the bot is not live on a linear market: it is not enforced"),
    ("trading.allow_short", "it is true: no strategy of this version opens shorts"),
    ("trading.symbol", "it differs from the bot's symbol"),
    ("trading.close_on_stop", "it contradicts on_stop"),
    ("risk_management.take_profit_pct", "it is not above stop_loss_pct"),
    ("risk_management.max_daily_trades", "it is above 100"),
    ("risk_management.trailing_stop", "it is true without a trailing_stop_pct above 0"),
    ("risk_management.trailing_stop_pct", "it is given while trailing_stop is not true"),
    ("risk_management.max_portfolio_risk", "it is given: it is not enforced on a single bot"),
    ("risk_management.position_sizing_method", "it is another than percentage"),
    ("notifications", "news is asked for but no channel is enabled"),
    ("notifications.webhook_url", "the webhook is enabled and this is absent"),
    ("notifications.telegram.notify_on", "it names a kind that is not known; also for email"),
)
"""Every place that can be warned about, and when."""


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from _INTRODUCTION
    for path, about, fields in SECTIONS:
        yield from ("", f"## `{path}`" if path else "## Top level", "", about, "")
        yield from _table(path, fields)
    yield from ("", "## Warnings", "", "A bot with warnings runs. They are given when:", "")
    yield from ("| path | when |", "|---|---|")
    for place, when in WARNINGS:
        yield f"| `{place}` | {when} |"


def _table(path: str, fields: Iterable[Field[Any]]) -> Iterator[str]:
    yield "| path | type | default | unit | rule | other spellings | meaning |"
    yield "|---|---|---|---|---|---|---|"
    for field in fields:
        cells = (
            f"`{path}.{field.name}`" if path else f"`{field.name}`",
            field.kind,
            _default(field),
            field.unit,
            field.rule(),
            _spellings(field),
            field.note,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") or "–" for cell in cells) + " |"


def _default(field: Field[Any]) -> str:
    if field.required:
        return "required"
    if field.default is None:
        return field.default_note
    return str(field.default).lower() if isinstance(field.default, bool) else f"`{field.default}`"


def _spellings(field: Field[Any]) -> str:
    words = [f"`{alias}`" for alias in field.aliases]
    if isinstance(field, Choice):
        words += [f"`{spelling}` = {meaning}" for spelling, meaning in field.spellings]
    return ", ".join(words)


_INTRODUCTION = (
    "# The config of a bot",
    "",
    "<!-- Generated by `python scripts/config_reference.py`; do not edit by hand. -->",
    "",
    "A bot is a row of `trading_bots`; its `config` column holds one JSON object. Three generations of spelling are",
    "read alike. Null counts as absent. Unknown keys are kept and ignored. An error keeps the bot from running; all",
    "errors of a config are reported together, each with its path, value and rule. Truth values are not numbers, NaN",
    "and infinity are refused, and a text that holds a number is taken for money only, with a warning. Manifests",
    "that refer to component files (`modules`, `components`, `overrides`, a text in place of a section) are refused.",
    "",
    "Any parameter named `*_period` must be above 0. What a mixin's parameters mean is not part of this page.",
    "",
    'An interval is `"<n>s"`, `"<n>m"`, `"<n>h"`, `"<n>d"`, `"1W"` (from Monday 00:00 UTC to the next) or `"1M"` (a',
    "calendar month in UTC).",
)
