"""The entry rules of the reference, each a question about bar i of the whole recorded series."""

from __future__ import annotations

from collections.abc import Sequence

from reference.chart import Block
from reference.entries.movement import EomBreakout, EomMacdBreakout, EomPullback
from reference.entries.rsi_bands import RsiAndBands, RsiBandsVolume, RsiOrBands
from reference.entries.rule import EntryRule
from reference.entries.trend import BandsVolumeSupertrend, RsiIchimoku, RsiVolumeSupertrend
from reference.logic import Logic
from reference.recording import Row

ENTRIES: dict[str, type[EntryRule]] = {
    "RSIBBEntryMixin": RsiAndBands,
    "RSIOrBBEntryMixin": RsiOrBands,
    "RSIBBVolumeEntryMixin": RsiBandsVolume,
    "RSIIchimokuEntryMixin": RsiIchimoku,
    "RSIVolumeSupertrendEntryMixin": RsiVolumeSupertrend,
    "BBVolumeSuperTrendEntryMixin": BandsVolumeSupertrend,
    "EOMBreakoutEntryMixin": EomBreakout,
    "EOMMAcdBreakoutEntryMixin": EomMacdBreakout,
    "EOMPullbackEntryMixin": EomPullback,
}


def entry_rule(logic: Logic, rows: Sequence[Row]) -> EntryRule:
    return ENTRIES[logic.name](logic, rows)


def own_entry_indicators(logic: Logic) -> list[Block]:
    """What the entry computes when the config lists no indicators."""
    return ENTRIES[logic.name].indicators(logic)
