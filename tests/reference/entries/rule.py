"""What every entry rule has: its chart, how long it waits, and when it can answer."""

from __future__ import annotations

from collections.abc import Sequence

from reference.chart import Block, Chart
from reference.logic import Logic
from reference.recording import Row


class EntryRule:
    def __init__(self, logic: Logic, rows: Sequence[Row]) -> None:
        self.logic = logic
        self.chart = Chart(logic, rows, self.indicators(logic))
        self.lookback = self.chart.lookback
        self.needed = self.reads()
        self.prepare()

    @staticmethod
    def indicators(logic: Logic) -> list[Block]:
        """The rule's own indicators, in the form of the config."""
        raise NotImplementedError

    def reads(self) -> list[str]:
        """Aliases whose value of the current bar the rule reads under its parameters; levels may be missing."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Looks up the thresholds."""
        raise NotImplementedError

    def should_enter(self, i: int) -> bool:
        raise NotImplementedError

    def ready(self, i: int) -> bool:
        return self.chart.exists(i, self.needed)

    def before(self, name: str, i: int) -> float:
        """The value of the previous bar; only asked after the warm-up, when there is one."""
        return self.chart[name][i - 1] if i > 0 else float("nan")
