"""The stand-in's books of perpetuals: whatever is traded, no money comes from nowhere."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exchange_sim.clock import ExchangeClock
from worker.exchange_sim.contract_form import read_contract_order
from worker.exchange_sim.house import House
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.setup import AccountSetup, MarketSetup, SimSetup

NAME = "BTCUSDT"
START = Decimal(10_000)


def a_house(**account: object) -> House:
    setup = SimSetup(
        markets=(MarketSetup(symbol="BTC/USDT:USDT", step=Decimal("0.001"), tick=Decimal("0.1")),),
        accounts=(AccountSetup(**account),),
        history=0,
    )
    return House(setup, ExchangeClock(0))


def trade(house: House, side: str, size: str, at: int, *, reduce_only: bool = False, **more: str) -> None:
    house.set_price(NAME, Decimal(at), hold=True)
    params = {"side": side, "type": "MARKET", "quantity": size, "reduceOnly": str(reduce_only)} | more
    (account,) = house.accounts.values()
    house.place(account, NAME, read_contract_order(params, house.market(NAME)))


steps = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(100, 3000), st.integers(50, 200), st.booleans()),
    max_size=12,
)


@given(steps)
def test_the_wallet_is_what_was_there_and_what_trades_earned_and_cost(moves: list[tuple[str, int, int, bool]]) -> None:
    house = a_house()
    (account,) = house.accounts.values()
    for side, thousandths, price, reduce_only in moves:
        try:
            trade(house, side, f"{Decimal(thousandths) / 1000}", price, reduce_only=reduce_only)
        except Refusal as refusal:
            assert refusal.code in (-2022, -2019)  # noqa: PT017
    fills = [(order, fill) for order in house.orders.values() for fill in order.fills]
    earned = sum((fill.profit - fill.commission for _, fill in fills), Decimal(0))
    assert account.free["USDT"] + account.locked.get("USDT", 0) == START + earned
    position = account.position_in(NAME)
    assert position.quantity == sum(fill.quantity if order.is_buy else -fill.quantity for order, fill in fills)
    assert account.locked.get("USDT", 0) == position.margin
    cash = sum((-fill.cost if order.is_buy else fill.cost for order, fill in fills), Decimal(0))
    held = position.quantity * position.entry_price
    profit = sum((fill.profit for _, fill in fills), Decimal(0))
    assert abs(profit - (cash + held)) < Decimal("0.0001")


def test_an_order_that_only_reduces_ends_where_the_position_does() -> None:
    house = a_house()
    trade(house, "BUY", "1", 100)
    trade(house, "SELL", "3", 100, reduce_only=True)
    (account,) = house.accounts.values()
    order = house.orders[2]
    assert (order.status, order.executed, account.position_in(NAME).quantity) == ("EXPIRED", 1, 0)


def test_a_resting_order_that_only_reduces_ends_with_the_position() -> None:
    house = a_house()
    trade(house, "BUY", "1", 100)
    trade(house, "SELL", "1", 100, reduce_only=True, type="LIMIT", price="150", timeInForce="GTC")
    trade(house, "SELL", "1", 100, reduce_only=True)
    house.set_price(NAME, Decimal(101), hold=True)
    assert house.orders[2].status == "EXPIRED"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"type": "STOP_MARKET"}, -4120),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": "0.01"}, -4164),
        ({"positionSide": "LONG"}, -4061),
        ({"type": "LIMIT", "price": "90.05", "timeInForce": "GTC"}, -4014),
        ({"type": "LIMIT", "price": "200", "timeInForce": "GTX"}, -5022),
        ({"quantity": "5000"}, -2019),
    ],
)
def test_what_the_exchange_does_not_take_is_refused_by_its_number(params: dict[str, str], code: int) -> None:
    with pytest.raises(Refusal) as refused:
        trade(a_house(), "BUY", "1", 100, **params)
    assert refused.value.code == code


def test_in_hedge_mode_nothing_is_taken() -> None:
    with pytest.raises(Refusal) as refused:
        trade(a_house(hedged=True), "BUY", "1", 100)
    assert refused.value.code == -4061
