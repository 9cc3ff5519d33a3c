"""Which mixins a config may name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from worker.strategies.mixins.entry.rsi_bb_volume import RSIBBVolumeEntryMixin
from worker.strategies.mixins.entry.rsi_or_bb import RSIOrBBEntryMixin
from worker.strategies.mixins.exit.atr import ATRExitMixin
from worker.strategies.mixins.exit.fixed_ratio import FixedRatioExitMixin
from worker.strategies.mixins.exit.time_based import TimeBasedExitMixin
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin
from worker.strategies.parameters import Role

ENTRIES: Mapping[str, type[EntryMixin]] = {cls.__name__: cls for cls in (RSIBBVolumeEntryMixin, RSIOrBBEntryMixin)}
EXITS: Mapping[str, type[ExitMixin]] = {
    cls.__name__: cls for cls in (ATRExitMixin, FixedRatioExitMixin, TimeBasedExitMixin)
}

UNAVAILABLE: Mapping[Role, tuple[str, ...]] = {
    "entry": (
        "RSIBBEntryMixin",
        "RSIIchimokuEntryMixin",
        "RSIVolumeSupertrendEntryMixin",
        "BBVolumeSuperTrendEntryMixin",
        "EOMBreakoutEntryMixin",
        "EOMMAcdBreakoutEntryMixin",
        "EOMPullbackEntryMixin",
        "HMMLSTMEntryMixin",
    ),
    "exit": (
        "SimpleATRExitMixin",
        "AdvancedATRExitMixin",
        "MACrossoverExitMixin",
        "RSIBBExitMixin",
        "RSIOrBBExitMixin",
        "TrailingStopExitMixin",
        "EOMBreakdownExitMixin",
        "EOMMAcdBreakdownExitMixin",
        "EOMRejectionExitMixin",
        "MultiLevelAtrExitMixin",
    ),
}
"""Mixins of the earlier service that this version does not have."""

ALIASES: Mapping[str, str] = {"BBVolumeSupertrendEntryMixin": "BBVolumeSuperTrendEntryMixin"}
"""Other spelling → name."""


def known(role: Role) -> Mapping[str, type[EntryMixin]] | Mapping[str, type[ExitMixin]]:
    """The mixins of one role by name."""
    return ENTRIES if role == "entry" else EXITS


def why_not(name: str, role: Role) -> tuple[str, str]:
    """Rule and remedy for a `name` that is no mixin of `role` here."""
    other: Role = "exit" if role == "entry" else "entry"
    listed = f"known: {', '.join(known(role))}"
    plain = ALIASES.get(name, name)
    if plain in UNAVAILABLE[role]:
        return "is not available in this version", listed
    if plain in known(other) or plain in UNAVAILABLE[other]:
        return f"is an {other} mixin, {role}_logic needs an {role} mixin", listed
    close = difflib.get_close_matches(name, known(role), n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"is not a known {role} mixin", meant + listed
