"""What makes a signal unsound, rule by rule, and that nothing unsound passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.trading.signal import Signal
from worker.risk.denial import Denial
from worker.risk.signal_check import SoundSignal, Surroundings, check_signal, side_text
from worker.risk.signal_memory import REMEMBERED_IDS, SignalMemory

D = Decimal
HOUR = timedelta(hours=1)
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
FLAT = Surroundings(symbol="BTCUSDT", opened_at=NOON, closed_at=NOON + HOUR, close=D(10), held=D(0), leaving=False)
LONG = replace(FLAT, held=D(5))
BUY: dict[str, Any] = {"side": "buy", "symbol": "BTCUSDT", "price": 10.0, "time": NOON, "reason": "breakout"}
SELL = BUY | {"side": "sell"}


class Scientific(float):
    """As numeric libraries have them: a float that writes itself in its own way."""

    def __repr__(self) -> str:
        return f"library.float64({float(self)!r})"


def outcome(given: dict[str, Any], around: Surroundings = FLAT, memory: SignalMemory | None = None) -> Any:
    return check_signal(Signal(**given), around, memory or SignalMemory())


def rule(given: dict[str, Any], around: Surroundings = FLAT, memory: SignalMemory | None = None) -> str | None:
    found = outcome(given, around, memory)
    return found.rule if isinstance(found, Denial) else None


def test_a_sound_signal_is_read_into_exact_numbers() -> None:
    assert outcome(BUY | {"confidence": 0.1, "fraction": 0.3, "signal_id": "s1"}) == SoundSignal(
        side="buy",
        price=D(10),
        time=NOON,
        reason="breakout",
        confidence=D("0.1"),
        risk_multiplier=D(1),
        fraction=D("0.3"),
        quantity=None,
        signal_id="s1",
    )


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"side": None}, "signal_side"),
        ({"side": "hold"}, "signal_side"),
        ({"side": 1}, "signal_side"),
        ({"symbol": None}, "signal_symbol"),
        ({"symbol": ""}, "signal_symbol"),
        ({"symbol": "ETHUSDT"}, "signal_symbol"),
        ({"price": None}, "signal_price"),
        ({"price": 0.0}, "signal_price"),
        ({"price": -10.0}, "signal_price"),
        ({"price": float("nan")}, "signal_price"),
        ({"price": float("inf")}, "signal_price"),
        ({"price": "10"}, "signal_price"),
        ({"price": True}, "signal_price"),
        ({"price": 15.01}, "signal_price"),
        ({"price": 4.99}, "signal_price"),
        ({"price": D("1E+999999")}, "signal_price"),
        ({"reason": None}, "signal_reason"),
        ({"reason": " "}, "signal_reason"),
        ({"reason": "a\x00b"}, "signal_reason"),
        ({"reason": "\ud800"}, "signal_reason"),
        ({"quantity": -1.0}, "signal_size"),
        ({"quantity": 0}, "signal_size"),
        ({"quantity": float("nan")}, "signal_size"),
        ({"quantity": float("-inf")}, "signal_size"),
        ({"fraction": -0.1}, "signal_size"),
        ({"fraction": 1.01}, "signal_size"),
        ({"fraction": 0.1, "quantity": 1}, "signal_size"),
        ({"confidence": 0.0}, "signal_confidence"),
        ({"confidence": 1.0000001}, "signal_confidence"),
        ({"confidence": None}, "signal_confidence"),
        ({"risk_multiplier": 0}, "signal_risk_multiplier"),
        ({"risk_multiplier": D("1E+999999")}, "signal_risk_multiplier"),
        ({"signal_id": ""}, "signal_id"),
        ({"signal_id": "x" * 65}, "signal_id"),
        ({"signal_id": 7}, "signal_id"),
        ({"time": None}, "signal_time"),
        ({"time": NOON.replace(tzinfo=None)}, "signal_time"),
        ({"time": "2024-01-01"}, "signal_time"),
        ({"time": NOON - HOUR - timedelta(microseconds=1)}, "signal_stale"),
        ({"time": NOON + HOUR + timedelta(microseconds=1)}, "signal_future"),
        ({"side": "sell"}, "signal_short"),
    ],
)
def test_an_unsound_field_is_refused_by_the_rule_that_names_it(change: dict[str, Any], broken: str) -> None:
    assert rule(BUY | change) == broken


@pytest.mark.parametrize(
    "change",
    [
        {"price": 15.0},
        {"price": 5},
        {"price": D("10.00000001")},
        {"quantity": 3},
        {"fraction": 1.0},
        {"confidence": D("0.00000001")},
        {"risk_multiplier": 2.5},
        {"risk_multiplier": Fraction(3, 2)},
        {"price": Scientific(10), "confidence": Scientific(0.5)},
        {"time": NOON - HOUR},
        {"time": NOON + HOUR},
        {"time": NOON.astimezone(timezone(timedelta(hours=5)))},
    ],
)
def test_values_at_the_edge_of_a_rule_pass(change: dict[str, Any]) -> None:
    assert rule(BUY | change) is None


def test_the_message_names_value_and_rule() -> None:
    denial = outcome(BUY | {"quantity": -2.5})
    assert denial.message == "quantity -2.5 is not a finite number above 0"
    assert denial.value == "-2.5"
    assert "'ETHUSDT', this bot trades BTCUSDT" in outcome(BUY | {"symbol": "ETHUSDT"}).message


def test_a_sale_closes_all_that_is_held_or_nothing() -> None:
    assert rule(SELL, LONG) is None
    assert rule(SELL | {"quantity": 5}, LONG) is None
    assert rule(SELL | {"fraction": 1}, LONG) is None
    assert rule(SELL | {"quantity": 4.9}, LONG) == "signal_size"
    assert rule(SELL | {"fraction": 0.5}, LONG) == "signal_size"
    assert rule(SELL, replace(LONG, leaving=True)) == "signal_duplicate"


def test_a_second_signal_of_a_side_on_the_same_bar_is_a_repetition() -> None:
    memory = SignalMemory()
    memory.turn_to(4)
    memory.add("buy", None)
    assert rule(BUY, memory=memory) == "signal_duplicate"
    assert rule(SELL, LONG, memory) is None
    memory.turn_to(4)
    assert rule(BUY, memory=memory) == "signal_duplicate"
    memory.turn_to(5)
    assert rule(BUY, memory=memory) is None


def test_an_id_is_known_until_many_newer_ones_have_come() -> None:
    memory = SignalMemory(["old"])
    assert rule(BUY | {"signal_id": "old"}, memory=memory) == "signal_duplicate"
    for number in range(REMEMBERED_IDS):
        memory.add("buy", str(number))
    assert not memory.has_id("old")
    assert memory.ids() == [str(number) for number in range(REMEMBERED_IDS)]


def test_what_stood_for_the_side_fits_its_column() -> None:
    assert (side_text("buy"), side_text("sell")) == ("buy", "sell")
    assert side_text("\x00" * 40) == r"'\x00\x00\x"[:10]
    assert side_text(None) == "None"


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=5),
    st.sampled_from(["buy", "sell", "BTCUSDT", NOON, NOON - HOUR, NOON - 2 * HOUR, b"x", [1], {}]),
)
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(Signal.__slots__, ODD))


@given(changes=FIELDS, held=st.sampled_from([D(0), D(5)]))
def test_whatever_a_signal_holds_it_is_refused_or_every_field_may_be_relied_on(changes: Any, held: Decimal) -> None:
    found = outcome(BUY | changes, replace(FLAT, held=held))
    if isinstance(found, Denial):
        assert found.rule.startswith("signal_")
        assert found.message.isprintable()
        return
    assert found.side == "buy" or held > 0
    assert D(5) <= found.price <= D(15)
    assert NOON - HOUR <= found.time <= NOON + HOUR
    assert 0 < found.confidence <= 1
    assert found.risk_multiplier > 0
    assert found.fraction is None or 0 < found.fraction <= 1
    assert found.quantity is None or found.quantity > 0
    assert found.reason.strip()
