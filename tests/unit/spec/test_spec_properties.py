"""What holds for every config, however strange."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_samples import DOCUMENTED, NEWER, SEED_ERA, WEB_FORM, changed

from common.spec import generation_of, read_spec
from common.spec.reference import SECTIONS
from common.wire.ticket import RowFacts

ROW = RowFacts(bot_id=7, user_id=3)
PATHS = [f"{path}.{field.name}".lstrip(".") for path, _, fields in SECTIONS for field in fields]
SECTION_PATHS = [path for path, _, _ in SECTIONS if path]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["file", "paper", "1h", "market", "2024-01-01", "0.5", "1e999999999", "CustomStrategy"]),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
surgery = st.lists(st.tuples(st.sampled_from(PATHS + SECTION_PATHS), anything), min_size=1, max_size=5)
samples = st.sampled_from([DOCUMENTED, SEED_ERA, NEWER, WEB_FORM])


def assert_spec_or_errors(config: object) -> None:
    reading = read_spec(config, ROW)
    assert (reading.spec is None) == bool(reading.errors)
    assert len(set(reading.problems)) == len(reading.problems)
    for problem in reading.problems:
        assert problem.message
        assert problem.rule
        assert problem.path
        assert "\n" not in problem.message


@given(config=anything)
def test_any_json_gives_a_spec_or_errors(config: Any) -> None:
    assert_spec_or_errors(config)


@given(text=st.text() | st.binary())
def test_any_text_gives_a_spec_or_errors(text: str | bytes) -> None:
    assert_spec_or_errors(text)
    assert len(generation_of(text, ROW)) == 16


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.too_slow])
@given(config=samples, changes=surgery)
def test_any_value_in_any_field_gives_a_spec_or_errors(config: dict[str, Any], changes: list[tuple[str, Any]]) -> None:
    for path, value in changes:
        config = changed(config, path, value)
    assert_spec_or_errors(config)
    assert len(generation_of(config, ROW)) == 16


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(inner, chance) for key, inner in items}
    if isinstance(value, list):
        return [shuffled(inner, chance) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


@given(config=st.dictionaries(st.text(), anything), seed=st.integers(0, 2**32))
def test_a_generation_does_not_depend_on_how_the_json_is_written(config: dict[str, Any], seed: int) -> None:
    assert generation_of(shuffled(config, random.Random(seed)), ROW) == generation_of(config, ROW)


@pytest.mark.parametrize("config", [DOCUMENTED, SEED_ERA, NEWER, WEB_FORM])
def test_a_generation_is_the_same_for_text_and_object(config: dict[str, Any]) -> None:
    expected = generation_of(config, ROW)
    assert generation_of(json.dumps(config, indent=4), ROW) == expected
    assert generation_of(json.dumps(json.dumps(config, sort_keys=True)), ROW) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [[], 1]}, {"a": [[1]]}),
        ({"a": None}, {}),
        ({"a": 0.1}, {"a": 0.1000000000000001}),
        ({"a": "x,y"}, {"a": ["x", "y"]}),
        ("broken", "broken too"),
    ],
)
def test_a_generation_differs_when_the_meaning_does(one: object, other: object) -> None:
    assert generation_of(one, ROW) != generation_of(other, ROW)


def test_a_generation_names_the_owner_but_nothing_else_of_the_row() -> None:
    expected = generation_of(NEWER, ROW)
    assert generation_of(NEWER, RowFacts(bot_id=8, user_id=3, status="running", description="x")) == expected
    assert generation_of(NEWER, RowFacts(bot_id=7, user_id=4)) != expected


def test_a_generation_stands_any_depth() -> None:
    nested: list[Any] = []
    for _ in range(50_000):
        nested = [nested]
    assert len(generation_of({"a": nested}, ROW)) == 16
    while nested:
        nested = nested[0]
