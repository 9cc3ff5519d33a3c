"""Round trips of one unit, bought and sold on given days at given prices, free of commission unless said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.trading.round_trip import RoundTrip

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def a_trip(
    bought: str, sold: str | None = None, *, days: tuple[float, float] = (0, 1), fee: str = "0", reason: str = "signal"
) -> RoundTrip:
    """With `sold` a closed one; `fee` is the commission as the row has it."""
    entry, commission = Decimal(bought), Decimal(fee)
    closing: dict[str, object] = {}
    if sold is not None:
        exit_value = Decimal(sold)
        net = exit_value - entry - commission
        closing = {
            "exit_time": day(days[1]),
            "exit_price": exit_value,
            "exit_value": exit_value,
            "gross_pnl": exit_value - entry,
            "net_pnl": net,
            "pnl_percentage": net / entry * 100,
            "exit_reason": reason,
        }
    return RoundTrip(
        trade_type="paper",
        strategy_name="CustomStrategy",
        entry_logic_name="Entry",
        exit_logic_name="Exit",
        symbol="ETHBTC",
        interval="1d",
        direction="long",
        status="open" if sold is None else "closed",
        entry_time=day(days[0]),
        entry_price=entry,
        entry_value=entry,
        size=Decimal(1),
        commission=commission,
        **closing,  # type: ignore[arg-type]
    )
