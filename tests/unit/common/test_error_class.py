"""Which class an error is of."""

from __future__ import annotations

import errno
import socket
import sqlite3

import psycopg2
import pytest
from ccxt.base import errors as ccxt
from sqlalchemy import exc

from common.error_class import ErrorClass, classify, error_class_of
from common.errors import BotvisorError, ConfigurationError, TransientError
from worker.link.segments import JournalError

C = ErrorClass


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ccxt.RateLimitExceeded("429"), C.RATE_LIMIT),
        (ccxt.DDoSProtection("slow down"), C.RATE_LIMIT),
        (ccxt.AuthenticationError("bad key"), C.AUTHENTICATION),
        (ccxt.PermissionDenied("no trading"), C.AUTHENTICATION),
        (ccxt.NetworkError("x"), C.NETWORK),
        (ccxt.RequestTimeout("x"), C.NETWORK),
        (ccxt.ExchangeNotAvailable("x"), C.NETWORK),
        (ccxt.OnMaintenance("x"), C.NETWORK),
        (ccxt.InsufficientFunds("x"), C.EXCHANGE),
        (ccxt.ExchangeError("x"), C.EXCHANGE),
        (ConnectionRefusedError("x"), C.NETWORK),
        (TimeoutError("x"), C.NETWORK),
        (socket.gaierror("x"), C.NETWORK),
        (OSError(errno.ENETUNREACH, "x"), C.NETWORK),
        (OSError(errno.ENOSPC, "x"), C.SYSTEM),
        (MemoryError(), C.SYSTEM),
        (JournalError("x"), C.SYSTEM),
        (ConfigurationError("x"), C.CONFIGURATION),
        (TransientError("x"), C.DATABASE),
        (sqlite3.OperationalError("locked"), C.DATABASE),
        (psycopg2.OperationalError("gone"), C.DATABASE),
        (exc.IntegrityError("x", None, Exception()), C.DATABASE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_errors_are_classed_by_what_they_are(error: BaseException, expected: ErrorClass) -> None:
    assert classify(error, C.STRATEGY) is expected


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), KeyError("x"), BotvisorError("x"), PermissionError(13, "x")])
def test_what_says_nothing_of_itself_is_of_the_class_of_the_place_it_came_from(error: BaseException) -> None:
    assert classify(error, C.STRATEGY) is C.STRATEGY
    assert classify(error) is C.SYSTEM


def test_an_error_raised_from_another_is_classed_by_that_one() -> None:
    outer = RuntimeError("no balance")
    outer.__cause__ = ccxt.RateLimitExceeded("429")
    assert classify(outer, C.STRATEGY) is C.RATE_LIMIT


def test_errors_that_cause_each_other_end_the_search() -> None:
    one, other = RuntimeError("a"), RuntimeError("b")
    one.__cause__, other.__cause__ = other, one
    assert classify(one, C.STRATEGY) is C.STRATEGY


def test_names_are_read_back_and_unknown_ones_are_none() -> None:
    assert [error_class_of(str(one)) for one in ErrorClass] == list(ErrorClass)
    assert error_class_of("weather") is error_class_of(None) is None
