"""News as a trader reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from post_world import a_notice

from supervisor.notify.channel_health import ChannelHealth
from supervisor.notify.fate import next_try
from supervisor.notify.figures import duration, money, percent, price, size
from supervisor.notify.notice import Kind
from supervisor.notify.of_entries import round_number_reached
from supervisor.notify.periods import last_period
from supervisor.notify.phrasing import phrase, phrase_together
from supervisor.notify.redaction import cleaned, redacted
from supervisor.notify.urls import mail_url, webhook_url

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
TRADE = {
    "symbol": "BTCUSDT",
    "direction": "long",
    "trading_mode": "paper",
    "size": "0.0125",
    "price": "65432.1",
    "entry_price": "65432.1",
    "entry_time": "2026-03-01T10:27:00+00:00",
    "entry_logic": "RSIBBEntryMixin",
    "exit_logic": "ATRExitMixin",
}


def test_an_entry_says_bot_size_symbol_price_and_mode() -> None:
    told = phrase(a_notice(kind=Kind.ENTRY, topic="opened", bot_id=7, bot_name="Dipper", facts=TRADE))
    assert told.title == "Position Opened: BTCUSDT"
    assert told.body == "[Dipper] BUY 0.0125 BTCUSDT @ $65,432.10 (Paper Trading)"


def test_an_exit_says_profit_percent_reason_and_how_long_it_was_held() -> None:
    facts = TRADE | {
        "trading_mode": "live",
        "price": "66100",
        "exit_price": "66100",
        "pnl": "-7.534",
        "pnl_pct": "-0.9211",
        "exit_reason": "stop_loss",
        "exit_time": "2026-03-02T12:30:00+00:00",
    }
    told = phrase(a_notice(kind=Kind.EXIT, topic="closed", bot_id=7, bot_name="Dipper", facts=facts))
    assert told.body == "[Dipper] SELL 0.0125 BTCUSDT @ $66,100.00 (P&L: -$7.53 / -0.92%) – stop loss"
    assert "held 1d 2h 3m" in told.long


def test_twenty_bots_that_stopped_are_one_message_with_a_line_each() -> None:
    notices = [
        a_notice(number, kind=Kind.STATUS, topic="stopped", bot_id=number, bot_name=f"Bot {number}")
        for number in range(20)
    ]
    told = phrase_together(notices)
    assert told.title == "20 bots stopped"
    assert len(told.body.splitlines()) == 20


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (money(Decimal("65432.1")), "$65,432.10"),
        (money(Decimal("-12.345")), "-$12.34"),
        (money(Decimal("12"), signed=True), "+$12.00"),
        (price(Decimal("88.84160935")), "$88.84"),
        (price(Decimal("1.0845")), "$1.0845"),
        (price(Decimal("0.00001234")), "$0.00001234"),
        (size(Decimal("11.24890095")), "11.2489"),
        (size(Decimal("0.00000123")), "0.00000123"),
        (percent(Decimal("1.2544")), "+1.25%"),
        (duration(timedelta(days=1, hours=2, minutes=3)), "1d 2h 3m"),
        (duration(timedelta(seconds=12)), "12s"),
    ],
)
def test_figures_are_shown_as_traders_write_them(shown: str, expected: str) -> None:
    assert shown == expected


def test_secrets_are_blanked_by_name_and_by_place() -> None:
    assert "abcd1234" not in redacted("api_key=abcd1234, more")
    assert "hunter22" not in redacted("see https://me:hunter22@example.org/")
    assert cleaned({"apiSecret": "x", "trade_key": "k1", "deep": [{"token": "y"}]}) == {
        "apiSecret": "***",
        "trade_key": "k1",
        "deep": [{"token": "***"}],
    }


def test_urls_become_what_apprise_reads() -> None:
    assert webhook_url("https://h.example:8443/x?room=7") == "jsons://h.example:8443/x?-room=7"
    assert webhook_url("slack://a/b/c") == "slack://a/b/c"
    made = mail_url("smtp://me:pw12@mail.example.org:2525?from=bots@example.org", "you@example.org")
    assert made.startswith("mailto://me:pw12@mail.example.org:2525?")
    assert "to=you%40example.org" in made
    with pytest.raises(ValueError, match="BOTVISOR_SMTP_URL"):
        mail_url("ftp://nowhere", "you@example.org")


def test_milestones_are_round_numbers_and_none_is_skipped_by_a_batch() -> None:
    assert [total for total in range(1, 200) if round_number_reached(total, 1)] == [10, 50, 100]
    assert round_number_reached(12, 5) == 10
    assert round_number_reached(9, 9) is None


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from(("hourly", "daily", "weekly", "monthly"))
)
def test_the_last_period_is_over_and_its_successor_is_not(naive: datetime, name: str) -> None:
    now = naive.replace(tzinfo=UTC)
    period = last_period(name, now)
    assert period.begin < period.end <= now
    again = last_period(name, period.end)
    assert again == period
    assert last_period(name, period.begin).end == period.begin


def test_a_target_that_fails_is_tried_ever_less_often_and_one_success_mends_it() -> None:
    health = ChannelHealth(60.0)
    waits = []
    for _ in range(10):
        health = health.began(0.0).failed(0.0, "refused")
        waits.append(health.next_try)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert health.parked
    assert health.word == "DOWN"
    assert health.succeeded().word == "HEALTHY"
    assert health.began(1.0).ready_at(2.0) is None, "one attempt at a time"


def test_rates_hold_after_a_few_at_once() -> None:
    health, now, sent = ChannelHealth(30.0), 0.0, 0
    while now < 60.0:
        ready = health.ready_at(now)
        assert ready is not None
        now = max(now, ready)
        health = health.began(now).succeeded()
        sent += 1
    assert 30 <= sent <= 36


def test_a_message_is_given_up_when_it_is_old_or_refused_by_a_target_that_takes_others() -> None:
    day = timedelta(days=1)
    assert next_try(0, NOW, NOW, day, down=False) == NOW + timedelta(seconds=2)
    assert next_try(3, NOW, NOW, day, down=False) == NOW + timedelta(seconds=16)
    assert next_try(7, NOW, NOW, day, down=False) is None
    assert next_try(70, NOW, NOW, day, down=True) == NOW + timedelta(seconds=300)
    assert next_try(0, NOW - day, NOW, day, down=True) is None
