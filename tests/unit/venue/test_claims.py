"""Which order is whose, where the exchange does not tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.venue.exchange.claims import Claims


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Claims]]:
    claims = [Claims(tmp_path, "luno", "key", "BTC/EUR") for _ in range(2)]
    yield claims
    for each in claims:
        each.close()


def test_an_order_is_of_the_one_who_claims_it_first_and_stays(two: list[Claims]) -> None:
    assert two[0].claim("x1", "a")
    assert not two[1].claim("x1", "b")
    assert two[1].claim("x1", "a")
    assert two[1].of_others("b") == {"x1"}
    assert two[1].of_others("a") == set()


def test_the_file_does_not_grow_for_ever_and_keeps_the_latest(two: list[Claims], tmp_path: Path) -> None:
    (file,) = tmp_path.glob("*.orders")
    file.write_text("".join(f"x{number}\t{'a' * 40}\n" for number in range(9000)))

    assert two[0].claim("new", "b")

    assert file.stat().st_size < 250_000
    assert {"new", "x8999"} <= two[1].of_others("c")
