"""Refusals with the exchange's own numbers and words."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is not carried out; it has changed nothing."""

    def __init__(self, code: int, message: str, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        """HTTP status."""
        self.retry_after = retry_after
        """Seconds, for 429 and 418."""

    @property
    def body(self) -> dict[str, Any]:
        """As the exchange says it."""
        return {"code": self.code, "msg": self.message}


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unknown_order() -> Refusal:
    return Refusal(-2013, "Order does not exist.")


def not_cancellable() -> Refusal:
    return Refusal(-2011, "Unknown order sent.")


def rejected(message: str) -> Refusal:
    return Refusal(-2010, message)


def insufficient() -> Refusal:
    return rejected("Account has insufficient balance for requested action.")


def duplicate_contract() -> Refusal:
    return Refusal(-4116, "ClientOrderId is duplicated.")


def no_margin() -> Refusal:
    return Refusal(-2019, "Margin is insufficient.")


def filter_failure(name: str) -> Refusal:
    return Refusal(-1013, f"Filter failure: {name}")


def bad_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")
