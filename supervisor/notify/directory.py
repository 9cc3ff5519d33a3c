"""Everybody whom news could go to: what the settings name, the administrators, and what a bot's config names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from supervisor.notify.address import Address, chat_address, email_address, shown, url_address
from supervisor.notify.routing import Person, Service
from supervisor.notify.terms import Terms
from supervisor.notify.wishes import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One target, or why there is none."""

    whose: str
    """`service`, `administrators`, or the bot's name."""
    address: Address | None
    shown: str
    """As a person may see it: without secrets."""
    url: str | None
    """What is sent to; holds secrets."""
    lacks: str | None = None


def of_service(service: Service, administrators: Iterable[Person], terms: Terms) -> Iterator[Entry]:
    """Targets of the service itself."""
    for target in service.targets:
        yield _of_url("service", target.url)
    if service.hear_administrators:
        for person in administrators:
            yield from _of_person("administrators", person, terms)


def of_bot(wishes: Wishes, owner: Person, service: Service, terms: Terms) -> Iterator[Entry]:
    """The channels that a bot's config enables, also those that lead nowhere."""
    spec, name = wishes.spec, wishes.name
    email = spec.notify_email or service.default_email or owner.email
    chat = spec.notify_telegram_chat_id or service.default_chat_id or owner.chat_id
    if spec.email_enabled:
        yield (
            _of_email(name, email, terms)
            if email
            else _nowhere(name, "e-mail", "notify_email is absent, and the owner's account has no address")
        )
    if spec.telegram_enabled:
        yield (
            _of_chat(name, chat, terms)
            if chat
            else _nowhere(name, "Telegram", "notify_telegram_chat_id is absent, and the owner's account knows no chat")
        )
    if spec.webhook_enabled:
        yield (
            _of_url(name, spec.webhook_url) if spec.webhook_url else _nowhere(name, "webhook", "webhook_url is absent")
        )
    for target in wishes.targets:
        yield _of_url(name, target.url)


def _of_person(whose: str, person: Person, terms: Terms) -> Iterator[Entry]:
    if person.email and terms.smtp_url:
        yield _of_email(whose, person.email, terms)
    if person.chat_id and terms.telegram_token:
        yield _of_chat(whose, person.chat_id, terms)


def _of_email(whose: str, email: str, terms: Terms) -> Entry:
    return _of_account(whose, email_address(email), terms, "BOTVISOR_SMTP_URL names no account to send from")


def _of_chat(whose: str, chat: str, terms: Terms) -> Entry:
    return _of_account(whose, chat_address(chat), terms, "BOTVISOR_TELEGRAM_TOKEN is not set")


def _of_account(whose: str, address: Address, terms: Terms, lacks: str) -> Entry:
    url = terms.url(address.ref)
    return Entry(whose=whose, address=address, shown=address.ref, url=url, lacks=lacks if url is None else None)


def _of_url(whose: str, url: str) -> Entry:
    return Entry(whose=whose, address=url_address(url), shown=shown(url), url=url)


def _nowhere(whose: str, channel: str, lacks: str) -> Entry:
    return Entry(whose=whose, address=None, shown=channel, url=None, lacks=lacks)
