"""RSI leaving its high zone or the close falling back below the upper band."""

from __future__ import annotations

from worker.strategies.mixins.exit.rsi_bb import RSIBBExitMixin


class RSIOrBBExitMixin(RSIBBExitMixin):
    """RSI falling from rsi_overbought or above to below it, or the close from the upper band or above to below it.

    Reason `rsi_or_bb_rsi_cross`, `rsi_or_bb_bb_cross` or `rsi_or_bb_rsi_cross_bb_cross`.
    """

    def _together(self, rsi: bool, band: bool) -> bool:
        return rsi or band

    def _words(self, rsi: bool, band: bool) -> str:
        return "_".join(["rsi_or_bb", *["rsi_cross"] * rsi, *["bb_cross"] * band])
