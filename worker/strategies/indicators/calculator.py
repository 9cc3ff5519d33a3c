"""What every calculator declares about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from worker.strategies.parameters import Parameter, Values


class Calculator(ABC):
    """An indicator as a running computation: values of one bar in, values of that bar out."""

    type_name: ClassVar[str]
    """Name in a config, e.g. `RSI`."""
    inputs: ClassVar[tuple[str, ...]]
    """Names of the columns it reads; `SERIES` for one series of the config's choice."""
    outputs: ClassVar[tuple[str, ...]]
    """Names of its results, in the order of `update`."""
    other_outputs: ClassVar[Mapping[str, str]] = {}
    """Other spelling of an output in a config → its name."""
    parameters: ClassVar[tuple[Parameter, ...]]
    """Everything `from_values` reads."""

    @classmethod
    @abstractmethod
    def from_values(cls, values: Values) -> Calculator:
        """A fresh calculator; `values` holds every parameter, checked."""

    @property
    @abstractmethod
    def lookback(self) -> int:
        """Bars a strategy waits for this indicator: its longest period."""

    @abstractmethod
    def update(self, *inputs: Any, **none: Any) -> tuple[float, ...]:
        """Take the next closed bar's value of each input; return one value per output, NaN while not valid."""


SERIES: tuple[str, ...] = ("series",)
MAXIMUM_PERIOD = 100_000
TIMEPERIOD = Parameter(name="timeperiod", kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning="number of bars")
