"""Request weights and order counts, as the exchange limits them."""

from __future__ import annotations

from collections import deque

from worker.exchange_sim.refusal import Refusal

_MINUTE_MS, _ORDER_WINDOW_MS = 60_000, 10_000
_TOLERATED = 20
"""Requests beyond the limit in one minute before the address is banned."""
_BAN_SECONDS = 120


class Limits:
    """Counts by address and by account."""

    def __init__(self, weight_limit: int, order_limit: int) -> None:
        self._weight_limit, self._order_limit = weight_limit, order_limit
        self._minute: dict[str, tuple[int, int]] = {}
        self._beyond: dict[str, int] = {}
        self._banned_until: dict[str, int] = {}
        self._orders: dict[str, deque[int]] = {}

    def weigh(self, address: str, weight: int, now: int) -> int:
        """Count a request; the weight used in this minute. Raises Refusal: 429 beyond the limit, 418 when ignored."""
        banned = self._banned_until.get(address, 0)
        if now < banned:
            raise _too_many(418, f"Way too much request weight used; IP banned until {banned}.", banned - now)
        minute = now // _MINUTE_MS
        counted, used = self._minute.get(address, (minute, 0))
        if counted != minute:
            used, self._beyond[address] = 0, 0
        used += weight
        self._minute[address] = (minute, used)
        if used > self._weight_limit:
            self._beyond[address] = self._beyond.get(address, 0) + 1
            if self._beyond[address] > _TOLERATED:
                self._banned_until[address] = now + _BAN_SECONDS * 1000
            raise _too_many(
                429,
                f"Too much request weight used; current limit is {self._weight_limit} request weight per 1 MINUTE. "
                "Please use WebSocket Streams for live updates to avoid polling the API.",
                _MINUTE_MS - now % _MINUTE_MS,
            )
        return used

    def count_order(self, account: str, now: int) -> None:
        """Raises Refusal beyond the limit."""
        recent = self._orders.setdefault(account, deque())
        while recent and recent[0] <= now - _ORDER_WINDOW_MS:
            recent.popleft()
        if len(recent) >= self._order_limit:
            message = f"Too many new orders; current limit is {self._order_limit} orders per 10 SECOND."
            raise Refusal(-1015, message, 429, retry_after=-(-(recent[0] + _ORDER_WINDOW_MS - now) // 1000))
        recent.append(now)


def _too_many(status: int, message: str, left_ms: int) -> Refusal:
    return Refusal(-1003, message, status, retry_after=-(-left_ms // 1000))
