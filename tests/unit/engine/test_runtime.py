"""What backtrader does for a strategy here, and what it must not do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from engine_scenes import BUY, at, file_data, flat, live, scripted, spec_for, write_bars
from waiting import PATIENCE

from common.errors import BotvisorError
from worker.engine.backtrader_import import bt
from worker.engine.bell import Bell
from worker.engine.broker import UseTheDesk
from worker.strategies.contract import KEPT_BARS, BotStrategy


class Averaging(BotStrategy):
    """Reads an indicator of backtrader that needs three bars."""

    notes: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        super().__init__()
        self.mean = bt.indicators.SMA(self.data.close, period=3)

    def on_bar(self) -> None:
        self.notes.append(("bar", self.desk.bar_number, self.mean[0]))
        if self.desk.bar_number == 3:
            self.desk.enter("fourth bar")

    def on_entry(self, position: Any) -> None:
        self.notes.append(("entry", position.entry_bar, self.mean[0]))


def test_an_indicator_is_asked_for_when_its_period_is_met_and_entries_see_the_decision_bar(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(n) for n in (1, 2, 3, 4, 50, 6)]))
    strategy = type("Fresh", (Averaging,), {"notes": []})
    live(spec_for(data), strategy)
    assert strategy.notes == [
        ("bar", 2, 2.0),
        ("bar", 3, 3.0),
        ("entry", 4, 3.0),
        ("bar", 4, 19.0),
        ("bar", 5, 20.0),
    ]


def test_lines_can_be_read_back_as_far_as_promised_and_keep_no_more(tmp_path):
    def look(strategy: Any) -> None:
        close, number = strategy.data.close, strategy.desk.bar_number
        assert close[-(KEPT_BARS - 1)] == number - KEPT_BARS + 2
        assert len(close.array) == KEPT_BARS

    rows = [flat(number + 1) for number in range(KEPT_BARS + 50)]
    live(spec_for(file_data(write_bars(tmp_path, rows))), scripted({KEPT_BARS + 40: look}))


def test_bars_are_stamped_with_their_end_inside_and_with_the_files_time_outside(tmp_path):
    def look(strategy: Any) -> None:
        assert strategy.data.datetime.datetime(0) == at(1).replace(tzinfo=None)
        assert strategy.desk.bar_time == at(0)

    live(spec_for(file_data(write_bars(tmp_path, [flat(10)] * 2))), scripted({0: look}))


def test_the_mirror_shows_cash_value_and_position(tmp_path):
    def look(strategy: Any) -> None:
        assert strategy.broker.getcash() == 500.0
        assert strategy.broker.getvalue() == 1100.0
        assert (strategy.position.size, strategy.position.price) == (50.0, 10.0)

    live(spec_for(file_data(write_bars(tmp_path, [flat(10), (10, 12, 10, 12), flat(12)]))), scripted({0: BUY, 1: look}))


def test_order_methods_of_backtrader_name_the_desk_instead(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 3))
    with pytest.raises(UseTheDesk, match=r"desk\.enter"):
        live(spec_for(data), scripted({0: lambda s: s.buy()}))
    with pytest.raises(UseTheDesk, match=r"desk\.leave"):
        live(spec_for(data), scripted({0: BUY, 1: lambda s: s.close()}))


def test_the_desk_is_asked_in_on_bar_and_nowhere_else(tmp_path):
    class Hasty(BotStrategy):
        def on_bar(self) -> None:
            if self.desk.position is None:
                self.desk.enter("now")

        def on_entry(self, position: Any) -> None:
            self.desk.leave("at once")

    with pytest.raises(BotvisorError, match="outside on_bar"):
        live(spec_for(file_data(write_bars(tmp_path, [flat(10)] * 3))), Hasty)


def test_importing_the_engine_loads_no_numeric_library_and_starts_no_thread():
    check = (
        "import sys, threading, worker.engine.run\n"
        "assert 'numpy' not in sys.modules and 'talib' not in sys.modules\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_hiding_a_library_from_backtrader_hides_it_from_nobody_else():
    check = (
        "import worker.engine.backtrader_import, sys, importlib.util\n"
        "assert 'talib' not in sys.modules\n"
        "importlib.util.find_spec('talib')\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.mark.parametrize("native", [True, False])
def test_a_bell_ends_a_wait_also_when_it_rang_before(native, monkeypatch):
    if not native:
        monkeypatch.delattr(os, "eventfd", raising=False)
    bell = Bell()
    try:
        bell.ring()
        before = time.monotonic()
        bell.wait(PATIENCE)
        thread = threading.Timer(0.05, bell.ring)
        thread.start()
        bell.wait(PATIENCE)
        thread.join()
        assert time.monotonic() - before < PATIENCE
        bell.wait(0.01)  # nothing is left over
    finally:
        bell.close()
    bell.ring()


def test_metrics_follow_the_trades_and_the_marked_equity(tmp_path):
    rows = [flat(10), flat(10), flat(8), flat(12), flat(12), flat(12), flat(9), flat(9)]
    script = {0: BUY, 2: ("leave", "up"), 3: BUY, 5: ("leave", "down")}
    metrics = live(spec_for(file_data(write_bars(tmp_path, rows))), scripted(script)).record.of("metrics")
    first, second = (fact.metrics for fact in metrics)
    assert first == {
        "total_trades": 1,
        "winning_trades": 1,
        "losing_trades": 0,
        "win_rate": 100.0,
        "total_pnl": 100.0,
        "total_pnl_pct": 10.0,
        "max_drawdown": 10.0,  # 50 × 2 of 1000 at the close of bar 2
        "current_drawdown": 0.0,
        "peak_balance": 1100.0,
        "current_balance": 1100.0,
        "last_updated": at(3).isoformat(),
    }
    assert (second["win_rate"], second["losing_trades"]) == (50.0, 1)
    quantity = Decimal("45.83333333")
    assert second["total_pnl"] == float(100 - 3 * quantity)
    assert second["current_drawdown"] == second["max_drawdown"] == 12.5
