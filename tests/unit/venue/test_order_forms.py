"""What is sent to an exchange and what is read from it: never more than was asked, in its steps, to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.trading.order import Order
from worker.venue.exchange.client_ids import carriage_of
from worker.venue.exchange.order_form import STOP_SLACK, form_of
from worker.venue.exchange.reading import balance_of, candle_of, execution_of, market_of, quote_of, report_of
from worker.venue.exchange.rules import (
    DECIMAL_PLACES,
    FINEST_STEP,
    SIGNIFICANT_DIGITS,
    TICK_SIZE,
    limit_to_send,
    objection,
    quantity_to_send,
    step_of,
    stop_to_send,
)
from worker.venue.exchange_port import Market, Quote

D = Decimal
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
STEPS = st.sampled_from([D("0.00000001"), D("0.001"), D("0.05"), D("0.25"), D(1), D(100)])
AMOUNTS = st.decimals(D("0.00000001"), D(10) ** 9, allow_nan=False, places=10)


def a_market(**changes):
    fields = {"symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "kind": "spot"} | {
        "amount_step": D("0.001"), "price_step": D("0.05"), "min_amount": D("0.002"), "max_amount": D(1000),
        "min_cost": D(10),
    }  # fmt: skip
    return Market(**(fields | changes))


def an_order(**changes):
    fields = {"client_order_id": "tag1bot1000001", "symbol": "BTC/USDT", "side": "buy", "order_type": "market"} | {
        "purpose": "entry", "quantity": D("0.5"), "created_at": NOON, "updated_at": NOON, "reason": "",
        "correlation_id": "a",
    }  # fmt: skip
    return Order(**(fields | changes))


def a_form(order, market=None, described=None, options=None, quote=None):
    return form_of(order, market or a_market(), described or {}, options or {}, carriage_of("binance"), quote)


@given(AMOUNTS, STEPS)
def test_a_quantity_is_never_more_than_asked_and_less_by_less_than_a_step(quantity, step):
    sent = quantity_to_send(a_market(amount_step=step), quantity)
    assert quantity - step < sent <= quantity
    assert sent % step == 0


@given(AMOUNTS, STEPS, st.sampled_from(["buy", "sell"]))
def test_a_limit_is_never_worse_than_asked(price, step, side):
    sent = limit_to_send(a_market(price_step=step), price, side)
    assert price - step < sent <= price if side == "buy" else price <= sent < price + step
    assert sent % step == 0


@given(AMOUNTS, STEPS)
def test_a_stop_is_the_nearest_price(price, step):
    assert abs(stop_to_send(a_market(price_step=step), price) - price) <= step / 2


@pytest.mark.parametrize(
    ("precision", "mode", "reference", "step"),
    [
        (0.001, TICK_SIZE, None, "0.001"),
        (1e-08, TICK_SIZE, None, "0.00000001"),
        (3, DECIMAL_PLACES, None, "0.001"),
        (0, DECIMAL_PLACES, None, "1"),
        (-2, DECIMAL_PLACES, None, "100"),
        (5, SIGNIFICANT_DIGITS, D("43210.9"), "1"),
        (5, SIGNIFICANT_DIGITS, D("0.0123"), "0.000001"),
        (None, TICK_SIZE, None, str(FINEST_STEP)),
    ],
)
def test_a_step_is_read_in_every_way_exchanges_say_it(precision, mode, reference, step):
    assert step_of(precision, mode, reference) == D(step)


@pytest.mark.parametrize("precision", [0, -1, "nonsense", float("nan")])
def test_a_step_that_is_none_is_an_error(precision):
    with pytest.raises(ValueError, match="not"):
        step_of(precision, TICK_SIZE)


@pytest.mark.parametrize(
    ("order", "reference", "why"),
    [
        (an_order(quantity=D("0.0009")), D(50000), "one step"),
        (an_order(quantity=D("0.0019")), D(50000), "at least"),
        (an_order(quantity=D("1000.001")), D(50000), "at most"),
        (an_order(quantity=D("0.01")), D("999.99"), "worth 9.9999 USDT"),
        (an_order(quantity=D("0.01"), order_type="limit", limit_price=D(900)), D(50000), "worth 9 USDT"),
        (an_order(order_type="limit", limit_price=D(-1)), D(50000), "not positive"),
    ],
)
def test_what_an_exchange_would_refuse_is_not_sent_and_the_rule_is_named(order, reference, why):
    assert why in str(objection(a_market(), order, reference))


@pytest.mark.parametrize(
    ("order", "market", "reference"),
    [
        (an_order(), a_market(), D(50000)),
        (an_order(quantity=D("0.01")), a_market(), D(1000)),
        (an_order(quantity=D("0.01")), a_market(), None),
        (an_order(quantity=D("0.01"), side="sell", purpose="exit"), a_market(kind="linear"), D(1)),
        (an_order(quantity=D(1000)), a_market(), D(50000)),
    ],
)
def test_nothing_is_held_back_that_an_exchange_would_take(order, market, reference):
    assert objection(market, order, reference) is None


def test_numbers_go_out_as_plain_text():
    form = a_form(an_order(quantity=D("0.00000012")), a_market(amount_step=D("0.00000001")))
    assert form.quantity == "0.00000012"
    form = a_form(an_order(quantity=D("1E+5"), order_type="limit", limit_price=D("1E+4")))
    assert (form.quantity.split(".")[0], str(form.price).split(".")[0]) == ("100000", "10000")


def test_a_market_order_names_no_price_unless_the_exchange_wants_to_know_its_cost():
    quote = Quote(bid=D(99), ask=D(101), last=D(100), at=NOON)
    assert a_form(an_order(), quote=quote).price is None
    wanting = {"createMarketBuyOrderRequiresPrice": True}
    assert a_form(an_order(), options=wanting, quote=quote).price == "101"
    assert a_form(an_order(side="sell", purpose="exit"), options=wanting, quote=quote).price is None


def test_a_stop_that_must_name_a_limit_names_one_far_enough_below():
    stop = an_order(side="sell", purpose="protective", order_type="stop", stop_price=D(100))
    plain = a_form(stop, described={"info": {"orderTypes": ["LIMIT", "MARKET", "STOP_LOSS"]}})
    assert (plain.order_type, plain.price, plain.parameters["stopLossPrice"]) == ("market", None, "100")
    limited = a_form(stop, described={"info": {"orderTypes": ["LIMIT", "MARKET", "STOP_LOSS_LIMIT"]}})
    assert limited.order_type == "limit"
    assert D(str(limited.price)) == D(100) * (1 - STOP_SLACK)


def test_a_perpetual_is_left_by_orders_that_only_reduce():
    linear = a_market(kind="linear")
    assert "reduceOnly" not in a_form(an_order(), linear).parameters
    for purpose, kind in (("exit", "market"), ("protective", "stop")):
        leaving = an_order(side="sell", purpose=purpose, order_type=kind, stop_price=D(90) if kind == "stop" else None)
        assert a_form(leaving, linear).parameters["reduceOnly"] is True
    assert "reduceOnly" not in a_form(an_order(side="sell", purpose="exit")).parameters


def test_quantities_of_perpetuals_are_of_the_base_here_and_of_contracts_there():
    described = {
        "symbol": "BTC/USDT:USDT",
        "base": "BTC",
        "quote": "USDT",
        "contractSize": 0.01,
        "precision": {"amount": 0.1, "price": 0.1},
        "limits": {"amount": {"min": 0.1, "max": 1000}},
    }
    market = market_of(described, "linear", TICK_SIZE, "okx", True)
    assert (market.contract_size, market.amount_step) == (D("0.01"), D("0.001"))
    assert (market.min_amount, market.max_amount) == (D("0.001"), 10)
    assert a_form(an_order(quantity=D("0.1239")), market).quantity == "12.3"
    told = {"id": 1, "amount": 12.3, "filled": 10, "cost": 2500.0, "side": "buy", "status": "open"}
    report = report_of(told, carriage_of("okx"), NOON, contract_size=market.contract_size)
    assert (report.quantity, report.filled, report.average_price) == (D("0.123"), D("0.1"), D(25000))
    fill = execution_of(A_TRADE | {"amount": 10}, NOON, market.contract_size)
    assert fill is not None
    assert fill.quantity == D("0.1")


def test_a_contract_of_nothing_is_refused():
    with pytest.raises(ValueError, match="is none"):
        market_of({"symbol": "A/B:B", "base": "A", "quote": "B", "contractSize": -1}, "linear", TICK_SIZE, "okx", True)


@pytest.mark.parametrize(
    ("told", "status"),
    [("open", "open"), ("closed", "filled"), ("canceled", "cancelled"), ("expired", "expired"),
     ("rejected", "rejected"), (None, "open"), ("of a newer kind", "open")],
)  # fmt: skip
def test_a_state_that_is_not_known_is_not_taken_for_the_end(told, status):
    assert report_of({"id": 7, "status": told, "side": "buy"}, carriage_of("binance"), NOON).status == status


def test_a_report_has_the_digits_the_exchange_wrote():
    order = {"id": 7, "clientOrderId": "tag1bot1000001", "status": "open", "side": "sell", "amount": 0.3} | {
        "filled": 0.1, "average": None, "cost": 4321.1, "lastUpdateTimestamp": 1704110400000, "price": 43211.0,
    }  # fmt: skip
    report = report_of(order, carriage_of("binance"), datetime.now(UTC))
    assert (report.exchange_order_id, report.client_order_id, report.side) == ("7", "tag1bot1000001", "sell")
    assert (report.quantity, report.filled, report.average_price) == (D("0.3"), D("0.1"), D(43211))
    assert report.at == NOON


@pytest.mark.parametrize("order", [{}, {"id": None}, {"id": ""}])
def test_an_answer_that_names_no_order_is_an_error(order):
    with pytest.raises(ValueError, match="no order"):
        report_of(order, carriage_of("binance"), NOON)


A_TRADE = {"id": "t1", "order": "o1", "side": "buy", "amount": 0.1, "price": 100.5, "timestamp": 1704110400000}


def test_an_execution_has_its_fee_and_one_without_is_told_apart_from_one_that_is_free():
    told = execution_of(A_TRADE | {"fee": {"cost": 0.0001, "currency": "BTC"}}, NOON)
    assert told is not None
    assert (told.quantity, told.price, told.fee, told.fee_currency) == (D("0.1"), D("100.5"), D("0.0001"), "BTC")
    free = execution_of(A_TRADE | {"fee": {"cost": 0, "currency": "BTC"}}, NOON)
    assert free is not None
    assert (free.fee, free.fee_currency) == (D(0), "BTC")
    untold = execution_of(A_TRADE | {"fee": {"cost": None, "currency": None}}, NOON)
    assert untold is not None
    assert untold.fee_currency is None


@pytest.mark.parametrize("lack", ["id", "order", "amount", "price"])
def test_half_an_execution_is_none(lack):
    assert execution_of(A_TRADE | {lack: None}, NOON) is None


def test_a_price_is_read_where_only_some_are_told_and_none_is_made_up():
    quote = quote_of({"bid": None, "ask": None, "last": 100.1}, NOON)
    assert quote is not None
    assert (quote.bid, quote.ask, quote.last, quote.at) == (D("100.1"), D("100.1"), D("100.1"), NOON)
    assert quote_of({"bid": None, "ask": 0, "last": float("nan")}, NOON) is None


def test_a_candle_without_a_price_is_left_out():
    whole = candle_of([1704110400000, 1.0, 2.0, 0.5, 1.5, None])
    assert whole is not None
    assert (whole.opened_at, whole.close, whole.volume) == (NOON, 1.5, 0.0)
    for row in ([1704110400000, 1.0, None, 0.5, 1.5, 9.0], [1704110400000, 1.0], []):
        assert candle_of(row) is None


def test_a_balance_leaves_out_what_is_not_there():
    balance = balance_of({"free": {"BTC": 0.1, "ETH": 0.0}, "total": {"BTC": 0.3, "XRP": None}, "used": {}, "info": 1})
    assert (balance.free, balance.total) == ({"BTC": D("0.1")}, {"BTC": D("0.3")})


def test_a_market_has_its_rules_and_those_that_are_not_told_forbid_nothing():
    described = {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "precision": {"amount": 0.001, "price": 0.05},
        "limits": {"amount": {"min": 0.002, "max": None}, "cost": {"min": 10}},
        "maker": 0.0002,
        "taker": None,
        "info": {"orderTypes": ["LIMIT", "STOP_LOSS_LIMIT"]},
    }
    market = market_of(described, "spot", TICK_SIZE, "binance", True)
    assert (market.amount_step, market.price_step, market.min_amount) == (D("0.001"), D("0.05"), D("0.002"))
    assert (market.max_amount, market.min_cost, market.maker_rate, market.keeps_stops) == (None, 10, D("0.0002"), True)
    linear = {**described, "contractSize": 1.0}
    assert not market_of(linear, "linear", TICK_SIZE, "binanceusdm", True).keeps_stops
    bare = market_of({"symbol": "A/B", "base": "A", "quote": "B"}, "spot", TICK_SIZE, "kraken", False)
    assert (bare.amount_step, bare.min_cost, bare.keeps_stops) == (FINEST_STEP, D(0), False)
