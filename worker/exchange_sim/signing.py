"""Whether a signed request is what its customer sent, and recent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from worker.exchange_sim.account import Account
from worker.exchange_sim.refusal import Refusal, missing

_AHEAD_MS = 1000
_DEFAULT_WINDOW_MS = 5000
_MOST_WINDOW_MS = 60_000


def customer(accounts: Mapping[str, Account], api_key: str | None) -> Account:
    """The account of a key. Raises Refusal."""
    if not api_key:
        raise Refusal(-2014, "API-key format invalid.", 401)
    try:
        return accounts[api_key]
    except KeyError:
        raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401) from None


def verify(account: Account, payload: str, params: Mapping[str, str], now: int) -> None:
    """Check signature and time; `payload` is what was signed, `now` the exchange's time in ms. Raises Refusal."""
    signature = params.get("signature", "")
    if not signature:
        raise missing("signature")
    wanted = hmac.new(account.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.encode()):
        raise Refusal(-1022, "Signature for this request is not valid.")
    refuse_untimely(params, now)


def refuse_untimely(params: Mapping[str, str], now: int) -> None:
    """Raises Refusal for a request from the future, or older than its receive window."""
    sent, window = _whole(params, "timestamp", None), _whole(params, "recvWindow", _DEFAULT_WINDOW_MS)
    if window > _MOST_WINDOW_MS:
        raise Refusal(-1131, "recvWindow must be less than 60000.")
    if sent >= now + _AHEAD_MS:
        raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > window:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _whole(params: Mapping[str, str], name: str, default: int | None) -> int:
    text = params.get(name, "")
    if not text:
        if default is None:
            raise missing(name)
        return default
    try:
        return int(float(text))
    except ValueError:
        raise missing(name) from None
