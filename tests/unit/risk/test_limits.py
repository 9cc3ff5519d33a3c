"""The limits as pure functions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from common.spec import RiskSpec, TradingSpec
from worker.risk.limits import EntrySituation, check_entry

D = Decimal
CALM = {"paused": False, "busy": False, "entries_today": 0, "net_today": D(0), "equity": D(100), "peak": D(100)}


@pytest.mark.parametrize(
    ("risk", "trading", "now", "rule"),
    [
        ({}, {}, {}, None),
        ({}, {}, {"paused": True, "busy": True}, "paused"),
        ({}, {"max_positions": 3}, {"busy": True}, "max_positions"),
        ({"max_daily_trades": 2}, {}, {"entries_today": 1}, None),
        ({"max_daily_trades": 2}, {}, {"entries_today": 2}, "max_daily_trades"),
        ({"max_daily_loss": D(200)}, {}, {"net_today": D("-199.99999999")}, None),
        ({"max_daily_loss": D(200)}, {}, {"net_today": D(-200)}, "max_daily_loss"),
        ({"max_daily_loss": D(0)}, {}, {"net_today": D(0)}, None),
        ({"max_daily_loss": D(0)}, {}, {"net_today": D("-0.00000001")}, "max_daily_loss"),
        ({"max_daily_loss": D(200)}, {}, {"net_today": D(200)}, None),
        ({}, {"max_drawdown_pct": D(20)}, {"equity": D("80.01")}, None),
        ({}, {"max_drawdown_pct": D(20)}, {"equity": D(80)}, "max_drawdown_pct"),
        ({"max_position_size": D(0)}, {}, {}, "max_position_size"),
        ({"max_position_size": D(1)}, {}, {}, None),
    ],
)
def test_limit(risk, trading, now, rule):
    denial = check_entry(RiskSpec(**risk), TradingSpec(**trading), EntrySituation(**{**CALM, **now}))
    assert (denial and denial.rule) == rule
