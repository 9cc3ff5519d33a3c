"""CustomStrategy: an entry mixin and an exit mixin, asked once per closed bar."""

from __future__ import annotations

import math
from typing import Any

from loguru import logger

from common.errors import ConfigurationError
from worker.strategies.contract import BotStrategy, OpenPosition
from worker.strategies.live_chart import LiveChart
from worker.strategies.logic import read_entry, read_exit
from worker.strategies.mixins.mixin import Mixin


class CustomStrategy(BotStrategy):
    """Long only, one position at a time: enters on the entry mixin's signal, leaves on the exit mixin's.

    Raises ConfigurationError, naming every mistake, when the logics of the spec cannot be built.
    """

    def __init__(self) -> None:
        super().__init__()
        plugins = self.p.plugin_dirs
        entry, leaving = read_entry(self.spec.strategy.entry, plugins), read_exit(self.spec.strategy.exit, plugins)
        problems = (*entry.problems, *leaving.problems)
        if entry.mixin is None or leaving.mixin is None:
            raise ConfigurationError("; ".join(p.message for p in problems if p.severity == "error"))
        self._entry, self._exit = entry.mixin, leaving.mixin
        self._entry_chart = LiveChart(self.data, self.desk, entry.blueprint.plans)
        self._exit_chart = LiveChart(self.data, self.desk, leaving.blueprint.plans)
        self._lookback = max(entry.lookback, leaving.lookback)

    def on_bar(self) -> None:
        """Once warm and with no order waiting, ask the mixin whose turn it is. The engine has marked the equity."""
        desk = self.desk
        if desk.bar_number + 1 <= self._lookback or not self._ready() or desk.pending:
            return
        position = desk.position
        if position is None:
            self._consider_entry()
        else:
            self._consider_exit(position)

    def on_entry(self, position: OpenPosition) -> None:
        """Tell the exit mixin about the trade."""
        entry_price, size = float(position.entry_price), float(position.size)
        self._exit.on_entry(self._exit_chart, entry_price, position.entry_time, size, position.direction)

    def on_exit(self, reason: str) -> None:
        """The exit mixin forgets the trade."""
        self._exit.reset()

    def state(self) -> dict[str, Any]:
        """The memory of both mixins, each under its name."""
        return {part: {"mixin": mixin.name, "memory": mixin.state()} for part, mixin in self._parts().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Give the mixins their memory back; that of a mixin which the config no longer names is left out."""
        for part, mixin in self._parts().items():
            saved = state.get(part) or {}
            if saved.get("mixin") == mixin.name:
                mixin.restore(saved["memory"])

    def _parts(self) -> dict[str, Mixin]:
        return {"entry": self._entry, "exit": self._exit}

    def _ready(self) -> bool:
        """Whether every value that the two mixins read of this bar exists."""
        return not any(
            math.isnan(chart.now(alias))
            for mixin, chart in ((self._entry, self._entry_chart), (self._exit, self._exit_chart))
            for alias in mixin.awaited()
        )

    def _consider_entry(self) -> None:
        try:
            wanted = self._entry.should_enter(self._entry_chart)
        except Exception as error:  # noqa: BLE001 - a rule that fails must not stop the bot, it counts as "no"
            self._failed("should_enter", self._entry, error)
            return
        if wanted:
            self.desk.enter(self._entry.get_entry_reason())

    def _consider_exit(self, position: OpenPosition) -> None:
        try:
            self._exit.on_bar(self._exit_chart, position)
            wanted = self._exit.should_exit(self._exit_chart, position)
        except Exception as error:  # noqa: BLE001 - a rule that fails must not stop the bot, it counts as "no"
            self._failed("should_exit", self._exit, error)
            return
        if wanted:
            self.desk.leave(self._exit.get_exit_reason())

    def _failed(self, question: str, mixin: Mixin, error: Exception) -> None:
        logger.exception(
            "{}.{} failed at bar {} ({}); counted as no", mixin.name, question, self.desk.bar_number, self.desk.bar_time
        )
        self.desk.report_failure(f"{mixin.name}.{question}", error)
