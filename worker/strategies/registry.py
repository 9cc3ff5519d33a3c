"""Strategy types: the built-in one and those of plugins, looked up by the name in a config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from worker.strategies.contract import BotStrategy
from worker.strategies.custom import CustomStrategy
from worker.strategies.plugins import Discovery, Fault, Found, discover, seek

FALLBACK = CustomStrategy.__name__
BUILT_IN = Found(FALLBACK, CustomStrategy, "built in")


@dataclass(frozen=True, slots=True)
class LoadedStrategy:
    """The class that will decide for a bot."""

    cls: type[BotStrategy]
    name: str
    """The type that runs; it differs from the one asked for when `fallback`."""
    fallback: bool
    """The type asked for is unknown and CustomStrategy stands in."""
    warnings: tuple[str, ...]
    """What an operator should know: the fallback, and plugins that could not be read."""


def find(type_name: str, plugin_dirs: Sequence[Path | str] = ()) -> LoadedStrategy:
    """The strategy of that type. Plugins are imported only when it is not built in, and no more than needed."""
    if type_name == FALLBACK:
        return LoadedStrategy(CustomStrategy, FALLBACK, False, ())
    discovery = _with_built_in(seek(type_name, plugin_dirs))
    for found in discovery.found:
        if found.name == type_name:
            return LoadedStrategy(found.strategy, found.name, False, ())
    return LoadedStrategy(CustomStrategy, FALLBACK, True, (_unknown(type_name, discovery), *map(str, discovery.faults)))


def load(type_name: str, plugin_dirs: Sequence[Path | str] = ()) -> LoadedStrategy:
    """The same, telling the log: an unknown type is an error and the fallback a warning."""
    loaded = find(type_name, plugin_dirs)
    if loaded.fallback:
        unknown, *faults = loaded.warnings
        logger.error("{}", unknown)
        for fault in faults:
            logger.warning("{}", fault)
        logger.warning("strategy type {} is replaced by {}", type_name, FALLBACK)
    return loaded


def everything(plugin_dirs: Sequence[Path | str] = ()) -> Discovery:
    """Every strategy type, the built-in one first, the mixins of plugins, and the plugins that could not be used."""
    return _with_built_in(discover(plugin_dirs))


def _with_built_in(discovery: Discovery) -> Discovery:
    foreign = tuple(found for found in discovery.found if found.name != FALLBACK)
    taken = tuple(
        Fault(found.source, f"{FALLBACK} is built in and cannot be replaced")
        for found in discovery.found
        if found.name == FALLBACK
    )
    return Discovery((BUILT_IN, *foreign), (*discovery.faults, *taken), discovery.mixins)


def _unknown(type_name: str, discovery: Discovery) -> str:
    known = ", ".join(found.name for found in discovery.found)
    return f"unknown strategy type {type_name}; known: {known}"
