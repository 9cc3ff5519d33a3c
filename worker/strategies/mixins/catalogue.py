"""Which mixins a config may name."""

from __future__ import annotations

from collections.abc import Mapping

from worker.strategies.mixins.entry.bb_volume_supertrend import BBVolumeSuperTrendEntryMixin
from worker.strategies.mixins.entry.eom_breakout import EOMBreakoutEntryMixin
from worker.strategies.mixins.entry.eom_macd_breakout import EOMMAcdBreakoutEntryMixin
from worker.strategies.mixins.entry.eom_pullback import EOMPullbackEntryMixin
from worker.strategies.mixins.entry.rsi_bb import RSIBBEntryMixin
from worker.strategies.mixins.entry.rsi_bb_volume import RSIBBVolumeEntryMixin
from worker.strategies.mixins.entry.rsi_ichimoku import RSIIchimokuEntryMixin
from worker.strategies.mixins.entry.rsi_or_bb import RSIOrBBEntryMixin
from worker.strategies.mixins.entry.rsi_volume_supertrend import RSIVolumeSupertrendEntryMixin
from worker.strategies.mixins.exit.advanced_atr import AdvancedATRExitMixin
from worker.strategies.mixins.exit.atr import ATRExitMixin
from worker.strategies.mixins.exit.eom_breakdown import EOMBreakdownExitMixin
from worker.strategies.mixins.exit.eom_macd_breakdown import EOMMAcdBreakdownExitMixin
from worker.strategies.mixins.exit.eom_rejection import EOMRejectionExitMixin
from worker.strategies.mixins.exit.fixed_ratio import FixedRatioExitMixin
from worker.strategies.mixins.exit.ma_crossover import MACrossoverExitMixin
from worker.strategies.mixins.exit.multi_level_atr import MultiLevelAtrExitMixin
from worker.strategies.mixins.exit.rsi_bb import RSIBBExitMixin
from worker.strategies.mixins.exit.rsi_or_bb import RSIOrBBExitMixin
from worker.strategies.mixins.exit.simple_atr import SimpleATRExitMixin
from worker.strategies.mixins.exit.time_based import TimeBasedExitMixin
from worker.strategies.mixins.exit.trailing_stop import TrailingStopExitMixin
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin
from worker.strategies.parameters import Role

_ENTRIES: tuple[type[EntryMixin], ...] = (
    RSIBBEntryMixin,
    RSIOrBBEntryMixin,
    RSIBBVolumeEntryMixin,
    RSIIchimokuEntryMixin,
    RSIVolumeSupertrendEntryMixin,
    BBVolumeSuperTrendEntryMixin,
    EOMBreakoutEntryMixin,
    EOMMAcdBreakoutEntryMixin,
    EOMPullbackEntryMixin,
)
_EXITS: tuple[type[ExitMixin], ...] = (
    ATRExitMixin,
    SimpleATRExitMixin,
    AdvancedATRExitMixin,
    FixedRatioExitMixin,
    MACrossoverExitMixin,
    RSIBBExitMixin,
    RSIOrBBExitMixin,
    TimeBasedExitMixin,
    TrailingStopExitMixin,
    EOMBreakdownExitMixin,
    EOMMAcdBreakdownExitMixin,
    EOMRejectionExitMixin,
    MultiLevelAtrExitMixin,
)
ENTRIES: Mapping[str, type[EntryMixin]] = {cls.__name__: cls for cls in _ENTRIES}
EXITS: Mapping[str, type[ExitMixin]] = {cls.__name__: cls for cls in _EXITS}

UNAVAILABLE: Mapping[Role, tuple[str, ...]] = {"entry": ("HMMLSTMEntryMixin",), "exit": ()}
"""Mixins of the earlier service that are not here: they need trained models that it never shipped."""

ALIASES: Mapping[str, str] = {"BBVolumeSupertrendEntryMixin": "BBVolumeSuperTrendEntryMixin"}
"""Other spelling → name."""


def known(role: Role) -> Mapping[str, type[EntryMixin]] | Mapping[str, type[ExitMixin]]:
    """The mixins of one role by name."""
    return ENTRIES if role == "entry" else EXITS
