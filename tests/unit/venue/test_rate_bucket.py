"""One rate limit for all processes of a host."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.venue.exchange.rate_bucket import LONGEST_QUEUE, SHARES, RateBucket

RATE = 10.0


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def bucket(tmp_path, time):
    made = RateBucket(tmp_path / "rates" / "binance-live", RATE, time)
    yield made
    made.close()


def waits(bucket, count, errand="prices"):
    return [bucket.book(1.0, errand).wait for _ in range(count)]


def test_a_burst_goes_at_once_and_what_follows_keeps_to_the_rate(bucket):
    first, *rest = (wait for wait in waits(bucket, 30) if wait > 0)
    distances = [later - earlier for earlier, later in zip([first, *rest], rest, strict=False)]
    assert sum(wait == 0 for wait in waits(bucket, 1)) == 0
    assert distances == pytest.approx([1 / (RATE * SHARES["prices"])] * len(distances))


def test_two_holders_share_one_rate(bucket, tmp_path, time):
    other = RateBucket(tmp_path / "rates" / "binance-live", RATE, time)
    alone = waits(bucket, 20)
    assert min(waits(other, 1)) > max(alone)
    other.close()


def test_neither_orders_nor_questions_about_them_queue_behind_prices(bucket):
    assert max(waits(bucket, 200)) > 10
    assert waits(bucket, 1, "inquiry") == [0.0]
    assert max(waits(bucket, 200, "inquiry")) > 10
    assert waits(bucket, 1, "order") == [0.0]


@pytest.mark.parametrize("errand", SHARES)
def test_what_less_urgent_errands_leave_is_for_the_others(bucket, errand):
    open_to_it = list(SHARES)[: list(SHARES).index(errand) + 1]
    assert waits(bucket, 1000, errand)[-1] == pytest.approx(
        1000 / (RATE * sum(SHARES[each] for each in open_to_it)), rel=0.02
    )


def test_a_wait_that_is_too_long_is_told_and_not_booked(bucket):
    waits(bucket, 100)
    told = bucket.book(1.0, "prices", at_most=1.0)
    assert told.wait > 1.0
    assert bucket.book(1.0, "prices").wait == told.wait


def test_after_a_ban_nobody_calls_and_a_shorter_one_does_not_end_it(bucket, tmp_path, time):
    other = RateBucket(tmp_path / "rates" / "binance-live", RATE, time)
    bucket.ban(30)
    other.ban(5)
    time.now += 10
    booking = other.book(1.0, "order")
    assert (booking.banned, booking.wait) == (True, 20.0)
    time.now += 20
    assert not other.book(1.0, "order").banned
    assert other.banned_for() == 0.0
    other.close()


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 40, b"another program's file, of whatever length it is" * 9])
def test_a_damaged_file_is_begun_anew(content, tmp_path, time):
    path = tmp_path / "binance-live"
    path.write_bytes(content)
    bucket = RateBucket(path, RATE, time)
    assert waits(bucket, 1) == [0.0]
    assert bucket.banned_for() == 0.0
    bucket.close()


def test_a_time_that_cannot_be_is_not_believed(tmp_path, time):
    ahead = Time()
    ahead.now = time.now + 10 * LONGEST_QUEUE
    future = RateBucket(tmp_path / "b", RATE, ahead)
    future.ban(60)
    future.close()
    bucket = RateBucket(tmp_path / "b", RATE, time)
    assert not bucket.book(1.0, "prices").banned
    bucket.close()


@given(st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 2)), min_size=1, max_size=60))
def test_whatever_is_asked_questions_keep_to_their_share(tmp_path_factory, asked):
    time = Time()
    bucket = RateBucket(tmp_path_factory.mktemp("rates") / "b", RATE, time)
    starts, costs = [], []
    for cost, later in asked:
        time.now += later
        starts.append(time.now + bucket.book(cost, "prices").wait)
        costs.append(cost)
    assert starts == sorted(starts)
    for first in range(len(starts)):
        for last in range(first, len(starts)):
            spent = sum(costs[first:last])
            assert spent <= RATE * SHARES["prices"] * (starts[last] - starts[first] + 1.0) + 1e-6
    bucket.close()


def test_a_holder_that_is_killed_with_the_lock_frees_it(bucket, tmp_path):
    killed = (
        "import os, signal, sys, time\nfrom pathlib import Path\n"
        "from worker.venue.exchange.rate_bucket import RateBucket\n"
        "bucket = RateBucket(Path(sys.argv[1]), 10.0, time.monotonic)\n"
        "with bucket._state():\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", killed, str(tmp_path / "rates" / "binance-live")], timeout=60, check=False
    )
    assert done.returncode == -9
    assert waits(bucket, 1) == [0.0]
