"""Figures of closed trades, against numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal

from round_trips import a_trip

from common.trading.trade_figures import ReasonFigures, trade_figures


def test_sums_and_means_of_four_trades_and_an_open_one() -> None:
    """Nets 9, −6, 0 and −3; the open trade is no part of anything."""
    figures = trade_figures(
        [
            a_trip("100", "110", days=(0, 1), fee="1", reason="take_profit"),
            a_trip("100", "95", days=(1, 2), fee="1", reason="stop_loss"),
            a_trip("50", "51", days=(2, 3), fee="1"),
            a_trip("100", "98", days=(3, 7), fee="1", reason="stop_loss"),
            a_trip("100", days=(8, 9), fee="1"),
        ]
    )
    assert (figures.trades, figures.wins, figures.losses) == (4, 1, 2)
    assert figures.win_rate == 25
    assert figures.profit_factor == Decimal(1), "9 won, 6 + 3 lost"
    assert (figures.gross_pnl, figures.fees, figures.net_pnl) == (4, 4, 0)
    assert figures.average_trade == 0
    assert figures.average_trade_pct == 0, "9 % − 6 % + 0 % − 3 %"
    assert (figures.average_win, figures.average_loss) == (9, Decimal("-4.5"))
    assert (figures.best_trade, figures.worst_trade) == (9, -6)
    assert figures.average_seconds == 86_400 * 7 / 4
    assert figures.exit_reasons == (
        ReasonFigures(reason="stop_loss", trades=2, wins=0, net_pnl=Decimal(-9)),
        ReasonFigures(reason="signal", trades=1, wins=0, net_pnl=Decimal(0)),
        ReasonFigures(reason="take_profit", trades=1, wins=1, net_pnl=Decimal(9)),
    )


def test_a_trade_that_comes_out_even_ends_a_losing_streak() -> None:
    sold = ["99", "99", "100", "99", "99", "99", "101", "99"]
    figures = trade_figures(a_trip("100", price, days=(n, n + 1)) for n, price in enumerate(sold))
    assert figures.longest_losing_streak == 3


def test_what_has_no_meaning_is_nothing_rather_than_zero_or_infinity() -> None:
    nothing = trade_figures([])
    assert (nothing.trades, nothing.net_pnl, nothing.longest_losing_streak) == (0, 0, 0)
    assert nothing.exit_reasons == ()
    for name in ("win_rate", "profit_factor", "average_trade", "average_win", "best_trade", "average_seconds"):
        assert getattr(nothing, name) is None, name
    only_won = trade_figures([a_trip("100", "110")])
    assert only_won.profit_factor is None
    assert only_won.average_loss is None
    only_lost = trade_figures([a_trip("100", "90")])
    assert (only_lost.profit_factor, only_lost.win_rate) == (0, 0)
