"""Charts of two bars, written out, and what an exit rule says to them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from common.spec import LogicSpec
from worker.strategies.contract import OpenPosition
from worker.strategies.logic import read_exit
from worker.strategies.mixins.mixin import ExitMixin

NONE = math.nan
BAR_NUMBERS = itertools.count(1)
NOW = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class TwoBars:
    """A chart of two bars: name → (one bar ago, now)."""

    values: dict[str, tuple[float, float]] = field(default_factory=dict)
    number: int = 1
    time: datetime = NOW

    def now(self, name: str) -> float:
        return self.values[name][1]

    def before(self, name: str) -> float:
        return self.values[name][0]

    def lowest(self, name: str, bars: int) -> float:
        return min(self.values[name]) if bars == 2 else NONE


def a_rule(name: str, **parameters: Any) -> ExitMixin:
    mixin = read_exit(LogicSpec(name=name, logic_params=parameters)).mixin
    assert mixin is not None
    return mixin


def a_position(price: str = "100") -> OpenPosition:
    return OpenPosition(direction="long", size=Decimal(1), entry_price=Decimal(price), entry_time=NOW, entry_bar=1)


def leaves(mixin: ExitMixin, **values: tuple[float, float]) -> str | None:
    """The reason to leave at the second of two bars, which follow the last ones asked about."""
    chart = TwoBars(values, number=next(BAR_NUMBERS))
    mixin.on_bar(chart, a_position())
    return mixin.get_exit_reason() if mixin.should_exit(chart, a_position()) else None
