"""A back-test's memory depends on its trades, not on its bars."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from builders import a_bot

from common.wire.backtest import BacktestDone, decode_line

SELDOM = {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_oversold": 2, "e_bb_dev": 8}}


def peak_of(bars: int) -> tuple[int, BacktestDone]:
    """Largest resident size in KiB of a back-test of so many bars, and its result."""
    minutes = bars - 1
    end = f"2024-01-{1 + minutes // 1440:02}T{minutes // 60 % 24:02}:{minutes % 60:02}:00"
    config = a_bot(data={"todate": end, "speed": 0}, strategy={"parameters": {"entry_logic": SELDOM}})
    request = json.dumps({"row": {"bot_id": 1}, "config": config, "most_points": 500})
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "backtest"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        process.stdin.write(request.encode())
        process.stdin.close()
        *_, last = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    done = decode_line(last)
    assert isinstance(done, BacktestDone), done
    return usage.ru_maxrss, done


@pytest.mark.slow
def test_ten_times_the_bars_need_no_more_memory() -> None:
    small, few = peak_of(4_000)
    large, many = peak_of(40_000)
    assert (few.equity.bars, many.equity.bars) == (3_980, 39_980)
    assert max(len(few.chart), len(many.chart)) <= 500
    assert large - small < 8 * 1024, f"{small} KiB, then {large} KiB"
