from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.wire.latency import STEPS, Latency

DURATIONS = st.lists(st.floats(0, 100), max_size=50)


def counted(durations: list[float]) -> Latency:
    latency = Latency()
    for each in durations:
        latency = latency.with_one_more(each)
    return latency


@given(DURATIONS)
def test_each_bucket_counts_what_took_at_most_its_bound_and_the_last_counts_all(durations: list[float]) -> None:
    buckets = counted(durations).buckets
    assert [count for _, count in buckets[:-1]] == [sum(each <= bound for each in durations) for bound in STEPS]
    assert buckets[-1] == ("+Inf", len(durations))


@given(DURATIONS)
def test_it_survives_the_wire(durations: list[float]) -> None:
    latency = counted(durations)
    assert Latency.model_validate_json(latency.model_dump_json()) == latency


def test_the_total_is_the_sum_of_all() -> None:
    assert counted([0.25, 0.5, 20.0]).total == 20.75
