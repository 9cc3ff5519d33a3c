"""Figures of a list of closed round trips. Pure.

A trade wins when its net P&L is above 0 and loses when it is below; one of exactly 0 does neither. A figure that
has no meaning (a rate without trades, a ratio without losses) is None, never NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.trading.round_trip import RoundTrip

_HUNDRED = Decimal(100)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFigures:
    """The trades that ended for one reason."""

    reason: str
    trades: int
    wins: int
    net_pnl: Decimal
    """Money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFigures:
    """Sums, means and extremes. Money unless said otherwise."""

    trades: int
    wins: int
    losses: int
    win_rate: Decimal | None
    """wins / trades × 100."""
    profit_factor: Decimal | None
    """Σ net of the winners / −Σ net of the losers; None without losers."""
    gross_pnl: Decimal
    """Σ (exit value − entry value)."""
    fees: Decimal
    """Σ commission, both sides."""
    net_pnl: Decimal
    """gross_pnl − fees."""
    average_trade: Decimal | None
    """net_pnl / trades."""
    average_trade_pct: Decimal | None
    """Mean of net / entry value × 100."""
    average_win: Decimal | None
    average_loss: Decimal | None
    """Mean net of the losers; negative."""
    best_trade: Decimal | None
    worst_trade: Decimal | None
    average_seconds: float | None
    """Mean of exit time − entry time."""
    longest_losing_streak: int
    """Most losers one after the other, in order of exit."""
    exit_reasons: tuple[ReasonFigures, ...]
    """Most frequent first; equal ones by name."""


def trade_figures(trades: Iterable[RoundTrip]) -> TradeFigures:
    """The figures of the closed ones among `trades`, which are in order of entry."""
    closed = [trade for trade in trades if trade.is_closed]
    nets = [_net(trade) for trade in closed]
    won, lost = [net for net in nets if net > 0], [net for net in nets if net < 0]
    percents = [trade.pnl_percentage or _ZERO for trade in closed]
    return TradeFigures(
        trades=len(closed),
        wins=len(won),
        losses=len(lost),
        win_rate=_HUNDRED * len(won) / len(closed) if closed else None,
        profit_factor=sum(won, _ZERO) / -sum(lost, _ZERO) if lost else None,
        gross_pnl=sum((trade.gross_pnl or _ZERO for trade in closed), _ZERO),
        fees=sum((trade.commission for trade in closed), _ZERO),
        net_pnl=sum(nets, _ZERO),
        average_trade=_mean(nets),
        average_trade_pct=_mean(percents),
        average_win=_mean(won),
        average_loss=_mean(lost),
        best_trade=max(nets, default=None),
        worst_trade=min(nets, default=None),
        average_seconds=_mean_seconds(closed),
        longest_losing_streak=_longest_run_of_losses(nets),
        exit_reasons=_by_reason(closed),
    )


def _net(trade: RoundTrip) -> Decimal:
    return trade.net_pnl or _ZERO


def _mean(amounts: Sequence[Decimal]) -> Decimal | None:
    return sum(amounts, _ZERO) / len(amounts) if amounts else None


def _mean_seconds(closed: Sequence[RoundTrip]) -> float | None:
    lasted = [(trade.exit_time - trade.entry_time).total_seconds() for trade in closed if trade.exit_time is not None]
    return sum(lasted) / len(lasted) if lasted else None


def _longest_run_of_losses(nets: Iterable[Decimal]) -> int:
    longest = running = 0
    for net in nets:
        running = running + 1 if net < 0 else 0
        longest = max(longest, running)
    return longest


def _by_reason(closed: Iterable[RoundTrip]) -> tuple[ReasonFigures, ...]:
    groups: dict[str, list[Decimal]] = {}
    for trade in closed:
        groups.setdefault(trade.exit_reason or "", []).append(_net(trade))
    found = (
        ReasonFigures(reason=reason, trades=len(nets), wins=sum(net > 0 for net in nets), net_pnl=sum(nets, _ZERO))
        for reason, nets in groups.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.trades, each.reason)))
