"""The file of candles that engine and ledger are measured on."""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path

from benchmarks.machine import ROOT

RECORDED = ROOT.parent / "shared" / "data" / "ETH_BTC-5m.csv"
BARS = 5760


def candle_file(folder: Path) -> Path:
    """Recorded candles where they are at hand, else a generated market of the same length."""
    return RECORDED if RECORDED.is_file() else _generated(folder / "candles.csv")


def _generated(path: Path) -> Path:
    if path.exists():
        return path
    chance, level = random.Random(7), math.log(0.1)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for bar in range(BARS):
            first, level = level, level + chance.gauss(0, 0.002)
            top, low = max(first, level) + abs(chance.gauss(0, 0.001)), min(first, level) - abs(chance.gauss(0, 0.001))
            prices = [f"{math.exp(value):.8f}" for value in (first, top, low, level)]
            writer.writerow([1_515_560_100_000 + bar * 300_000, *prices, f"{chance.uniform(50, 2000):.8f}"])
    return path
