"""Low RSI or a close at the lower Bollinger band."""

from __future__ import annotations

from worker.strategies.mixins.entry.rsi_bb import RSIBBEntryMixin


class RSIOrBBEntryMixin(RSIBBEntryMixin):
    """The RSI part or the band part, at most one signal per cooldown.

    RSI part: RSI ≤ rsi_oversold, or with rsi_cross the RSI rising above it on this bar. Band part: close at or below
    the lower band, or with bb_reentry close above it. A signal is a bar on which the answer was yes; one that the
    cooldown suppressed does not start it again.
    """

    def _together(self, rsi: bool, band: bool) -> bool:
        return rsi or band

    def _words(self, rsi: bool, band: bool) -> str:
        return " + ".join(["RSI oversold"] * rsi + ["lower band"] * band)
