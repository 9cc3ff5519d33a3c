"""How perpetuals are held at several exchanges: the client library is real, what it sends and hears is written here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.clock import SystemClock
from common.spec.gate import LINEAR
from common.trading.order import Order
from common.wire.ticket import Credentials, ExchangeTicket
from worker.venue.exchange.calls import Calls
from worker.venue.exchange.client import keep_to_limit, make_client
from worker.venue.exchange.client_ids import carriage_of
from worker.venue.exchange.line import Line
from worker.venue.exchange.margin_account import MarginAccount
from worker.venue.exchange.orders import Orders
from worker.venue.exchange.rate_bucket import RateBucket
from worker.venue.exchange.reading import market_of
from worker.venue.exchange_port import MarginTerms, Submission
from worker.venue.waiting import Waiting

SYMBOL = "BTC/USDT:USDT"
NAMES = dict.fromkeys(LINEAR, "BTCUSDT") | {"okx": "BTC-USDT-SWAP"}
TENTH = {"okx": 0.1}
"""Size of a contract, where it is not one."""


class Counter:
    """An account behind the client's transport: answers by a part of the path, and what was sent beside questions."""

    def __init__(self, folder: Path, exchange: str, answers: Mapping[str, Any]) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.exchange, self._folder, self._answers = exchange, folder, answers

    async def _answer(
        self, path: str, api: Any, method: str = "GET", params: Any = None, *rest: Any, **more: Any
    ) -> Any:
        if method != "GET":
            self.sent.append((path, dict(params[0] if isinstance(params, list) else params)))
        found = [answer for part, answer in self._answers.items() if part in path]
        return found[0] if found else {"code": "0", "retCode": 0, "data": [], "result": {"list": []}}

    def run(self, play: Any) -> Any:
        async def played() -> Any:
            keys = Credentials(api_key="k", secret="s" * 40, password="p")
            ticket = ExchangeTicket(
                exchange=self.exchange, mode="live", options={}, credentials=keys, bucket_dir=self._folder
            )
            client = make_client(ticket, "linear")
            clock, waiting = SystemClock(), Waiting()
            bucket = RateBucket(self._folder / "rate", 1000.0, clock.monotonic)
            keep_to_limit(client, bucket, waiting)
            client.request = client.fetch2 = self._answer
            described = client.safe_market_structure(self._market())
            client.set_markets([described])
            market = market_of(client.market(SYMBOL), "linear", client.precisionMode, self.exchange, True)
            calls = Calls(client, bucket, waiting, clock.monotonic, lambda reason: None)
            try:
                return await play(Line(self.exchange, client, calls, waiting, clock, market, described))
            finally:
                bucket.close()
                await client.close()

        return asyncio.run(played())

    def _market(self) -> dict[str, Any]:
        kind = {"type": "swap", "swap": True, "contract": True, "linear": True, "spot": False, "active": True}
        coins = {"base": "BTC", "quote": "USDT", "settle": "USDT"}
        coins |= {f"{name}Id": coin for name, coin in coins.items()}
        rules = {"contractSize": TENTH.get(self.exchange, 1.0), "precision": {"amount": 0.01, "price": 0.1}}
        info = {"orderTypes": ["LIMIT", "MARKET"], "instIdCode": 1}
        return {"id": NAMES[self.exchange], "symbol": SYMBOL, **kind, **coins, **rules, "limits": {}, "info": info}

    def agree(self, terms: MarginTerms) -> str | None:
        objection: str | None = self.run(lambda line: MarginAccount(line).agree(terms))
        return objection

    def submit(self, order: Order, terms: MarginTerms | None = None) -> Submission:
        async def play(line: Line) -> Submission:
            if terms is not None:
                await MarginAccount(line).agree(terms)
                self.sent.clear()
            return await Orders(line, carriage_of(self.exchange), lambda: None).submit(order)

        submission: Submission = self.run(play)
        return submission


def an_exit(quantity: str = "0.5") -> Order:
    now = SystemClock().now()
    return Order(
        client_order_id="tag1bot1000001",
        symbol=SYMBOL,
        side="sell",
        quantity=Decimal(quantity),
        created_at=now,
        updated_at=now,
        reason="test",
        correlation_id="c",
        order_type="market",
        purpose="exit",
    )


@pytest.mark.parametrize("exchange", LINEAR)
def test_an_order_that_leaves_a_position_is_sent_once_in_contracts_and_only_reduces(
    tmp_path: Path, exchange: str
) -> None:
    counter = Counter(tmp_path, exchange, {})
    counter.submit(an_exit())
    ((_, sent),) = counter.sent
    assert str(sent.get("reduceOnly")).lower() in ("true", "yes")
    quantity = Decimal(str(sent.get("sz") or sent.get("size") or sent.get("qty") or sent.get("quantity")))
    assert quantity == (5 if exchange in TENTH else Decimal("0.5"))
    assert any(str(value).endswith("tag1bot1000001") for value in sent.values())


OKX_CONFIG = {"data": [{"posMode": "net_mode", "uid": "1"}]}


def okx_leverage(leverage: str, mode: str = "isolated") -> dict[str, Any]:
    return {"data": [{"instId": NAMES["okx"], "lever": leverage, "mgnMode": mode, "posSide": "net"}]}


def okx_position(contracts: str, mode: str) -> dict[str, Any]:
    row = {
        "instId": NAMES["okx"],
        "instType": "SWAP",
        "pos": contracts,
        "posSide": "net",
        "mgnMode": mode,
        "lever": "3",
    }
    return {"code": "0", "data": [row]}


def test_where_orders_name_the_margin_mode_they_name_that_of_the_terms(tmp_path: Path) -> None:
    counter = Counter(tmp_path, "okx", {"account/config": OKX_CONFIG, "leverage-info": okx_leverage("3")})
    counter.submit(an_exit(), MarginTerms(leverage=Decimal(3), margin_mode="isolated"))
    ((_, sent),) = counter.sent
    assert sent["tdMode"] == "isolated"


def test_a_position_is_left_in_the_mode_it_is_held_in_whatever_the_terms_are_now(tmp_path: Path) -> None:
    answers = {
        "account/config": OKX_CONFIG,
        "leverage-info": okx_leverage("3", "cross"),
        "account/positions": okx_position("5", "cross"),
    }
    terms = MarginTerms(leverage=Decimal(3), margin_mode="isolated")
    assert "when the position is closed" in str(Counter(tmp_path, "okx", answers).agree(terms))
    counter = Counter(tmp_path, "okx", answers)
    counter.submit(an_exit(), terms)
    ((_, sent),) = counter.sent
    assert sent["tdMode"] == "cross"


def test_leverage_is_not_changed_under_an_open_position(tmp_path: Path) -> None:
    answers = {
        "account/config": OKX_CONFIG,
        "leverage-info": okx_leverage("3", "cross"),
        "account/positions": okx_position("5", "cross"),
    }
    counter = Counter(tmp_path, "okx", answers)
    assert "trading.leverage is 2" in str(counter.agree(MarginTerms(leverage=Decimal(2))))
    assert counter.sent == []


def bybit_positions(index: int) -> dict[str, Any]:
    row = {"symbol": NAMES["bybit"], "positionIdx": index, "side": "", "size": "0", "leverage": "3"}
    return {"retCode": 0, "result": {"category": "linear", "list": [row]}}


BYBIT = {"query-api": {"result": {"unified": 0, "uta": 1}}, "account/info": {"result": {"unifiedMarginStatus": 5}}}


def test_hedge_mode_is_seen_by_the_positions_where_nothing_else_tells_it(tmp_path: Path) -> None:
    counter = Counter(tmp_path, "bybit", BYBIT | {"position/list": bybit_positions(1)})
    assert "hedge mode" in str(counter.agree(MarginTerms(leverage=Decimal(3))))
    assert counter.sent == []


def test_a_margin_mode_of_the_whole_account_is_not_changed_by_one_bot(tmp_path: Path) -> None:
    counter = Counter(tmp_path, "bybit", BYBIT | {"position/list": bybit_positions(0)})
    assert "all positions" in str(counter.agree(MarginTerms(leverage=Decimal(3), margin_mode="isolated")))
    assert counter.sent == []
    assert counter.agree(MarginTerms(leverage=Decimal(3))) is None


def test_an_exchange_that_tells_no_terms_is_set_to_them(tmp_path: Path) -> None:
    answers = {"positionSide/dual": {"dualSidePosition": False}, "leverageBracket": [], "symbolConfig": []}
    counter = Counter(tmp_path, "binance", answers | {"positionRisk": []})
    assert counter.agree(MarginTerms(leverage=Decimal(2))) is None
    assert [path for path, _ in counter.sent] == ["leverage"]
