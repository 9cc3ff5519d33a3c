"""What a market takes: entries and exits are not bound by the same rules everywhere."""

from __future__ import annotations

from decimal import Decimal

from worker.risk.instrument import Instrument

RULES = {"amount_step": Decimal("0.001"), "min_amount": Decimal("0.002"), "min_cost": Decimal(5)}
CHEAP, TINY = Decimal("0.01"), Decimal("0.001")


def test_what_is_worth_less_than_an_order_can_be_sold_only_where_exits_may_be_small() -> None:
    spot, perpetual = Instrument(**RULES), Instrument(**RULES, small_exits=True)
    assert spot.too_little(CHEAP, Decimal(100))
    assert not perpetual.too_little(CHEAP, Decimal(100))
    assert perpetual.refuses(CHEAP, Decimal(100)) is not None, "an entry may not be that small"


def test_what_is_less_than_the_smallest_quantity_can_be_sold_nowhere() -> None:
    assert Instrument(**RULES, small_exits=True).too_little(TINY, Decimal(100_000))
