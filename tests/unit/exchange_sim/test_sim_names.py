"""What the stand-in exchange is told: names of faults and markets that do not exist are refused, with those that do."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker.exchange_sim.faults import FaultRule
from worker.exchange_sim.kinds import REQUESTS
from worker.exchange_sim.operations import CONTRACT_REST, REST, WEBSOCKET
from worker.exchange_sim.setup import MarketSetup, SimSetup


def test_every_kind_of_request_is_one_that_is_served() -> None:
    served = {operation.kind for table in (REST, CONTRACT_REST, WEBSOCKET) for operation in table.values()}
    assert served == set(REQUESTS)


@pytest.mark.parametrize(("fault", "on"), [("late", "order.creat"), ("late", "balance"), ("miss", "stream.users")])
def test_a_fault_of_something_that_does_not_exist_is_refused_with_what_there_is(fault: str, on: str) -> None:
    with pytest.raises(ValidationError, match=r"nothing is called .*there are"):
        FaultRule(fault=fault, on=on)


@pytest.mark.parametrize("on", ["*", "order.*", "orders.open", "leverage.set"])
def test_a_fault_of_what_is_served_is_taken(on: str) -> None:
    assert FaultRule(fault="late", on=on).on == on


@pytest.mark.parametrize(
    ("symbols", "why"),
    [(["BTC/USDT", "ETH/USDT:USDT"], "second one"), (["BTC/USDT:USDC"], "settled in"), (["BTC-USDT"], "match")],
)
def test_markets_that_do_not_go_together_are_refused(symbols: list[str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SimSetup(markets=tuple(MarketSetup(symbol=symbol) for symbol in symbols))
