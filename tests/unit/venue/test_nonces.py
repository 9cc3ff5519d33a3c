"""Request numbers of one key rise over all processes of a host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ccxt.async_support
import pytest

from worker.venue.exchange.nonce import Nonces, count_together

NOW = 1_700_000_000_000


@pytest.fixture
def nonces(tmp_path: Path) -> Iterator[Nonces]:
    count = Nonces(tmp_path / "rates", "kraken", "key")
    yield count
    count.close()


def test_numbers_follow_the_clock_and_never_fall(nonces: Nonces) -> None:
    assert [nonces.next(present) for present in (NOW, NOW, NOW - 900, NOW + 5)] == [NOW, NOW + 1, NOW + 2, NOW + 5]


def test_two_clients_with_clocks_apart_count_together(nonces: Nonces, tmp_path: Path) -> None:
    other = Nonces(tmp_path / "rates", "kraken", "key")
    clients = [ccxt.async_support.kraken({"options": {"timeDifference": difference}}) for difference in (0, 800)]
    for client, count in zip(clients, (nonces, other), strict=True):
        count_together(client, count)

    numbers = [client.incrementing_nonce() for _ in range(20) for client in clients]

    other.close()
    assert numbers == sorted(set(numbers))


def test_another_key_has_a_count_of_its_own(nonces: Nonces, tmp_path: Path) -> None:
    nonces.next(NOW + 1000)
    other = Nonces(tmp_path / "rates", "kraken", "another")

    assert other.next(NOW) == NOW
    other.close()


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 7 + b"\x7f"])
def test_a_damaged_file_is_begun_anew(nonces: Nonces, tmp_path: Path, content: bytes) -> None:
    nonces.next(NOW)
    (file,) = (tmp_path / "rates").glob("*.nonce")
    file.write_bytes(content)

    assert nonces.next(NOW) == NOW
