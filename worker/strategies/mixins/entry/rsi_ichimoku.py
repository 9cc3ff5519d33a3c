"""Low RSI above Ichimoku's cloud when the close rises above tenkan-sen."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.conditions import crosses_above
from worker.strategies.mixins.entry.rsi_bb import RSI, RSI_BLUEPRINT, RSI_OVERSOLD, RSI_PERIOD
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.mixins.pieces import indicator, period, unused
from worker.strategies.parameters import Parameter, Values

TENKAN = "entry_ichimoku_tenkan"
SPAN_A = "entry_ichimoku_senkou_a"
SPAN_B = "entry_ichimoku_senkou_b"


class RSIIchimokuEntryMixin(EntryMixin):
    """Close above both spans of the cloud in force, RSI ≤ rsi_oversold, close crossing above tenkan-sen; all three.

    The cloud in force at a bar is the one computed senkou_lead bars before it.
    """

    parameters = (
        RSI_PERIOD,
        RSI_OVERSOLD,
        period(
            "tenkan_period", 9, "bars of tenkan-sen", legacy="e_tenkan", forms=("e_tenkan_period", "e_ichimoku_tenkan")
        ),
        period("kijun_period", 26, "bars of kijun-sen", legacy="e_kijun", forms=("e_kijun_period", "e_ichimoku_kijun")),
        period("senkou_period", 52, "bars of senkou span B", legacy="e_senkou", forms=("e_senkou_period",)),
        Parameter(
            name="senkou_lead",
            kind="integer",
            default=26,
            minimum=0,
            maximum=10_000,
            meaning="bars by which the cloud is drawn ahead",
        ),
        unused("chikou", "the chikou span is not part of the rule"),
    )
    blueprint = (
        RSI_BLUEPRINT,
        indicator(
            "ICHIMOKU",
            {"tenkan_sen": TENKAN, "senkou_span_a": SPAN_A, "senkou_span_b": SPAN_B},
            tenkan="tenkan_period",
            kijun="kijun_period",
            senkou="senkou_period",
            lead="senkou_lead",
        ),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._oversold = float(values["rsi_oversold"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """RSI, tenkan-sen and both spans."""
        return (RSI, TENKAN, SPAN_A, SPAN_B)

    def should_enter(self, chart: Chart) -> bool:
        """All three parts on the current bar."""
        close = chart.now("close")
        return (
            close > chart.now(SPAN_A)
            and close > chart.now(SPAN_B)
            and chart.now(RSI) <= self._oversold
            and crosses_above(chart, "close", TENKAN)
        )

    def get_entry_reason(self) -> str:
        """The three parts."""
        return "RSI oversold above the cloud, close crossing above tenkan"
