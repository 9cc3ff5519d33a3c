"""The settings of notifications."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from common.spec.news_target import NewsTarget
from common.spec.quiet_hours import QuietHours
from supervisor.notify.urls import mail_url


class NewsSettings(BaseSettings):
    """Where news goes, beside what each bot's config says, and how it is sent."""

    notify_urls: SecretStr = Field(
        SecretStr(""),
        description="Targets of the service, separated by white space: apprise URLs, or http(s) URLs that JSON is posted to. Words before one choose what goes there, as `errors,tag:majors=slack://…`; without words it is what administrators hear. See docs/notifications.md.",
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Account that e-mail is sent from: `smtp://user:password@host:587?from=bots@example.org`, `smtps://` for TLS from the start.",
    )
    telegram_token: SecretStr = Field(SecretStr(""), description="Token of the Telegram bot that news is told through.")
    telegram_api: str = Field(
        "https://api.telegram.org", description="Telegram's Bot API, or a server of your own that speaks it."
    )
    notify_email: str | None = Field(
        None,
        validation_alias=AliasChoices("BOTVISOR_NOTIFY_EMAIL", "TRADING_NOTIFY_EMAIL"),
        description="E-mail address for bots that name none, before their owner's; `TRADING_NOTIFY_EMAIL` is read when this is absent.",
    )
    notify_telegram_chat_id: str | None = Field(
        None,
        validation_alias=AliasChoices("BOTVISOR_NOTIFY_TELEGRAM_CHAT_ID", "TRADING_NOTIFY_TELEGRAM_CHAT_ID"),
        description="Telegram chat for bots that name none, before their owner's; `TRADING_NOTIFY_TELEGRAM_CHAT_ID` is read when this is absent.",
    )
    notify_admins: bool = Field(
        True, description="Tell accounts with the role `admin` of errors of all bots and of what the service does."
    )
    notify_quiet_hours: str = Field(
        "",
        description="Hours in which only critical news is sent, as `22:00-07:00 Europe/Berlin`; a bot's own `quiet_hours` win for its own channels.",
    )
    notify_gather: float = Field(
        2.0,
        ge=0,
        le=3600,
        description="Seconds that news which comes in bursts waits for its like, to become one message. Trades and critical news go at once.",
    )
    notify_repeat: float = Field(
        900.0,
        ge=0,
        le=86_400,
        description="Seconds after which a critical incident is told again, until `botctl ack`. 0 = never again.",
    )
    notify_timeout: float = Field(
        15.0, gt=0, le=600, description="Seconds that one attempt to send is awaited; then it counts as failed."
    )
    notify_give_up: float = Field(
        86_400.0, gt=0, le=2_592_000, description="Seconds after which a message that cannot be delivered is given up."
    )
    notify_stop: float = Field(
        3.0,
        ge=0,
        le=60,
        description="Seconds a stopping service goes on sending; what is left then waits for the next.",
    )
    notify_keep_days: int = Field(
        90, ge=1, le=36_500, description="Days that told news and the message history are kept."
    )

    @field_validator("notify_urls")
    @classmethod
    def _targets(cls, value: SecretStr) -> SecretStr:
        for part in value.get_secret_value().split():
            NewsTarget.parse(part)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _account(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            mail_url(value.get_secret_value(), "somebody@example.org")
        return value

    @field_validator("notify_quiet_hours")
    @classmethod
    def _quiet(cls, value: str) -> str:
        if value:
            QuietHours.parse(value)
        return value
