"""Pressure of the host: begins at once, throttles when it lasts, ends only after a calm time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisor.reconcile.pressure import THROTTLES, Pressure, PressurePolicy, Resource, pressure_after

POLICY = PressurePolicy(warn_percent={Resource.CPU: 80.0, Resource.MEMORY: 85.0, Resource.DISK: 90.0})
looks = st.lists(st.dictionaries(st.sampled_from(Resource), st.floats(0, 100)), max_size=60)


def after(*used: dict[Resource, float], before: Pressure | None = None) -> Pressure:
    pressure = before or Pressure()
    for one in used:
        pressure = pressure_after(pressure, one, POLICY)
    return pressure


@given(looks)
def test_too_much_use_is_under_strain_and_only_after_too_much_use(seen: list[dict[Resource, float]]) -> None:
    pressure, ever = Pressure(), set()
    for used in seen:
        pressure = pressure_after(pressure, used, POLICY)
        above = {resource for resource, percent in used.items() if percent > POLICY.warn_percent[resource]}
        ever |= above
        assert above <= pressure.strains.keys() <= ever


@given(looks)
def test_throttling_begins_only_under_lasting_strain_of_what_it_helps_and_ends_with_it(
    seen: list[dict[Resource, float]],
) -> None:
    pressure = Pressure()
    for used in seen:
        before, pressure = pressure, pressure_after(pressure, used, POLICY)
        pressing = [pressure.strains[resource] for resource in THROTTLES & pressure.strains.keys()]
        lasting = any(strain.looks >= POLICY.sustained for strain in pressing)
        assert pressure.throttled == (bool(pressing) and (lasting or before.throttled))


def test_a_short_peak_is_warned_of_and_does_not_throttle() -> None:
    peak = after({Resource.CPU: 95.0}, {Resource.CPU: 20.0})
    assert list(peak.strains) == [Resource.CPU]
    assert not peak.throttled


def test_it_is_over_after_a_calm_time_and_not_at_the_edge_of_the_limit() -> None:
    busy = after(*[{Resource.CPU: 95.0}] * 3)
    assert busy.throttled
    assert after(*[{Resource.CPU: 79.0}] * 50, before=busy).throttled, "just below the limit is not calm"
    assert after(*[{Resource.CPU: 70.0}] * 5, before=busy).throttled
    interrupted = after(*[{Resource.CPU: 70.0}] * 5, {Resource.CPU: 90.0}, {Resource.CPU: 70.0}, before=busy)
    assert interrupted.throttled, "calm is counted in a row"
    calm = after(*[{Resource.CPU: 70.0}] * 6, before=busy)
    assert (calm.throttled, dict(calm.strains)) == (False, {})


def test_a_full_disk_throttles_nobody_and_what_was_not_measured_stays() -> None:
    full = after(*[{Resource.DISK: 99.0}] * 9)
    assert list(full.strains) == [Resource.DISK]
    assert not full.throttled
    assert after({}, {}, before=full) == full
