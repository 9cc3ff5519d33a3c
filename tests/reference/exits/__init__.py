"""The exit rules of the reference: told of each entry, then asked once at the close of every bar of the trade."""

from __future__ import annotations

from collections.abc import Sequence

from reference.chart import Block
from reference.exits.advanced_atr import AdvancedAtr
from reference.exits.atr import AtrStop, MultiLevelAtr, SimpleAtr
from reference.exits.crossings import MovingAverages, RsiAndBands, RsiOrBands
from reference.exits.movement import EomBreakdown, EomMacdBreakdown, EomRejection
from reference.exits.rule import ExitRule
from reference.exits.thresholds import FixedRatio, TimeLimit, TrailingStop
from reference.logic import Logic
from reference.recording import Row

EXITS: dict[str, type[ExitRule]] = {
    "ATRExitMixin": AtrStop,
    "SimpleATRExitMixin": SimpleAtr,
    "AdvancedATRExitMixin": AdvancedAtr,
    "FixedRatioExitMixin": FixedRatio,
    "MACrossoverExitMixin": MovingAverages,
    "RSIBBExitMixin": RsiAndBands,
    "RSIOrBBExitMixin": RsiOrBands,
    "TimeBasedExitMixin": TimeLimit,
    "TrailingStopExitMixin": TrailingStop,
    "EOMBreakdownExitMixin": EomBreakdown,
    "EOMMAcdBreakdownExitMixin": EomMacdBreakdown,
    "EOMRejectionExitMixin": EomRejection,
    "MultiLevelAtrExitMixin": MultiLevelAtr,
}


def exit_rule(logic: Logic, rows: Sequence[Row]) -> ExitRule:
    return EXITS[logic.name](logic, rows)


def own_exit_indicators(logic: Logic) -> list[Block]:
    """What the exit computes when the config lists no indicators."""
    return EXITS[logic.name].indicators(logic)
