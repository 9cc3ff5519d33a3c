"""Calculators as indicators of backtrader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from worker.engine.backtrader_import import bt
from worker.strategies.indicators.calculator import Calculator


class Computed(bt.Indicator):  # type: ignore[misc]
    """Feeds a calculator once per bar, in backtrader's next mode, and keeps its values on lines.

    `indicator.lines[k][0]` is output k at the current bar, `[-1]` at the one before. It asks for no minimum
    period: the strategy is called from the first bar on, and NaN says that a value is not valid yet. How far lines
    reach back is the strategy's business (BotStrategy.qbuffer). Sources
    are lines of the data or of indicators made earlier, for backtrader computes indicators in their order.
    """

    lines: Any = ("first",)
    params = (("calculator", None), ("sources", ()))
    _nextforce = True  # a running computation has no vectorised form

    def __init__(self) -> None:
        super().__init__()
        self._update = self.p.calculator.update
        self._sources = tuple(self.p.sources)
        self._results = tuple(self.lines[k] for k in range(self.size()))

    def _next(self) -> None:
        # Replaces backtrader's own, which computes a bar again when another data ticks on the same bar: a
        # running computation must take each bar once. It also halves the time per bar.
        if len(self._clock) == len(self):
            return
        self.forward()
        for line, value in zip(self._results, self._update(*[source[0] for source in self._sources]), strict=True):
            line[0] = value


class ComputedPair(Computed):
    """The same for a calculator with two outputs; backtrader adds the lines named here to those it inherits."""

    lines: Any = ("second",)


class ComputedTriple(ComputedPair):
    """The same for a calculator with three outputs."""

    lines: Any = ("third",)


class ComputedQuintuple(ComputedTriple):
    """The same for a calculator with five outputs."""

    lines: Any = ("fourth", "fifth")


_BY_OUTPUTS: dict[int, type[Computed]] = {1: Computed, 2: ComputedPair, 3: ComputedTriple, 5: ComputedQuintuple}


def computed(data: Any, calculator: Calculator, sources: Sequence[Any]) -> Computed:
    """Attach `calculator` to the strategy under construction, in step with `data`, reading `sources`."""
    adapter: Any = _BY_OUTPUTS[len(calculator.outputs)]  # backtrader's metaclass reads the arguments, not __init__
    made: Computed = adapter(data, calculator=calculator, sources=sources)
    return made
