"""What an answer or a failure of an exchange means. Pure.

The client library raises the same exception whether an order was taken or not, so only what is certainly a refusal
counts as one; everything else leaves the order in doubt, and the exchange is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from common.error_class import ErrorClass, classify
from worker.venue.exchange_port import (
    Cancellation,
    Doubtful,
    ExchangeAuthenticationError,
    ExchangeError,
    ExchangeRateLimitError,
    ExchangeRefusal,
    ExchangeUnavailable,
    Refused,
)

REFUSALS = frozenset(
    {
        "InsufficientFunds",
        "InvalidOrder",
        "BadRequest",
        "AuthenticationError",
        "OperationRejected",
        "ArgumentsRequired",
        "NotSupported",
        "RateLimitExceeded",
        "DDoSProtection",
        "InvalidNonce",
        "ExchangeRateLimitError",
    }
)
"""After one of these the exchange certainly does not have the order. Names, so that nothing need be imported."""

SEEN_BEFORE = frozenset({"DuplicateOrderId", "OrderNotFound", "OrderNotCached", "ChecksumError"})
"""Kinds of the above that speak of an order that exists, or of none that was sent."""

_DUPLICATE = re.compile(r"duplicat|already exist|is repeated|already (been )?used", re.IGNORECASE)
_NO_CONNECTION = "ClientConnectorError"
"""How the client's transport calls it: no address, nobody listens, no way there, no trust in the certificate."""
_LIMITS = frozenset({"RateLimitExceeded", "DDoSProtection"})
_NEVER_MEND = frozenset({"BadRequest", "ArgumentsRequired", "NotSupported", "InvalidOrder", "InsufficientFunds"})
_TEXT = 300
"""Longest part of a foreign message that is kept."""


def kinds_of(error: BaseException) -> frozenset[str]:
    """The names in the error's ancestry."""
    return frozenset(kind.__name__ for kind in type(error).__mro__)


def told(error: BaseException) -> str:
    """The error in one short line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:_TEXT]}" if text else type(error).__name__


def of_submit_failure(
    error: BaseException, retry_after: float | None = None, *, answered: bool = True
) -> Refused | Doubtful:
    """What a failed submit means for the order. `answered`: something was heard while it was made, of any request."""
    if not answered and _never_connected(error):
        return Refused(reason=f"not sent: {told(error)}", error_class=str(ErrorClass.NETWORK))
    kinds = kinds_of(error)
    certain = bool(kinds & REFUSALS) and not kinds & SEEN_BEFORE and not _DUPLICATE.search(str(error))
    if not certain:
        return Doubtful(reason=told(error))
    category = classify(error, ErrorClass.EXCHANGE)
    if "InvalidNonce" in kinds:
        category = ErrorClass.EXCHANGE
    return Refused(reason=told(error), error_class=str(category), retry_after=retry_after)


def of_cancel_failure(error: BaseException) -> Cancellation:
    """What a failed cancel means: only "there is no such order" is an answer."""
    return "gone" if "OrderNotFound" in kinds_of(error) else "doubtful"


def of_answer(order: Any, sent_id: str) -> Doubtful | None:
    """The doubt about an answer to a submit, None when there is none; `sent_id` as it went over the wire."""
    if not isinstance(order, Mapping) or not order.get("id"):
        return Doubtful(reason="the answer names no order id")
    named = order.get("clientOrderId")
    if named and not _same(str(named), sent_id):
        return Doubtful(reason=f"the answer speaks of another order ({named})")
    return None


def of_read_failure(error: BaseException, what: str, retry_after: float | None = None) -> ExchangeError:
    """The port's error for a read that failed; `what` names the thing asked."""
    if isinstance(error, ExchangeError):
        return error
    kinds = kinds_of(error)
    message = f"{what}: {told(error)}"
    if kinds & _LIMITS:
        return ExchangeRateLimitError(message, retry_after)
    if "AuthenticationError" in kinds:
        return ExchangeAuthenticationError(f"{message}; check the stored credentials and their rights")
    if kinds & {"OperationFailed", "OSError", "TimeoutError", "ExchangeClosedByUser"}:
        return ExchangeUnavailable(message)
    if kinds & _NEVER_MEND:
        return ExchangeRefusal(message)
    return ExchangeRefusal(message) if "BaseError" in kinds else ExchangeUnavailable(message)


def is_clock_skew(error: BaseException) -> bool:
    """Whether the exchange refused the time a request was signed with."""
    return "InvalidNonce" in kinds_of(error)


def rate_limit_of(error: BaseException, status: int | None) -> Literal["ban", "limit"] | None:
    """Whether the exchange asked for fewer calls (429) or has shut the door for a while (418)."""
    if status == 418:
        return "ban"
    return "limit" if kinds_of(error) & _LIMITS else None


def _never_connected(error: BaseException) -> bool:
    """Whether it was the connection that could not be made, so that nothing went over it."""
    cause: BaseException | None = error
    while cause is not None:
        if _NO_CONNECTION in kinds_of(cause):
            return True
        cause = cause.__cause__
    return False


def _same(named: str, sent: str) -> bool:
    return named == sent or named.endswith(sent) or sent.endswith(named)
