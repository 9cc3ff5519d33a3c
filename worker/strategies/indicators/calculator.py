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
    output_synonyms: ClassVar[Mapping[str, str]] = {}
    """Other names of outputs in a config → the output."""
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


def period(name: str, meaning: str) -> Parameter:
    """The declaration of a number of bars that must be given."""
    return Parameter(name=name, kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning=meaning)


TIMEPERIOD = period("timeperiod", "number of bars")
