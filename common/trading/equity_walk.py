"""Equity of an account at each close, recomputed from its round trips. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from common.trading.money import decimal_of
from common.trading.round_trip import RoundTrip


class EquityWalk:
    """Goes along the bars: equity = cash + size held × close, without the commission of an exit to come.

    Trades are in order of entry and do not overlap. One that was filled in pieces counts whole from its first
    fill until its last.
    """

    def __init__(self, start_balance: Decimal, trades: Sequence[RoundTrip]) -> None:
        self._settled = start_balance
        self._trades = trades
        self._next = 0
        self._held: RoundTrip | None = None
        self._cash = start_balance

    @property
    def in_position(self) -> bool:
        """Whether a position was open at the last close taken."""
        return self._held is not None

    def close(self, at: datetime, price: float) -> Decimal:
        """Equity at the close `price` of the bar stamped `at`; bars come in order of time."""
        self._turn(at)
        held = self._held
        return self._settled if held is None else self._cash + held.size * decimal_of(price)

    def _turn(self, at: datetime) -> None:
        """Take in what happened up to the end of the bar stamped `at`."""
        while True:
            held = self._held
            if held is not None:
                if held.exit_time is None or held.exit_time > at:
                    return
                self._settled += held.net_pnl or Decimal(0)
                self._held = None
            elif self._next < len(self._trades) and self._trades[self._next].entry_time <= at:
                held = self._held = self._trades[self._next]
                self._next += 1
                self._cash = self._settled - held.entry_value - held.entry_commission
            else:
                return
