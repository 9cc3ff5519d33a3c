"""An operator's word that a position is gone: it reaches the worker, or whoever said it hears why not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fleet_world import Fleet

from common.wire.messages import WriteOff


def test_the_word_reaches_the_worker_of_that_bot(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    fleet.born()
    assert "pid" in fleet.requests.answer({"do": "write_off", "bot": 7, "price": "80.5"})
    assert [word.price for word in fleet.wire.told(WriteOff)] == [Decimal("80.5")]


def test_a_bot_without_a_worker_is_told_of(fleet: Fleet) -> None:
    fleet.start()
    assert "no worker now" in fleet.requests.answer({"do": "write_off", "bot": 7, "price": "1"})["error"]


@pytest.mark.parametrize("price", ["much", "-1", "NaN", "Infinity"])
def test_what_is_no_price_is_refused(fleet: Fleet, price: str) -> None:
    fleet.start()
    with pytest.raises(ValueError, match="price"):
        fleet.requests.answer({"do": "write_off", "bot": 7, "price": price})
