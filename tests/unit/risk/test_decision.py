"""From a sound signal to an order's size and kind, or a refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.spec import BotSpec, BrokerSpec, DataSpec, RiskSpec, StrategySpec, TradingSpec
from worker.risk.decision import Decision, decide_entry
from worker.risk.denial import Denial
from worker.risk.limits import EntrySituation
from worker.risk.signal_check import SoundSignal

D = Decimal
CALM = EntrySituation(paused=False, busy=False, entries_today=0, net_today=D(0), equity=D(1000), peak=D(1000))


def signal(**given: Any) -> SoundSignal:
    values: dict[str, Any] = {
        "side": "buy",
        "price": D(10),
        "time": datetime(2024, 1, 1, tzinfo=UTC),
        "reason": "r",
        "confidence": D(1),
        "risk_multiplier": D(1),
        "fraction": None,
        "quantity": None,
        "signal_id": None,
    }
    return SoundSignal(**values | given)


def decided(asked: SoundSignal, now: EntrySituation = CALM, **sections: Any) -> Decision | Denial:
    spec = BotSpec(
        bot_id=1,
        name="x",
        broker=BrokerSpec(type="paper", start_balance=D(1000), commission_rate=D(0)),
        data=DataSpec(source="simulated", symbol="BTCUSDT", market_identity="m"),
        **{"strategy": StrategySpec(position_size=D("0.1")), **sections},
    )
    return decide_entry(spec, asked, now, D(1000), D(10))


def quantity(asked: SoundSignal, **sections: Any) -> Decimal:
    found = decided(asked, **sections)
    assert isinstance(found, Decision)
    return found.quantity


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, 10),
        ({"confidence": D("0.5")}, 5),
        ({"fraction": D("0.4")}, 40),
        ({"fraction": D("0.4"), "confidence": D("0.5"), "risk_multiplier": D(2)}, 40),
        ({"risk_multiplier": D(50)}, 100),  # all the cash there is
        ({"quantity": D(7), "confidence": D("0.5")}, 7),
        ({"quantity": D(101)}, 100),
    ],
)
def test_the_size_is_the_signals_own_or_the_configs_and_never_more_than_the_cash(given: Any, expected: int) -> None:
    assert quantity(signal(**given)) == expected


def test_caps_hold_whatever_size_the_signal_asks_for() -> None:
    greedy = StrategySpec(position_size=D("0.1"), max_position_size=D("0.3"))
    for size in ({"fraction": D(1)}, {"quantity": D(90)}):
        assert quantity(signal(**size), strategy=greedy) == 30
        assert quantity(signal(**size), risk=RiskSpec(max_position_size=D(200))) == 20


def test_a_limit_refuses_before_the_size_is_asked() -> None:
    found = decided(signal(quantity=D("0.000000001")), EntrySituation(**{**vars_of(CALM), "paused": True}))
    assert isinstance(found, Denial)
    assert found.rule == "paused"
    found = decided(signal(quantity=D("0.000000001")))
    assert isinstance(found, Denial)
    assert found.rule == "position_size"


def vars_of(now: EntrySituation) -> dict[str, Any]:
    return {name: getattr(now, name) for name in now.__slots__}


def test_a_limit_entry_is_limited_to_the_signals_price() -> None:
    found = decided(signal(price=D("9.5")), trading=TradingSpec(order_type="limit"))
    assert found == Decision(quantity=D(10), limit_price=D("9.5"))
    found = decided(signal(price=D("9.5")))
    assert found == Decision(quantity=D(10), limit_price=None)


@given(
    fraction=st.none() | st.decimals("0.00000001", "1", places=8),
    asked=st.none() | st.decimals("0.00000001", "1000000", places=8),
    multiplier=st.decimals("0.01", "1000", places=2),
)
def test_an_entry_never_costs_more_than_cash_and_cap(fraction: Any, asked: Any, multiplier: Decimal) -> None:
    found = decided(
        signal(fraction=fraction, quantity=asked, risk_multiplier=multiplier), risk=RiskSpec(max_position_size=D(700))
    )
    if isinstance(found, Decision):
        assert 0 < found.quantity * 10 <= 700
