"""The engine against a second, naive reading of the rules: a loop over rows that knows nothing of the engine."""

from __future__ import annotations

import random
from decimal import ROUND_DOWN, Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from effort import examples
from engine_scenes import FREE, at, file_data, live, spec_for, write_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from common.spec import RiskSpec
from worker.strategies.contract import BotStrategy

D = Decimal
RATE = D("0.001")


class Rhythm(BotStrategy):
    """Enters on every fifth bar when flat, leaves six bars after the fill."""

    def on_bar(self) -> None:
        desk = self.desk
        if desk.pending:
            return
        if desk.position is None:
            if desk.bar_number % 5 == 0:
                desk.enter("fifth")
        elif desk.bar_number - desk.position.entry_bar >= 6:
            desk.leave("time")


def reference(
    rows: list[tuple[float, ...]], stop: Decimal | None, target: Decimal | None, trail: Decimal | None
) -> Any:
    """(entry bar, exit bar, size, entry price, exit price, reason, net) of each closed trade."""
    cash, size, entry, entered, highest = D(1000), D(0), D(0), -1, D(0)
    order: Any = None
    trades = []

    def sell(bar: int, price: Decimal, reason: str) -> None:
        nonlocal cash, size
        net = size * (price - entry) - size * (price + entry) * RATE
        trades.append((entered, bar, size, entry, price, reason, net))
        cash, size = cash + size * price * (1 - RATE), D(0)

    for bar, row in enumerate(rows):
        open_, high, low, close = (D(repr(value)) for value in row)
        if order == "sell":
            sell(bar, open_, "time")
        elif order is not None:
            most = (cash / (open_ * (1 + RATE))).quantize(D("1e-8"), ROUND_DOWN)
            size, entry, entered, highest = min(order, most), open_, bar, open_
            cash -= size * entry * (1 + RATE)
        order = None
        if size:
            levels = []
            if stop is not None:
                levels.append((entry * (1 - stop / 100), "stop_loss"))
            if trail is not None:
                levels.append((highest * (1 - trail / 100), "trailing_stop"))
            level = max(levels, key=lambda pair: pair[0]) if levels else None
            goal = None if target is None else entry * (1 + target / 100)
            if goal is not None and bar > entered and open_ >= goal:
                sell(bar, open_, "take_profit")
            elif level is not None and low <= level[0]:
                sell(bar, min(open_, level[0]), level[1])
            elif goal is not None and high >= goal:
                sell(bar, goal, "take_profit")
            highest = max(highest, high)
        if size and bar - entered >= 6:
            order = "sell"
        elif not size and bar % 5 == 0:
            order = (cash * D("0.97") / close).quantize(D("1e-8"), ROUND_DOWN)
    return trades


def walk(seed: int) -> list[tuple[float, float, float, float]]:
    chance, price, rows = random.Random(seed), 0.0984, []
    for _ in range(120):
        open_ = round(price * chance.uniform(0.985, 1.015), 8)
        close = round(open_ * chance.uniform(0.96, 1.04), 8)
        top, bottom = max(open_, close), min(open_, close)
        rows.append((open_, round(top * chance.uniform(1, 1.02), 8), round(bottom * chance.uniform(0.98, 1), 8), close))
        price = close
    return rows


PERCENT = st.one_of(st.none(), st.decimals("0.5", "8", places=2))


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6), stop=PERCENT, target=PERCENT, trail=PERCENT)
def test_every_trade_agrees_to_the_last_digit(seed, stop, target, trail):
    rows = walk(seed)
    risk = RiskSpec(
        stop_loss_pct=stop, take_profit_pct=target, trailing_stop=trail is not None, trailing_stop_pct=trail
    )
    with TemporaryDirectory() as folder, localcontext() as context:
        context.prec = 60
        data = file_data(write_bars(Path(folder), rows))
        spec = spec_for(data, broker=FREE.model_copy(update={"commission_rate": RATE}), risk=risk)
        spec = spec.model_copy(update={"strategy": spec.strategy.model_copy(update={"position_size": D("0.97")})})
        trades = live(spec, Rhythm).record.trades()
        expected = reference(rows, stop, target, trail)
    closed = [trade for trade in trades if trade.status == "closed"]
    number = {time: bar for bar, time in ((bar, at(bar)) for bar in range(len(rows)))}
    assert [
        (number[t.entry_time], number[t.exit_time], t.size, t.entry_price, t.exit_price, t.exit_reason, t.net_pnl)
        for t in closed
    ] == expected
