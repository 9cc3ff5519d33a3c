"""A fixed gain or loss relative to the entry price."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.parameters import Form, Parameter, Values


class FixedRatioExitMixin(ExitMixin):
    """(close - entry) / entry ≥ take_profit → `take_profit`; ≤ -stop_loss → `stop_loss`. Fractions: 0.05 is 5 %."""

    parameters = (
        Parameter(
            name="take_profit",
            kind="number",
            default=0.1,
            minimum=0,
            plausible_maximum=1,
            forms=(Form(name="x_take_profit_pct", divisor=100.0),),
            meaning="gain as a fraction of the entry price, 0.1 is 10 %",
        ),
        Parameter(
            name="stop_loss",
            kind="number",
            default=0.05,
            minimum=0,
            plausible_maximum=1,
            forms=(Form(name="x_stop_loss_pct", divisor=100.0),),
            meaning="loss as a fraction of the entry price, 0.05 is 5 %",
        ),
        Parameter(
            name="use_trailing_stop", kind="flag", meaning="", unused="TrailingStopExitMixin is the rule that trails"
        ),
        Parameter(
            name="trail_percent", kind="number", meaning="", unused="TrailingStopExitMixin is the rule that trails"
        ),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._take_profit = float(values["take_profit"])
        self._stop_loss = float(values["stop_loss"])
        self._reason = ""

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Gain or loss of the close against the entry price."""
        entry = float(position.entry_price)
        ratio = (chart.now("close") - entry) / entry
        if ratio >= self._take_profit:
            self._reason = "take_profit"
        elif ratio <= -self._stop_loss:
            self._reason = "stop_loss"
        else:
            return False
        return True

    def get_exit_reason(self) -> str:
        """`take_profit` or `stop_loss`."""
        return self._reason
