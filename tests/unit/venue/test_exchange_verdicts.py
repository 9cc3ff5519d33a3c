"""What failures of an exchange's client mean: a refusal is claimed only where the order certainly is not there."""

from __future__ import annotations

import asyncio
import socket

import ccxt
import ccxt.async_support
import pytest

from worker.venue.exchange.verdict import (
    is_clock_skew,
    of_answer,
    of_cancel_failure,
    of_read_failure,
    of_submit_failure,
    rate_limit_of,
)
from worker.venue.exchange_port import (
    Doubtful,
    ExchangeAuthenticationError,
    ExchangeRateLimitError,
    ExchangeRefusal,
    ExchangeUnavailable,
    Refused,
)

SENT = "tag1bot1000001"


@pytest.mark.parametrize(
    "kind",
    [
        ccxt.InsufficientFunds, ccxt.InvalidOrder, ccxt.BadRequest, ccxt.BadSymbol, ccxt.AuthenticationError,
        ccxt.PermissionDenied, ccxt.OperationRejected, ccxt.MarketClosed, ccxt.ArgumentsRequired, ccxt.NotSupported,
        ccxt.RateLimitExceeded, ccxt.DDoSProtection, ccxt.InvalidNonce,
    ],
)  # fmt: skip
def test_these_say_that_there_is_no_order(kind):
    assert isinstance(of_submit_failure(kind("no")), Refused)


@pytest.mark.parametrize(
    "kind",
    [
        ccxt.ExchangeError, ccxt.NetworkError, ccxt.ExchangeNotAvailable, ccxt.OnMaintenance, ccxt.RequestTimeout,
        ccxt.BadResponse, ccxt.NullResponse, ccxt.OperationFailed, ccxt.CancelPending, ccxt.OrderNotFound,
        ccxt.DuplicateOrderId, ccxt.ExchangeClosedByUser, KeyError, TypeError, ValueError, TimeoutError, OSError,
    ],
)  # fmt: skip
def test_after_these_nobody_knows_and_the_exchange_is_asked(kind):
    assert isinstance(of_submit_failure(kind("what")), Doubtful)


@pytest.mark.parametrize(("answered", "verdict"), [(False, Refused), (True, Doubtful)])
def test_what_never_got_a_connection_was_not_sent_unless_an_earlier_request_of_it_was_answered(answered, verdict):
    async def create_order():
        client = ccxt.async_support.binance({"apiKey": "k", "secret": "s", "timeout": 2000})
        client.urls["api"] = dict.fromkeys(client.urls["api"], f"http://127.0.0.1:{a_closed_port()}/api/v3")
        try:
            await client.fapiPrivatePostOrder({"symbol": "BTCUSDT"})
        finally:
            await client.close()

    with pytest.raises(ccxt.ExchangeNotAvailable) as failed:
        asyncio.run(create_order())
    assert isinstance(of_submit_failure(failed.value, answered=answered), verdict)


def a_closed_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_every_failure_the_client_library_knows_is_judged_and_none_of_the_network_is_a_refusal():
    def below(kind):
        return {kind} | {each for child in kind.__subclasses__() for each in below(child)}

    told = (ccxt.RateLimitExceeded, ccxt.DDoSProtection, ccxt.InvalidNonce)
    for kind in below(ccxt.OperationFailed):
        certain = issubclass(kind, told) and not issubclass(kind, ccxt.ChecksumError)
        assert isinstance(of_submit_failure(kind("x")), Refused if certain else Doubtful), kind


@pytest.mark.parametrize("text", ["Duplicate order sent.", "clOrdId already exists", "id is repeated"])
def test_a_refusal_of_an_id_that_is_taken_is_no_refusal_of_the_order(text):
    assert isinstance(of_submit_failure(ccxt.InvalidOrder(text)), Doubtful)


def test_a_refusal_carries_its_class_and_how_long_to_keep_away():
    refused = of_submit_failure(ccxt.InsufficientFunds("binance Account has insufficient balance"))
    assert isinstance(refused, Refused)
    assert (refused.error_class, refused.retry_after) == ("exchange", None)
    limited = of_submit_failure(ccxt.DDoSProtection("429"), 7.0)
    assert isinstance(limited, Refused)
    assert limited.retry_after == 7.0


def test_a_long_foreign_message_is_cut_and_kept_on_one_line():
    doubtful = of_submit_failure(ccxt.NetworkError("a\nb " + "x" * 5000))
    assert len(doubtful.reason) < 400
    assert "\n" not in doubtful.reason


@pytest.mark.parametrize("answer", [None, "", [], {}, {"id": None}, {"id": ""}])
def test_an_answer_without_an_order_is_no_acceptance(answer):
    assert isinstance(of_answer(answer, SENT), Doubtful)


def test_an_answer_must_not_speak_of_another_order():
    assert of_answer({"id": "1", "clientOrderId": SENT}, SENT) is None
    assert of_answer({"id": "1", "clientOrderId": None}, SENT) is None
    assert of_answer({"id": "1", "clientOrderId": SENT}, f"t-{SENT}") is None
    assert isinstance(of_answer({"id": "1", "clientOrderId": "tag1bot1000002"}, SENT), Doubtful)


def test_only_the_word_that_there_is_no_such_order_ends_a_cancel():
    assert of_cancel_failure(ccxt.OrderNotFound("gone")) == "gone"
    for kind in (ccxt.RequestTimeout, ccxt.InvalidOrder, ccxt.ExchangeError, ccxt.CancelPending, ccxt.DDoSProtection):
        assert of_cancel_failure(kind("x")) == "doubtful"


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (ccxt.RateLimitExceeded, ExchangeRateLimitError),
        (ccxt.DDoSProtection, ExchangeRateLimitError),
        (ccxt.AuthenticationError, ExchangeAuthenticationError),
        (ccxt.PermissionDenied, ExchangeAuthenticationError),
        (ccxt.RequestTimeout, ExchangeUnavailable),
        (ccxt.OnMaintenance, ExchangeUnavailable),
        (ccxt.BadResponse, ExchangeUnavailable),
        (ccxt.ExchangeClosedByUser, ExchangeUnavailable),
        (OSError, ExchangeUnavailable),
        (KeyError, ExchangeUnavailable),
        (ccxt.BadSymbol, ExchangeRefusal),
        (ccxt.ExchangeError, ExchangeRefusal),
    ],
)
def test_a_question_that_failed_says_whether_it_may_be_repeated(kind, becomes):
    error = of_read_failure(kind("x"), "the balance", 3.0)
    assert type(error) is becomes
    assert "the balance" in str(error)


def test_the_exchange_may_ask_for_fewer_calls_or_shut_its_door():
    assert rate_limit_of(ccxt.DDoSProtection("x"), 418) == "ban"
    assert rate_limit_of(ccxt.DDoSProtection("x"), 429) == "limit"
    assert rate_limit_of(ccxt.RequestTimeout("x"), None) is None
    assert is_clock_skew(ccxt.InvalidNonce("x"))
    assert not is_clock_skew(ccxt.AuthenticationError("x"))
