"""The options of `python -m worker exchange-sim`; apart, because every worker start reads its command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--port", type=int, help="port on 127.0.0.1 (default 0: a free one)")
    parser.add_argument("--setup", type=Path, help="JSON file with markets, accounts, fees and the rest")
    parser.add_argument(
        "--market", action="append", default=[], metavar="SYMBOL[=PRICE|=FILE]",
        help="a market: around a price (simulated) or of a candle file; may be given again (default BTC/USDT=100)",
    )  # fmt: skip
    parser.add_argument("--candle", help="how long one candle of the source lasts here (default 1s)")
    parser.add_argument("--seed", type=int, help="seed of prices and faults (default 0)")
    parser.add_argument("--skew", type=float, help="seconds the exchange's clock is ahead (default 0)")
    parser.add_argument("--maker", help="fee of resting orders, fraction (default 0.001)")
    parser.add_argument("--taker", help="fee of orders that take, fraction (default 0.001)")
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input ends")
