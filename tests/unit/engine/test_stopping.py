"""Stopping: between bars only, with the bot's policy when it was stopped for good."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from engine_scenes import (
    BUY,
    SELL,
    Record,
    at,
    file_data,
    flat,
    live,
    scripted,
    spec_for,
    ticket_for,
    write_bars,
)
from waiting import PATIENCE, wait_until

from common.clock import SystemClock
from common.spec import TradingSpec
from common.wire.messages import Phase
from worker.engine.run import Outcome, Trading
from worker.progress import Progress

D = Decimal


def trading_of(spec, script, record, progress=None, **ticket):
    checkpoint = ticket.pop("checkpoint", None)
    strategy = scripted(script)
    life = ticket_for(**ticket)
    return Trading(spec, life, checkpoint, record.commit, progress or Progress(), SystemClock(), strategy=strategy)


def stopped_at(tmp_path, script, bar, policy, apply=True):
    """Stop during the decision of `bar`."""
    data = file_data(write_bars(tmp_path, [flat(10), flat(10), (10, 12, 10, 11), flat(12), flat(13)]))
    record = Record()
    last = script.get(bar, lambda strategy: None)
    script = {**script, bar: lambda strategy: (last(strategy), trading.request_stop(apply))}
    trading = trading_of(spec_for(data, trading=TradingSpec(on_stop=policy)), script, record)
    assert trading.run() is Outcome.STOPPED
    assert record.delivered[-1]
    return record


@pytest.mark.parametrize("policy", ["keep", "cancel_orders", "close_position"])
def test_a_restart_keeps_everything_whatever_the_policy(tmp_path, policy):
    record = stopped_at(tmp_path, {0: BUY}, 2, policy, apply=False)
    assert [trade.status for trade in record.trades()] == ["open"]


@pytest.mark.parametrize("policy", ["keep", "cancel_orders"])
def test_positions_are_kept_unless_the_policy_closes_them(tmp_path, policy):
    assert [trade.status for trade in stopped_at(tmp_path, {0: BUY}, 2, policy).trades()] == ["open"]


def test_close_position_sells_at_the_last_close(tmp_path):
    (trade,) = stopped_at(tmp_path, {0: BUY}, 2, "close_position").trades()
    assert (trade.exit_price, trade.exit_time, trade.exit_reason) == (D(11), at(2), "shutdown")


@pytest.mark.parametrize(("policy", "status"), [("keep", "accepted"), ("cancel_orders", "cancelled")])
def test_a_waiting_entry_is_cancelled_unless_the_policy_keeps_it(tmp_path, policy, status):
    record = stopped_at(tmp_path, {2: lambda s: s.desk.enter("signal")}, 2, policy)
    assert [order.status for order in record.orders()] == [status]


def test_a_waiting_exit_is_replaced_when_the_position_is_closed(tmp_path):
    record = stopped_at(tmp_path, {0: BUY, 2: lambda s: s.desk.leave("signal")}, 2, "close_position")
    assert [order.status for order in record.orders()] == ["filled", "cancelled", "filled"]
    assert record.trades()[0].exit_reason == "shutdown"


def test_a_stop_before_the_start_is_not_lost(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 3))
    record = Record()
    trading = trading_of(spec_for(data), {0: BUY}, record)
    trading.request_stop()
    assert trading.run() is Outcome.STOPPED
    assert record.trades() == []


def test_a_settling_life_applies_the_policy_to_what_the_last_life_left(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10), flat(10), flat(12)]))
    spec = spec_for(data, trading=TradingSpec(on_stop="close_position"))
    record = live(spec, scripted({0: BUY})).record
    settling = trading_of(spec, {}, record, incarnation=2, mode="settle", checkpoint=record.newest)
    assert settling.run() is Outcome.STOPPED
    (trade,) = record.trades()
    assert (trade.exit_price, trade.exit_reason, trade.exit_time) == (D(12), "shutdown", at(2))
    assert record.of("metrics")[-1].metrics["total_trades"] == 1


class Waiting:
    """A trading thread on a slow market, and what it reports."""

    def __init__(self, spec, script):
        self.record, self.progress = Record(), Progress()
        self.trading = trading_of(spec, script, self.record, self.progress)
        self.outcome = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        self.outcome = self.trading.run()

    def until(self, condition):
        wait_until("something happens", condition, pause=0.005)

    def stop(self):
        self.trading.request_stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        assert self.outcome is Outcome.STOPPED


def slow(tmp_path, seconds):
    return file_data(write_bars(tmp_path, [flat(10)] * 50), speed=None, bar_seconds=seconds)


def test_a_waiting_loop_shows_that_it_lives_and_stops_at_once(tmp_path):
    waiting = Waiting(spec_for(slow(tmp_path, 3600.0)), {})
    waiting.until(lambda: waiting.progress.bars == 1)
    assert waiting.progress.phase is Phase.TRADING
    first = waiting.progress.last_round
    waiting.until(lambda: waiting.progress.last_round > first + 0.5)
    before = time.monotonic()
    waiting.stop()
    assert time.monotonic() - before < 10
    assert waiting.progress.bars == 1


def test_an_order_taken_by_the_venue_is_reported_while_the_loop_waits(tmp_path):
    waiting = Waiting(spec_for(slow(tmp_path, 3600.0)), {0: BUY})
    waiting.until(lambda: [order.status for order in waiting.record.orders()] == ["accepted"])
    waiting.stop()
    assert [order.status for order in waiting.record.orders()] == ["accepted"]
    newest = waiting.record.newest
    assert newest is not None
    life = live(spec_for(file_data(tmp_path / "bars.csv")), scripted({}), checkpoint=newest, ticket=ticket_for(2))
    assert [order.status for order in life.record.orders()] == ["filled"]


def test_bars_come_at_their_pace(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5), speed=None, bar_seconds=0.05)
    before = time.monotonic()
    life = live(spec_for(data), scripted({}))
    assert life.progress.bars == 5
    assert 0.2 <= time.monotonic() - before < PATIENCE


def test_market_seconds_per_real_second_set_the_pace(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5), speed=72_000.0)  # an hour in 50 ms
    before = time.monotonic()
    live(spec_for(data), scripted({}))
    assert 0.2 <= time.monotonic() - before < PATIENCE


def test_pausing_a_running_bot_refuses_entries_only(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 6))
    record, progress = Record(), Progress()
    script = {0: BUY, 2: lambda s: (trading.set_paused(True), s.desk.leave("paused or not")), 4: BUY}
    trading = trading_of(spec_for(data), script, record, progress)
    trading.run()
    assert [trade.status for trade in record.trades()] == ["closed"]
    assert [denial.rule for denial in record.denials()] == ["paused"]
    assert progress.paused


def test_the_script_may_leave_after_resuming(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 6))
    record = Record()
    script = {0: lambda s: trading.set_paused(False), 1: BUY, 3: SELL}
    trading = trading_of(spec_for(data), script, record, paused=True)
    trading.run()
    assert [trade.status for trade in record.trades()] == ["closed"]


def test_a_throttled_loop_with_a_pace_rests_after_each_bar_and_decides_the_same(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10 + i % 3) for i in range(12)]), speed=720_000.0)  # an hour in 5 ms
    script = {1: BUY, 6: SELL}
    free, throttled = Record(), Record()
    trading_of(spec_for(data), script, free).run()
    slowed = trading_of(spec_for(data), script, throttled)
    slowed.set_throttle(0.05)
    before = time.monotonic()
    slowed.run()
    assert time.monotonic() - before >= 11 * 0.05
    assert throttled.trades() == free.trades()
    assert [order.status for order in throttled.orders()] == [order.status for order in free.orders()]


def test_a_throttled_loop_without_a_pace_works_half_of_the_time(tmp_path):
    def spend_two_milliseconds(_):
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass

    data = file_data(write_bars(tmp_path, [flat(10)] * 100))
    trading = trading_of(spec_for(data), dict.fromkeys(range(100), spend_two_milliseconds), Record())
    trading.set_throttle(0.25)
    before = time.monotonic()
    trading.run()
    assert time.monotonic() - before >= 0.2 + 0.15


def test_a_rest_is_cut_short_by_a_stop_and_never_longer_than_a_quarter_of_a_second(tmp_path):
    data = file_data(write_bars(tmp_path, [flat(10)] * 5), speed=None, bar_seconds=0.01)
    trading = trading_of(spec_for(data), {}, Record())
    trading.set_throttle(3600)
    before = time.monotonic()
    trading.run()
    assert time.monotonic() - before < PATIENCE


def test_a_loop_that_waits_answers_a_question_at_once(tmp_path):
    waiting = Waiting(spec_for(slow(tmp_path, 3600.0)), {})
    waiting.until(lambda: waiting.progress.bars == 1)
    told = []
    waiting.progress.on_phase = lambda: told.append(waiting.progress.answered)
    waiting.progress.probe = 7
    waiting.trading.nudge()
    waiting.until(lambda: 7 in told)
    waiting.stop()
