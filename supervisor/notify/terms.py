"""The service's settings of notifications, as the postman works by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from common import logs
from common.spec.news_target import NewsTarget
from common.spec.quiet_hours import QuietHours
from supervisor.news_settings import NewsSettings
from supervisor.notify.routing import Service
from supervisor.notify.urls import chat_url, mail_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How messages are sent; durations in seconds where they are plain numbers."""

    smtp_url: str
    telegram_token: str
    telegram_api: str
    timeout: float
    repeat: timedelta | None
    give_up: timedelta
    keep: timedelta
    stop: float

    def url(self, ref: str) -> str | None:
        """The apprise URL of an e-mail address or a chat; None when the account to send from is gone, or for others."""
        sort, _, name = ref.partition(":")
        if sort == "email" and self.smtp_url:
            return mail_url(self.smtp_url, name)
        if sort == "telegram" and self.telegram_token:
            return chat_url(self.telegram_token, name)
        return None


def terms_of(settings: NewsSettings) -> Terms:
    """The settings that sending goes by."""
    return Terms(
        smtp_url=settings.smtp_url.get_secret_value(),
        telegram_token=settings.telegram_token.get_secret_value(),
        telegram_api=settings.telegram_api,
        timeout=settings.notify_timeout,
        repeat=timedelta(seconds=settings.notify_repeat) if settings.notify_repeat else None,
        give_up=timedelta(seconds=settings.notify_give_up),
        keep=timedelta(days=settings.notify_keep_days),
        stop=settings.notify_stop,
    )


def service_of(settings: NewsSettings) -> Service:
    """The settings that routing goes by. Their secrets are blanked in logs and messages from now on."""
    targets = tuple(NewsTarget.parse(part) for part in settings.notify_urls.get_secret_value().split())
    quiet = settings.notify_quiet_hours
    for url in (settings.smtp_url.get_secret_value(), *(target.url for target in targets)):
        register_url(url)
    logs.register_secret(settings.telegram_token.get_secret_value())
    return Service(
        targets=targets,
        default_email=settings.notify_email,
        default_chat_id=settings.notify_telegram_chat_id,
        can_mail=bool(settings.smtp_url.get_secret_value()),
        can_chat=bool(settings.telegram_token.get_secret_value()),
        hear_administrators=settings.notify_admins,
        quiet_hours=QuietHours.parse(quiet) if quiet else None,
        gather=timedelta(seconds=settings.notify_gather),
    )


def register_url(url: str) -> None:
    """Blank the URL and the password in it wherever they would appear."""
    logs.register_secret(url)
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        logs.register_secret(password)
