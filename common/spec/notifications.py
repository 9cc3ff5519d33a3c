"""Reading `notifications`: kinds of news and channels, flat or nested by channel."""

from __future__ import annotations

from typing import Any

from common.spec.fields import Choice, Field, Flag, Money, PassThrough, Text, Unfit
from common.spec.model import NotificationSpec, Summaries
from common.spec.news_target import NewsTarget
from common.spec.quiet_hours import QuietHoursText
from common.spec.section import Section

OPENED = Flag(name="position_opened", default=False, note="entries")
CLOSED = Flag(name="position_closed", default=False, note="exits")
ERRORS = Flag(name="error_notifications", default=True, note="errors, to the owner")
EVENTS = Flag(name="bot_events", default=True, note="started, stopped, restarted")
DAILY = Flag(name="daily_summary", default=False)
RISK = Flag(name="risk_alerts", default=False, note="limits reached")
SUMMARIES: Choice[Summaries] = Choice(
    name="performance_summaries",
    options=("none", "hourly", "daily", "weekly", "monthly"),
    spellings=(("off", "none"),),
    default="none",
)
MILESTONES = Flag(name="milestones", default=True, note="round numbers of trades, and the profit target")
TARGET = Money(name="profit_target", above=0, unit="money", note="total net profit that is worth a message, once")
EMAIL_ON = Flag(name="email_enabled", default=False, note="channel")
TELEGRAM_ON = Flag(name="telegram_enabled", default=False, note="channel")
WEBHOOK_ON = Flag(name="webhook_enabled", default=False, note="channel")
EMAIL = Text(name="notify_email", blank_is_absent=True, default_note="the owner's address", note="recipient")
WEBHOOK_URL = Text(name="webhook_url", blank_is_absent=True, note="recipient")
ENABLED = Flag(name="enabled", default=True, note="false switches every channel off")
QUIET = QuietHoursText(name="quiet_hours", blank_is_absent=True, note="what is not critical waits until they are over")


class Texts(Field[tuple[str, ...]]):
    """A list of texts that are not blank."""

    __slots__ = ()
    kind = "list of texts"

    def parse(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Unfit(self.rule())
        if not all(isinstance(item, str) and item.strip() for item in value):
            raise Unfit(self.rule())
        return tuple(item.strip() for item in value)

    def rule(self) -> str:
        return "must be a list of texts that are not blank"


class UrlTexts(Texts):
    """A list of targets: apprise URLs, with or without the kinds of news that go there before them."""

    __slots__ = ()

    def parse(self, value: object) -> tuple[str, ...]:
        taken = Texts.parse(self, value)
        try:
            for item in taken:
                NewsTarget.parse(item, bots=False)
        except ValueError as error:
            raise Unfit(f"{self.rule()}; {error}") from None
        return taken

    def rule(self) -> str:
        return "must be a list of apprise URLs (scheme://…), each with or without kinds before it, as errors=slack://…"


URLS = UrlTexts(name="urls", note="recipients")
TAGS = Texts(name="tags", note="names that routes of the service's own targets may choose bots by")


class ChatId(Field[str]):
    """A chat as a text or as its number."""

    __slots__ = ()
    kind = "text"

    def parse(self, value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 64:
            return str(value)
        if isinstance(value, str) and value.strip():
            return value
        raise Unfit(self.rule())

    def rule(self) -> str:
        return "must be a text or a whole number"


CHAT = ChatId(name="notify_telegram_chat_id", blank_is_absent=True, default_note="the owner's chat", note="recipient")
FIELDS: tuple[Field[Any], ...] = (
    OPENED,
    CLOSED,
    ERRORS,
    EVENTS,
    DAILY,
    SUMMARIES,
    RISK,
    MILESTONES,
    TARGET,
    EMAIL_ON,
    TELEGRAM_ON,
    WEBHOOK_ON,
    EMAIL,
    CHAT,
    WEBHOOK_URL,
    URLS,
    TAGS,
    QUIET,
    ENABLED,
)
NOTIFY_ON = {
    "trade_entry": OPENED,
    "trade_exit": CLOSED,
    "error": ERRORS,
    "daily_summary": DAILY,
    "status": EVENTS,
}
"""Words of the nested form, with the flat key each means."""
NOTIFY_ON_LIST = PassThrough(name="notify_on", note="list of " + ", ".join(NOTIFY_ON))
CHANNEL_ENABLED = Flag(name="enabled", note="read when the flat key of the channel is absent")
_CHANNELS = {"telegram": TELEGRAM_ON, "email": EMAIL_ON}


def read_notifications(section: Section) -> NotificationSpec:
    """Flat keys win; the nested form fills in for those that are absent."""
    nested, listed = _read_nested(section)
    master = section.value(ENABLED)

    def kind(field: Flag) -> bool:
        given = section.get(field)
        if given is not None:
            return given
        if listed is not None and field in NOTIFY_ON.values():
            return field.name in listed
        return bool(field.default)

    def channel(field: Flag) -> bool:
        given = section.get(field)
        return master and (nested.get(field.name, False) if given is None else given)

    spec = NotificationSpec(
        position_opened=kind(OPENED),
        position_closed=kind(CLOSED),
        error_notifications=kind(ERRORS),
        bot_events=kind(EVENTS),
        daily_summary=kind(DAILY),
        performance_summaries=section.value(SUMMARIES),
        risk_alerts=kind(RISK),
        milestones=section.value(MILESTONES),
        profit_target=section.get(TARGET),
        email_enabled=channel(EMAIL_ON),
        telegram_enabled=channel(TELEGRAM_ON),
        webhook_enabled=channel(WEBHOOK_ON),
        notify_email=section.get(EMAIL),
        notify_telegram_chat_id=section.get(CHAT),
        webhook_url=section.get(WEBHOOK_URL),
        urls=(section.get(URLS) or ()) if master else (),
        tags=section.get(TAGS) or (),
        quiet_hours=section.get(QUIET),
    )
    section.warn_unknown(FIELDS, _CHANNELS)
    _warn_of_silence(section, spec, master=master, listed=bool(listed))
    return spec


def _read_nested(section: Section) -> tuple[dict[str, bool], set[str] | None]:
    """Channels of the nested form by flat key, and the flat kinds it lists (None when it lists nothing)."""
    channels: dict[str, bool] = {}
    listed: set[str] | None = None
    for name, flat in _CHANNELS.items():
        channel = section.section(name)
        enabled = channel.get(CHANNEL_ENABLED)
        if enabled is not None:
            channels[flat.name] = enabled
        words = channel.raw("notify_on")
        channel.warn_unknown((CHANNEL_ENABLED, NOTIFY_ON_LIST))
        if words is None:
            continue
        if not isinstance(words, list):
            channel.error("notify_on", "must be a list of: " + ", ".join(NOTIFY_ON))
            continue
        listed = (listed or set()) | _kinds(channel, words)
    return channels, listed


def _kinds(channel: Section, words: list[object]) -> set[str]:
    known = {word for word in words if isinstance(word, str) and word in NOTIFY_ON}
    if len(known) != len({repr(word) for word in words}):
        channel.warning("notify_on", "names a kind that is not known and is ignored", "known: " + ", ".join(NOTIFY_ON))
    return {NOTIFY_ON[word].name for word in known}


def _warn_of_silence(section: Section, spec: NotificationSpec, *, master: bool, listed: bool) -> None:
    channels = spec.email_enabled or spec.telegram_enabled or spec.webhook_enabled or spec.urls
    wanted = spec.position_opened or spec.position_closed or spec.daily_summary or spec.risk_alerts
    asked = section.raw(ERRORS.name) is True or section.raw(EVENTS.name) is True
    if (wanted or asked or listed or spec.performance_summaries != "none") and master and not channels:
        remedy = "set email_enabled, telegram_enabled or webhook_enabled, or name urls"
        section.note("news is asked for, but no channel is enabled", remedy)
    if spec.webhook_enabled and spec.webhook_url is None:
        section.warning(WEBHOOK_URL.name, "webhook_enabled is true, so something must be named to post to")
