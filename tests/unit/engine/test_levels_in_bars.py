"""Percent stop, trailing stop and target inside bars; expected prices are worked out by hand.

The entry fills at 100 at the open of bar 1 in every scene.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_scenes import BUY, SELL, at, flat, play

from common.spec import RiskSpec

D = Decimal
STOP = RiskSpec(stop_loss_pct=D(3))
BOTH = RiskSpec(stop_loss_pct=D(3), take_profit_pct=D(6))
TRAIL = RiskSpec(trailing_stop=True, trailing_stop_pct=D(5))
ARMED = RiskSpec(trailing_stop=True, trailing_stop_pct=D(5), trailing_stop_activation_pct=D(10))
STOP_AND_TRAIL = RiskSpec(stop_loss_pct=D(5), trailing_stop=True, trailing_stop_pct=D(5))
ENTRY = flat(100)
FILL = flat(100)

SCENES = {
    "the stop fills at its level": (STOP, [FILL, (99, 99, 96.9, 98)], (2, "97", "stop_loss")),
    "the stop is reached by touching it": (STOP, [FILL, (99, 99, 97, 98)], (2, "97", "stop_loss")),
    "a bar that stays above the stop does not fill it": (STOP, [FILL, (99, 99, 97.0000001, 98)], None),
    "a bar that opens below the stop fills at its open": (STOP, [FILL, (95, 99, 94, 98)], (2, "95", "stop_loss")),
    "the stop counts on the fill bar": (STOP, [(100, 101, 96, 98)], (1, "97", "stop_loss")),
    "the target fills at its level": (BOTH, [FILL, (101, 106.1, 100, 105)], (2, "106", "take_profit")),
    "the target counts on the fill bar": (BOTH, [(100, 107, 99, 98)], (1, "106", "take_profit")),
    "the stop is tested before the target": (BOTH, [FILL, (100, 110, 90, 100)], (2, "97", "stop_loss")),
    "also on the fill bar": (BOTH, [(100, 110, 90, 100)], (1, "97", "stop_loss")),
    "a later bar that opens above the target takes it first": (
        BOTH,
        [FILL, (108, 110, 90, 100)],
        (2, "108", "take_profit"),
    ),
    "a later bar that opens at the target takes it first": (
        BOTH,
        [FILL, (106, 110, 90, 100)],
        (2, "106", "take_profit"),
    ),
    "the trail starts at the entry": (TRAIL, [(100, 100, 95, 96)], (1, "95", "trailing_stop")),
    "the high of a bar lifts the trail of the next": (
        TRAIL,
        [(100, 110, 100, 110), (110, 110, 104, 105)],
        (2, "104.5", "trailing_stop"),
    ),
    "the high of a bar does not lift the trail of the same bar": (TRAIL, [FILL, (100, 200, 96, 195)], None),
    "a trail that is not armed does nothing": (ARMED, [(100, 109, 100, 109), (109, 109, 80, 80)], None),
    "a trail is armed by the highest of the bars before": (
        ARMED,
        [(100, 110, 100, 105), (105, 105, 104, 104.4)],
        (2, "104.5", "trailing_stop"),
    ),
    "a trail once armed stays armed": (
        ARMED,
        [(100, 110, 106, 106), (106, 106, 105, 105), (105, 105, 101, 101)],
        (3, "104.5", "trailing_stop"),
    ),
    "on a tie the percent stop gives its name": (STOP_AND_TRAIL, [(100, 100, 94, 94)], (1, "95", "stop_loss")),
    "the higher of stop and trail counts": (
        STOP_AND_TRAIL,
        [(100, 102, 100, 102), (102, 102, 90, 90)],
        (2, "96.9", "trailing_stop"),
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_level(tmp_path, name):
    risk, bars, expected = SCENES[name]
    (trade,) = play(tmp_path, [ENTRY, *bars, flat(bars[-1][3])], {0: BUY}, risk=risk).trades()
    if expected is None:
        assert trade.status == "open"
    else:
        bar, price, reason = expected
        assert (trade.exit_time, trade.exit_price, trade.exit_reason) == (at(bar), D(price), reason)


def test_a_level_exit_leaves_the_bot_flat_for_an_entry_at_the_same_close(tmp_path):
    rows = [ENTRY, FILL, (99, 99, 96, 98), flat(98)]
    first, second = play(tmp_path, rows, {0: BUY, 2: BUY}, risk=STOP).trades()
    assert (first.exit_time, second.entry_time) == (at(2), at(3))


def test_a_market_exit_at_the_open_comes_before_the_levels_of_its_bar(tmp_path):
    (trade,) = play(tmp_path, [ENTRY, FILL, (99, 99, 50, 60)], {0: BUY, 1: SELL}, risk=STOP).trades()
    assert (trade.exit_price, trade.exit_reason) == (D(99), "done")


def test_a_level_exit_has_an_order_of_its_own(tmp_path):
    record = play(tmp_path, [ENTRY, FILL, (101, 107, 100, 105)], {0: BUY}, risk=BOTH)
    order = record.orders()[1]
    assert (order.order_type, order.limit_price, order.status) == ("take_profit", D(106), "filled")
    record = play(tmp_path, [ENTRY, FILL, (99, 99, 90, 95)], {0: BUY}, risk=BOTH)
    order = record.orders()[1]
    assert (order.order_type, order.stop_price, order.reason) == ("stop", D(97), "stop_loss")


def test_levels_are_not_rounded(tmp_path):
    rows = [flat(0.09840001), flat(0.09840001), (0.09, 0.09, 0.09, 0.09)]
    risk = RiskSpec(take_profit_pct=D("0.123"))
    rows[2] = (0.0984, 0.099, 0.0984, 0.0985)
    (trade,) = play(tmp_path, rows, {0: BUY}, risk=risk).trades()
    assert trade.exit_price == D("0.09840001") * D("1.00123")
