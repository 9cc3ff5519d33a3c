"""RSI leaving its high zone and the close falling back below the upper band."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import indicator, number, period, rsi_level
from worker.strategies.parameters import Values

RSI = "exit_rsi"
UPPER = "exit_bb_upper"


class RSIBBExitMixin(ExitMixin):
    """RSI falling from rsi_overbought or above to below it, and the close from the upper band or above to below it,
    both on this bar. Reason `rsi_bb_cross_exit`.
    """

    parameters = (
        period("rsi_period", 14, "bars of the RSI"),
        rsi_level("rsi_overbought", 70.0, "the RSI is high at or above this"),
        period("bb_period", 20, "bars of the bands"),
        number("bb_dev", 2.0, "width of the bands in standard deviations"),
    )
    blueprint = (
        indicator("RSI", {"rsi": RSI}, timeperiod="rsi_period"),
        indicator(
            "BBANDS",
            {"upperband": UPPER, "middleband": "exit_bb_middle", "lowerband": "exit_bb_lower"},
            timeperiod="bb_period",
            nbdevup="bb_dev",
            nbdevdn="bb_dev",
        ),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._overbought = float(values["rsi_overbought"])
        self._reason = ""

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """RSI and upper band."""
        return (RSI, UPPER)

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """The parts on the current bar."""
        rsi = chart.before(RSI) >= self._overbought > chart.now(RSI)
        band = chart.before("close") >= chart.before(UPPER) and chart.now("close") < chart.now(UPPER)
        self._reason = self._words(rsi, band)
        return self._together(rsi, band)

    def get_exit_reason(self) -> str:
        """The parts that held."""
        return self._reason

    def _together(self, rsi: bool, band: bool) -> bool:
        return rsi and band

    def _words(self, rsi: bool, band: bool) -> str:
        return "rsi_bb_cross_exit"
