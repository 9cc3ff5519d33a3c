"""For whom a piece of news is, and when it may be sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.spec.news_target import NewsTarget
from common.spec.quiet_hours import QuietHours
from supervisor.notify.address import Address, chat_address, email_address, url_address
from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.wishes import Wishes

ADMINISTRATORS_HEAR = frozenset({Kind.ERROR, Kind.SYSTEM})
"""Of all bots, without having asked; of the service itself its alerts too."""
_GATHERED = frozenset({Kind.ERROR, Kind.STATUS, Kind.ALERT, Kind.SYSTEM, Kind.REPORT, Kind.MILESTONE})
"""Kinds that come in bursts and are worth a moment's patience; trades go at once."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and the ways to him that the account knows."""

    email: str | None = None
    chat_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the service's own settings say about news."""

    targets: tuple[NewsTarget, ...] = ()
    default_email: str | None = None
    default_chat_id: str | None = None
    can_mail: bool = False
    """There is an account to send e-mail from."""
    can_chat: bool = False
    """There is a Telegram bot to speak through."""
    hear_administrators: bool = True
    """Whether accounts with the role `admin` hear what administrators hear."""
    quiet_hours: QuietHours | None = None
    gather: timedelta = timedelta(seconds=2)
    """How long news that comes in bursts waits for its like."""

    @property
    def accounts_can_be_reached(self) -> bool:
        """Whether it makes sense to look for administrators' accounts."""
        return self.hear_administrators and (self.can_mail or self.can_chat)


@dataclass(frozen=True, slots=True)
class Route:
    """One delivery to be made."""

    address: Address
    due_at: datetime


def kinds_wanted(wishes: Wishes | None, service: Service) -> frozenset[Kind]:
    """The kinds of this bot's news (None: the service's) that anybody may hear."""
    kinds = set(wishes.kinds) if wishes is not None else set()
    for target in service.targets:
        if _is_about(target, wishes):
            kinds |= _kinds_of(target, wishes)
    if service.accounts_can_be_reached:
        kinds |= _administrators_kinds(wishes)
    return frozenset(kinds)


def routes(
    notice: Notice, wishes: Wishes | None, owner: Person, administrators: Iterable[Person], service: Service
) -> tuple[Route, ...]:
    """Every target that shall hear of it, each once, with the time from which it may be sent."""
    found: dict[Address, Route] = {}
    own_quiet = wishes.quiet_hours if wishes is not None else None
    if wishes is not None:
        for address in _of_bot(notice.kind, wishes, owner, service):
            found.setdefault(address, Route(address, _due(notice, own_quiet or service.quiet_hours, service)))
    for address in _of_service(notice.kind, wishes, administrators, service):
        found.setdefault(address, Route(address, _due(notice, service.quiet_hours, service)))
    return tuple(found.values())


def lacks(notice: Notice, wishes: Wishes, owner: Person, service: Service) -> str | None:
    """Why an enabled channel of the bot leads nowhere; None when all lead somewhere or none is asked for."""
    if notice.kind not in wishes.flagged:
        return None
    spec, problems = wishes.spec, []
    if spec.email_enabled and not service.can_mail:
        problems.append("e-mail is enabled, but BOTVISOR_SMTP_URL names no account to send from")
    elif spec.email_enabled and _email(wishes, owner, service) is None:
        problems.append("e-mail is enabled, but neither notify_email nor the owner's account has an address")
    if spec.telegram_enabled and not service.can_chat:
        problems.append("Telegram is enabled, but BOTVISOR_TELEGRAM_TOKEN is not set")
    elif spec.telegram_enabled and _chat(wishes, owner, service) is None:
        problems.append("Telegram is enabled, but neither notify_telegram_chat_id nor the owner's account has a chat")
    if spec.webhook_enabled and spec.webhook_url is None:
        problems.append("the webhook is enabled, but webhook_url is missing")
    return "; ".join(problems) or None


def _of_bot(kind: Kind, wishes: Wishes, owner: Person, service: Service) -> Iterable[Address]:
    spec = wishes.spec
    if kind in wishes.flagged:
        email, chat = _email(wishes, owner, service), _chat(wishes, owner, service)
        if spec.email_enabled and service.can_mail and email is not None:
            yield email_address(email)
        if spec.telegram_enabled and service.can_chat and chat is not None:
            yield chat_address(chat)
        if spec.webhook_enabled and spec.webhook_url is not None:
            yield url_address(spec.webhook_url)
    for target in wishes.targets:
        if kind in (wishes.flagged if target.kinds is None else target.kinds):
            yield url_address(target.url)


def _of_service(
    kind: Kind, wishes: Wishes | None, administrators: Iterable[Person], service: Service
) -> Iterable[Address]:
    for target in service.targets:
        if _is_about(target, wishes) and kind in _kinds_of(target, wishes):
            yield url_address(target.url)
    if service.accounts_can_be_reached and kind in _administrators_kinds(wishes):
        for person in administrators:
            if service.can_mail and person.email:
                yield email_address(person.email)
            if service.can_chat and person.chat_id:
                yield chat_address(person.chat_id)


def _is_about(target: NewsTarget, wishes: Wishes | None) -> bool:
    if wishes is None:
        return target.about(None, None, frozenset())
    return target.about(wishes.bot_id, wishes.name, frozenset(wishes.spec.tags))


def _kinds_of(target: NewsTarget, wishes: Wishes | None) -> frozenset[Kind]:
    if target.kinds is not None:
        return frozenset(Kind(word) for word in target.kinds)
    if target.bots or target.tags:
        return frozenset(Kind)
    return _administrators_kinds(wishes)


def _administrators_kinds(wishes: Wishes | None) -> frozenset[Kind]:
    return ADMINISTRATORS_HEAR | {Kind.ALERT} if wishes is None else ADMINISTRATORS_HEAR


def _email(wishes: Wishes, owner: Person, service: Service) -> str | None:
    found = wishes.spec.notify_email or service.default_email or owner.email
    return found if found and "@" in found else None


def _chat(wishes: Wishes, owner: Person, service: Service) -> str | None:
    return wishes.spec.notify_telegram_chat_id or service.default_chat_id or owner.chat_id


def _due(notice: Notice, quiet: QuietHours | None, service: Service) -> datetime:
    due = notice.at + service.gather if notice.kind in _GATHERED and not notice.repeats else notice.at
    if quiet is None or notice.priority is Priority.CRITICAL:
        return due
    return quiet.over_at(due) or due
