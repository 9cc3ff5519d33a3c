"""Figures of an equity curve, folded bar by bar in constant memory (one number per day apart). Pure.

Sharpe and Sortino are of returns per UTC day, a day's equity being that at its last close and the first day's
base the start balance; days without bars do not count. No risk-free rate is taken off, and nothing below 0 is
asked of a day. With n daily returns r and A days a year (365 for coins, which trade every day, 252 for stocks):

    Sharpe  = mean(r) / s × √A,  s² = Σ(r − mean(r))² / (n − 1)     W. F. Sharpe, The Sharpe Ratio, 1994
    Sortino = mean(r) / d × √A,  d² = Σ min(r, 0)² / n              F. A. Sortino and L. N. Price, 1994
"""

from __future__ import annotations

import math
from array import array
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

_HUNDRED = Decimal(100)
_LEAST_DEVIATION = 1e-12
"""Daily returns that differ by less are equal but for the last bits of binary numbers."""


class EquityFigures(BaseModel):
    """What the curve says; None where there is nothing to say."""

    model_config = ConfigDict(frozen=True)

    bars: int
    """Bars that could be traded; warm-up history is not among them."""
    bars_in_position: int
    """Those at whose close a position was open."""
    first_bar_at: datetime | None
    last_bar_at: datetime | None
    start_balance: Decimal
    end_equity: Decimal
    """Money, an open position at the last close."""
    peak_equity: Decimal
    max_drawdown_pct: Decimal
    """Largest (peak − equity) / peak × 100 at a close; the peak includes the start balance."""
    longest_drawdown_seconds: float
    """Longest time from a peak to the next close at or above it, or to the last bar."""
    days: int
    sharpe: float | None
    """None below two days, without any deviation, or when a bar is longer than a day."""
    sortino: float | None
    """None below two days, without a losing day, or when a bar is longer than a day."""
    first_open: float | None
    last_close: float | None

    @property
    def exposure_pct(self) -> Decimal | None:
        """Share of the bars at whose close a position was open, in percent."""
        return _HUNDRED * self.bars_in_position / self.bars if self.bars else None

    @property
    def return_pct(self) -> Decimal:
        """(end equity − start balance) / start balance × 100."""
        return (self.end_equity - self.start_balance) * _HUNDRED / self.start_balance

    @property
    def buy_and_hold_pct(self) -> float | None:
        """(last close − first open) / first open × 100: the market itself, free of commission."""
        if self.first_open is None or self.last_close is None:
            return None
        return (self.last_close - self.first_open) / self.first_open * 100.0


class EquityStatistics:
    """Takes one close after the other; `figures` may be asked at any time."""

    def __init__(self, start_balance: Decimal, days_per_year: int | None) -> None:
        """`days_per_year` annualises; None when bars are longer than a day."""
        self._start = start_balance
        self._days_per_year = days_per_year
        self._bars = self._bars_in_position = 0
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None
        self._first_open: float | None = None
        self._last_close: float | None = None
        self._equity = self._peak = start_balance
        self._peak_at: datetime | None = None
        self._under = False
        self._max_drawdown = Decimal(0)
        self._longest = 0.0
        self._returns = array("d")
        self._day_base = start_balance

    def take(self, at: datetime, first: float, last: float, equity: Decimal, in_position: bool) -> Decimal:
        """One bar stamped `at` with its open `first` and close `last`; the drawdown in percent at that close."""
        if self._last_at is None:
            self._first_at = self._peak_at = at
            self._first_open = first
        elif at.date() != self._last_at.date():
            self._end_day()
        self._bars += 1
        self._bars_in_position += in_position
        self._last_at, self._last_close, self._equity = at, last, equity
        return self._draw(at, equity)

    def figures(self) -> EquityFigures:
        """Everything up to the last bar taken, the day it belongs to included."""
        returns = array("d", self._returns)
        if self._last_at is not None:
            returns.append(_return(self._day_base, self._equity))
        return EquityFigures(
            bars=self._bars,
            bars_in_position=self._bars_in_position,
            first_bar_at=self._first_at,
            last_bar_at=self._last_at,
            start_balance=self._start,
            end_equity=self._equity,
            peak_equity=self._peak,
            max_drawdown_pct=self._max_drawdown,
            longest_drawdown_seconds=self._longest,
            days=len(returns),
            sharpe=sharpe(returns, self._days_per_year),
            sortino=sortino(returns, self._days_per_year),
            first_open=self._first_open,
            last_close=self._last_close,
        )

    def _draw(self, at: datetime, equity: Decimal) -> Decimal:
        since = self._peak_at or at
        if equity >= self._peak:
            if self._under:
                self._longest = max(self._longest, (at - since).total_seconds())
            self._peak, self._peak_at, self._under = equity, at, False
            return Decimal(0)
        self._under = True
        self._longest = max(self._longest, (at - since).total_seconds())
        drawdown = (self._peak - equity) * _HUNDRED / self._peak if self._peak > 0 else Decimal(0)
        self._max_drawdown = max(self._max_drawdown, drawdown)
        return drawdown

    def _end_day(self) -> None:
        self._returns.append(_return(self._day_base, self._equity))
        self._day_base = self._equity


def _return(base: Decimal, equity: Decimal) -> float:
    return float((equity - base) / base) if base else 0.0


def sharpe(returns: array[float], days_per_year: int | None) -> float | None:
    """Annualised Sharpe ratio of daily returns; None where it has no meaning."""
    if days_per_year is None or len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1))
    return mean / deviation * math.sqrt(days_per_year) if deviation > _LEAST_DEVIATION else None


def sortino(returns: array[float], days_per_year: int | None) -> float | None:
    """Annualised Sortino ratio of daily returns against 0; None where it has no meaning."""
    if days_per_year is None or len(returns) < 2:
        return None
    downside = math.sqrt(math.fsum(min(each, 0.0) ** 2 for each in returns) / len(returns))
    mean = math.fsum(returns) / len(returns)
    return mean / downside * math.sqrt(days_per_year) if downside > _LEAST_DEVIATION else None
