"""Performance as a fold over closed trades and marked equity. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.trading.money import round_money, round_percent

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Counts and sums over the closed trades. A trade with net P&L of exactly 0 is neither win nor loss."""

    total_trades: int = 0
    winning_trades: int = 0
    losing_trades: int = 0
    total_pnl: Decimal = Decimal(0)
    """Σ net P&L, money."""

    def with_trade(self, net_pnl: Decimal) -> Performance:
        """After one more closed trade."""
        return replace(
            self,
            total_trades=self.total_trades + 1,
            winning_trades=self.winning_trades + (net_pnl > 0),
            losing_trades=self.losing_trades + (net_pnl < 0),
            total_pnl=self.total_pnl + net_pnl,
        )

    def win_rate(self) -> Decimal:
        """Winning trades as percent of all; 0 without trades."""
        return _HUNDRED * self.winning_trades / self.total_trades if self.total_trades else Decimal(0)


@dataclass(slots=True, kw_only=True)
class EquityCurve:
    """Equity marked at closes, reduced to what limits and metrics need. The peak includes the start balance."""

    equity: Decimal
    peak: Decimal
    max_drawdown: Decimal = Decimal(0)
    """Largest (peak − equity) / peak seen, in percent."""

    def mark(self, equity: Decimal) -> None:
        """Take one more close into the curve."""
        self.equity = equity
        if equity >= self.peak:
            self.peak = equity
            return
        drawdown = self.drawdown()
        if drawdown > self.max_drawdown:
            self.max_drawdown = drawdown

    def drawdown(self) -> Decimal:
        """(peak − equity) / peak in percent; 0 for a peak that is not positive."""
        return (self.peak - self.equity) * _HUNDRED / self.peak if self.peak > 0 else Decimal(0)


def metrics_of(figures: Mapping[str, int | float], at: datetime) -> dict[str, Any]:
    """The metrics document: `figures` as of `at` (aware UTC)."""
    return {**figures, "last_updated": at.isoformat()}


def figures_of(performance: Performance, curve: EquityCurve, start_balance: Decimal) -> dict[str, int | float]:
    """The figures of the metrics document: money rounded to 8 places and percents to 4, as JSON numbers."""
    total = performance.total_pnl
    percent = total * _HUNDRED / start_balance if start_balance > 0 else Decimal(0)
    return {
        "total_trades": performance.total_trades,
        "winning_trades": performance.winning_trades,
        "losing_trades": performance.losing_trades,
        "win_rate": float(round_percent(performance.win_rate())),
        "total_pnl": float(round_money(total)),
        "total_pnl_pct": float(round_percent(percent)),
        "max_drawdown": float(round_percent(curve.max_drawdown)),
        "current_drawdown": float(round_percent(curve.drawdown())),
        "peak_balance": float(round_money(curve.peak)),
        "current_balance": float(round_money(start_balance + total)),
    }
