"""Where each exchange's client really puts our order ids: the requests it makes, caught before they leave."""

from __future__ import annotations

import asyncio
import base64

import pytest

from common.wire.ticket import Credentials, ExchangeTicket
from worker.venue.exchange.client import make_client
from worker.venue.exchange.client_ids import Carriage, carriage_of

KEY = "tag1bot1000001"
SYMBOL = "BTC/USDT"
SECRET = base64.b64encode(b"s" * 64).decode()
WIRE = {
    "binance": ("newClientOrderId=", "origClientOrderId="),
    "okx": ('"clOrdId":"', "clOrdId="),
    "bitget": ('"clientOid":"', "clientOid="),
    "phemex": ('"clOrdID":"', "clOrdID="),
    "htx": (None, "clientOrderId="),
    "bingx": ("newClientOrderId=", "clientOrderId="),
    "whitebit": ('"clientOrderId":"', '"clientOrderId":"'),
    "mexc": ("newClientOrderId=", "origClientOrderId="),
    "kucoin": ('"clientOid":"', "/client-order/"),
    "bitstamp": ("client_order_id=", "client_order_id="),
    "gate": ('"text":"t-', "/orders/t-"),
    "bybit": ('"orderLinkId":"', "orderLinkId="),
    "kraken": ("cl_ord_id=", "cl_ord_id="),
    "krakenfutures": ("cliOrdId=", None),
    "coinbase": ('"client_order_id":"', None),
    "cryptocom": ('"client_oid":"', '"client_oid":"'),
    "bitfinex": (None, None),
    "deribit": ("label=", None),
    "upbit": ('"identifier":"', "identifier="),
}
"""What stands before our id in each exchange's own words: in a new order, and in the question for one or in a list.

None: nothing takes it, or the client wants more answers first than a test without an exchange can give.
"""
FOREIGN = "987654321"


def requests_of(folder, exchange, *asks, answer=lambda url: {}):
    """What each of `asks` makes one client send, one text per request; answers are empty unless `answer` fills them."""
    ticket = ExchangeTicket(
        exchange=exchange,
        mode="live",
        credentials=Credentials(api_key="k" * 32, secret=SECRET, password="p"),
        bucket_dir=folder,
    )

    async def asked():
        client, sent = make_client(ticket, "spot"), []

        async def fetch(url, method="GET", headers=None, body=None):
            sent.append(f"{method} {url} {headers} {body}")
            return answer(url)

        client.fetch, client.enableRateLimit = fetch, False
        described = {"id": "BTCUSDT", "symbol": SYMBOL, "base": "BTC", "quote": "USDT", "baseId": "BTC"} | {
            "quoteId": "USDT",
            "type": "spot", "spot": True, "active": True, "limits": {}, "info": {"orderTypes": ["LIMIT"]},
            "precision": {"amount": 1e-6, "price": 0.01},
        }  # fmt: skip
        client.set_markets([client.safe_market_structure(described)])
        told = []
        for ask in asks:
            sent.clear()
            try:
                await ask(client)
            except Exception as error:  # noqa: BLE001 - an empty answer makes some of them stumble, after they asked
                sent.append(f"then {type(error).__name__}: {str(error)[:100]}")
            told.append(list(sent))
        await client.close()
        return told

    return asyncio.run(asked())


@pytest.mark.parametrize("exchange", WIRE)
def test_our_id_goes_out_with_an_order_and_with_the_question_for_it_and_the_exchanges_own_takes_it_back(
    exchange, tmp_path
):
    carriage = carriage_of(exchange)
    sought, narrowed = ({name: carriage.encode(KEY)} for name in (carriage.find, carriage.lists))
    created, found, opened, closed, cancelled = requests_of(
        tmp_path,
        exchange,
        lambda it: it.create_order(SYMBOL, "limit", "buy", "0.5", "100", carriage.parameters(KEY)),
        lambda it: it.fetch_order(None, SYMBOL, sought),
        lambda it: it.fetch_open_orders(SYMBOL, None, None, narrowed),
        lambda it: it.fetch_closed_orders(SYMBOL, None, None, narrowed),
        lambda it: it.cancel_order(FOREIGN, SYMBOL),
    )
    in_order, in_question = WIRE[exchange]
    if in_order is not None:
        assert any(in_order + KEY in request for request in created), created
    if in_question is not None:
        asked = [found] if carriage.find is not None else [opened, closed]
        assert all(any(in_question + KEY in request for request in one) for one in asked), asked
    assert (in_question is None) == (carriage.find is None and carriage.lists is None)
    assert any(FOREIGN in request for request in cancelled), cancelled


def test_an_exchange_that_wants_its_limits_acknowledged_is_asked_all_the_same(tmp_path):
    def unified(url):
        return {"retCode": 0, "result": {"unified": 0, "uta": 1, "unifiedMarginStatus": 5}}

    acknowledged, bare = requests_of(
        tmp_path,
        "bybit",
        lambda it: it.fetch_order(FOREIGN, SYMBOL, dict(carriage_of("bybit").fetch)),
        lambda it: it.fetch_order(FOREIGN, SYMBOL),
        answer=unified,
    )
    assert any(f"orderId={FOREIGN}" in request for request in acknowledged), acknowledged
    assert not any(f"orderId={FOREIGN}" in request for request in bare), bare


@pytest.mark.parametrize("key", [KEY, "a" + KEY])
def test_what_the_exchange_wants_before_the_id_goes_out_whatever_it_begins_with_and_is_taken_off_again(key):
    carriage = carriage_of("gate")
    assert carriage.encode(key) == f"t-{key}"
    assert carriage.decode({"clientOrderId": carriage.encode(key)}) == key


def test_an_id_that_the_client_leaves_unparsed_is_found():
    assert carriage_of("deribit").decode({"clientOrderId": None, "info": {"label": KEY}}) == KEY


def test_an_id_in_hexadecimal_is_read_back_and_a_longer_one_is_still_recognised():
    carriage = carriage_of("hyperliquid")
    sent = carriage.encode(KEY)
    assert len(str(sent)) == 2 + 32
    assert carriage.decode({"clientOrderId": sent}) == KEY
    longer = KEY + "0123456789"
    assert carriage.decode({"clientOrderId": carriage.encode(longer)}, longer) == longer


def test_an_id_sent_as_a_number_is_recognised_and_never_guessed():
    carriage = carriage_of("bitfinex")
    order = {"clientOrderId": str(carriage.encode(KEY))}
    assert carriage.decode(order, KEY) == KEY
    assert carriage.decode(order, "another") not in (None, "another")
    assert carriage.decode(order) is None
    assert not carriage.finds


@pytest.mark.parametrize("order", [{}, {"clientOrderId": None}, {"clientOrderId": ""}])
def test_an_order_of_others_has_none_of_our_ids(order):
    assert carriage_of("binance").decode(order, KEY) is None


def test_at_an_exchange_that_is_not_in_the_table_an_order_that_is_not_found_may_be_there():
    assert carriage_of("of-tomorrow") == Carriage(certain=False)
    assert not carriage_of("of-tomorrow").finds


@pytest.mark.parametrize(("branch", "exchange"), [("bybiteu", "bybit"), ("bybitid", "bybit"), ("gateeu", "gate")])
def test_a_branch_of_an_exchange_has_its_ways(branch, exchange):
    assert carriage_of(branch) == carriage_of(exchange)
