"""Who hears what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from post_world import a_notice

from common.spec.model import NotificationSpec
from common.spec.news_target import NewsTarget
from common.spec.quiet_hours import QuietHours
from supervisor.notify.notice import Kind, Priority
from supervisor.notify.routing import Person, Service, kinds_wanted, lacks, routes
from supervisor.notify.wishes import Wishes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
QUIET = QuietHours.parse("22:00-07:00")
EVERYTHING = {
    "position_opened": True,
    "position_closed": True,
    "error_notifications": True,
    "bot_events": True,
    "risk_alerts": True,
    "milestones": True,
    "daily_summary": True,
}


def wishes(**spec: Any) -> Wishes:
    return Wishes(bot_id=7, name="Dipper", spec=NotificationSpec(**spec))


def service(*targets: str, **more: Any) -> Service:
    return Service(targets=tuple(NewsTarget.parse(target) for target in targets), **more)


def heard(kind: Kind, wish: Wishes | None, ours: Service, owner: Person = Person(), *admins: Person) -> set[str]:
    notice = a_notice(kind=kind, at=NOON, bot_id=None if wish is None else wish.bot_id)
    return {route.address.ref for route in routes(notice, wish, owner, admins, ours)}


def test_a_config_that_enables_no_channel_tells_nobody() -> None:
    assert kinds_wanted(wishes(**EVERYTHING), service()) == frozenset()


@pytest.mark.parametrize(
    ("flag", "kind"),
    [
        ("position_opened", Kind.ENTRY),
        ("position_closed", Kind.EXIT),
        ("error_notifications", Kind.ERROR),
        ("bot_events", Kind.STATUS),
        ("risk_alerts", Kind.ALERT),
        ("milestones", Kind.MILESTONE),
        ("daily_summary", Kind.REPORT),
    ],
)
def test_each_kind_goes_by_its_flag(flag: str, kind: Kind) -> None:
    hook = {"webhook_enabled": True, "webhook_url": "https://h.example/x"}
    on = wishes(**dict.fromkeys(EVERYTHING, False) | hook | {flag: True})
    off = wishes(**EVERYTHING | hook | {flag: False})
    assert len(heard(kind, on, service())) == 1
    assert not heard(kind, off, service())


def test_the_recipient_is_the_configs_else_the_settings_else_the_owners() -> None:
    mail = service(can_mail=True, hear_administrators=False)
    owner = Person("owner@example.org")
    default = service(can_mail=True, hear_administrators=False, default_email="desk@example.org")
    named = wishes(email_enabled=True, notify_email="me@example.org")
    unnamed = wishes(email_enabled=True)
    assert heard(Kind.ERROR, named, default, owner) == {"email:me@example.org"}
    assert heard(Kind.ERROR, unnamed, default, owner) == {"email:desk@example.org"}
    assert heard(Kind.ERROR, unnamed, mail, owner) == {"email:owner@example.org"}
    assert not heard(Kind.ERROR, unnamed, mail)
    assert "neither notify_email nor the owner" in (lacks(a_notice(kind=Kind.ERROR), unnamed, Person(), mail) or "")
    assert "BOTVISOR_SMTP_URL" in (lacks(a_notice(kind=Kind.ERROR), unnamed, owner, service()) or "")


def test_administrators_hear_errors_of_bots_that_tell_nobody_and_nothing_of_their_trades() -> None:
    ours = service(can_mail=True)
    admin = Person("admin@example.org")
    assert heard(Kind.ERROR, wishes(error_notifications=False), ours, Person(), admin) == {"email:admin@example.org"}
    assert not heard(Kind.ENTRY, wishes(), ours, Person(), admin)
    assert heard(Kind.SYSTEM, None, ours, Person(), admin) == {"email:admin@example.org"}


def test_words_before_a_target_choose_kinds_bots_and_tags() -> None:
    majors, others = wishes(tags=("majors",)), wishes(tags=("alts",))
    ours = service("trades,tag:majors=slack://a/b/c")
    assert heard(Kind.EXIT, majors, ours)
    assert not heard(Kind.EXIT, others, ours)
    assert not heard(Kind.ERROR, majors, ours)
    assert heard(Kind.REPORT, others, service("bot:7=slack://a/b/c"))
    assert not heard(Kind.SYSTEM, None, service("bot:7=slack://a/b/c"))


def test_whoever_is_named_twice_hears_once() -> None:
    twice = wishes(email_enabled=True, notify_email="A@example.org")
    assert heard(Kind.ERROR, twice, service(can_mail=True), Person(), Person("a@example.org")) == {
        "email:a@example.org"
    }


def test_quiet_hours_hold_back_what_is_not_critical_and_trades_wait_for_no_burst() -> None:
    ours = service("all=slack://a/b/c", quiet_hours=QUIET)
    awake = service("all=slack://a/b/c")

    def due(ours: Service, **notice: Any) -> datetime:
        (route,) = routes(a_notice(**notice), None, Person(), (), ours)
        return route.due_at

    assert due(ours, at=NIGHT) == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert due(ours, at=NIGHT, kind=Kind.ERROR, priority=Priority.CRITICAL) == NIGHT + ours.gather
    assert due(awake, at=NOON, kind=Kind.ENTRY) == NOON
    assert due(awake, at=NOON, kind=Kind.STATUS) == NOON + ours.gather
    assert due(awake, at=NOON, kind=Kind.ERROR, repeats=True) == NOON


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
MINUTES = st.integers(0, 24 * 60 - 1)


@given(MINUTES, MINUTES, st.sampled_from(ZONES), st.integers(0, 366 * 24 * 60))
def test_quiet_hours_end_within_a_day_and_their_end_is_not_quiet(begin: int, end: int, zone: str, minute: int) -> None:
    if begin == end:
        return
    quiet = QuietHours.parse(f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02} {zone}")
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    over = quiet.over_at(moment)
    if over is not None:
        assert moment < over <= moment + timedelta(hours=26)


@given(st.sampled_from(Kind), st.booleans(), st.booleans())
def test_what_somebody_hears_was_wanted(kind: Kind, told: bool, mails: bool) -> None:
    wish = wishes(**EVERYTHING, webhook_enabled=told, webhook_url="https://h.example/x")
    ours = service("errors=slack://a/b/c", can_mail=mails)
    if heard(kind, wish, ours, Person(), Person("admin@example.org")):
        assert kind in kinds_wanted(wish, ours), "else it would never be put into the outbox"
