"""What entry and exit rules have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.parameters import Parameter, Role, Values


class Mixin(ABC):
    """A rule with parameters, made for one bot."""

    role: ClassVar[Role]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    blueprint: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """The indicators it computes when the config lists none, in the config's own form."""

    def __init__(self, values: Values) -> None:
        """`values` holds every declared parameter, checked."""
        self.values = values

    @property
    def name(self) -> str:
        """The name in a config."""
        return type(self).__name__

    @classmethod
    def blueprint_for(cls, values: Values) -> tuple[Mapping[str, Any], ...]:
        """The blueprint under these parameters."""
        return cls.blueprint

    @classmethod
    def history_needed(cls, values: Values) -> int:
        """Bars it waits for beyond what its indicators need."""
        return 0

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Aliases that the rule reads under these parameters."""
        return ()

    def awaited(self) -> tuple[str, ...]:
        """Aliases whose value must exist at the current bar before the rule is asked."""
        return self.required(self.values)

    def state(self) -> dict[str, Any]:
        """What the next life needs, as JSON values; floats as `repr`, which reads back to the same bits."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - most rules remember nothing
        """Take back what `state` returned."""


class EntryMixin(Mixin):
    """When to go long."""

    role = "entry"

    @abstractmethod
    def should_enter(self, chart: Chart) -> bool:
        """Whether the current closed bar is a signal. Asked only while flat, with no order waiting."""

    @abstractmethod
    def get_entry_reason(self) -> str:
        """Why, after `should_enter` said yes."""


class ExitMixin(Mixin):
    """When to close the trade."""

    role = "exit"

    def on_entry(
        self, chart: Chart, entry_price: float, entry_time: datetime, size: float, direction: Literal["long", "short"]
    ) -> None:
        """A trade begins: forget the last one.

        Indicator values of `chart` are those of the decision bar, the last one closed before the fill; its columns
        are of no use here. Values may be NaN for a position that is found open at start.
        """

    def on_bar(self, chart: Chart, position: OpenPosition) -> None:
        """Take in a closed bar of the open trade, the bar of the entry fill included."""

    @abstractmethod
    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Whether to close at this bar; asked after `on_bar`."""

    @abstractmethod
    def get_exit_reason(self) -> str:
        """Why, after `should_exit` said yes."""

    def reset(self) -> None:
        """The trade is over."""
