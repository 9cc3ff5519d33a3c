"""What every exit rule has: its chart, how long it waits, and when it can answer."""

from __future__ import annotations

from collections.abc import Sequence

from reference.chart import Block, Chart
from reference.logic import Holding, Logic
from reference.recording import Row


class ExitRule:
    def __init__(self, logic: Logic, rows: Sequence[Row]) -> None:
        self.logic, self.rows = logic, rows
        self.chart = Chart(logic, rows, self.indicators(logic))
        self.lookback = max(self.chart.lookback, self.further_lookback())
        self.needed = self.reads()
        self.prepare()

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        """The rule's own indicators, in the form of the config."""
        return []

    def reads(self) -> list[str]:
        """Aliases whose value of the current bar the rule reads under its parameters; levels may be missing."""
        return []

    def further_lookback(self) -> int:
        """Bars of history needed beside the indicators' periods."""
        return 0

    def prepare(self) -> None:
        """Looks up the thresholds."""

    def begin(self, held: Holding) -> None:
        """A trade was opened: state of the one before is forgotten. Knows the bars through the decision only."""

    def reason(self, i: int, held: Holding) -> str | None:
        """Why to leave at the close of bar i, or None."""
        raise NotImplementedError

    def ready(self, i: int) -> bool:
        return self.chart.exists(i, self.needed)

    def before(self, name: str, i: int) -> float:
        return self.chart[name][i - 1]
