"""Strategies and mixins of plugins.

Importing a plugin runs its code; only workers do that, never the supervisor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from loguru import logger

from worker.strategies.contract import BotStrategy
from worker.strategies.declarations import fault_of
from worker.strategies.mixins.catalogue import ALIASES, ENTRIES, EXITS
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin, Mixin
from worker.strategies.plugin_sources import PluginSource, sources

ROOTS = (BotStrategy, EntryMixin, ExitMixin)
BUILT_IN_MIXINS = frozenset((*ENTRIES, *EXITS, *ALIASES))


@dataclass(frozen=True, slots=True)
class Found:
    """A strategy class and where it comes from."""

    name: str
    strategy: type[BotStrategy]
    source: str
    """The plugin file, or the installed package's entry point."""


@dataclass(frozen=True, slots=True)
class FoundMixin:
    """A mixin class and where it comes from."""

    name: str
    mixin: type[Mixin]
    source: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A plugin that could not be used."""

    source: str
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.source} is left out: {self.reason}"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the plugins hold."""

    found: tuple[Found, ...]
    """Strategy types."""
    faults: tuple[Fault, ...]
    mixins: tuple[FoundMixin, ...] = ()


def discover(folders: Sequence[Path | str] = ()) -> Discovery:
    """Import every plugin, installed ones first, then every module of every folder by name.

    Every subclass of BotStrategy, EntryMixin and ExitMixin that a module defines counts, by its class name, unless
    the name begins with an underscore. The first of a name wins, and names of built-in mixins are taken. A plugin
    that cannot be imported is a fault and hides no other.
    """
    gathering = _Gathering()
    for source in sources(_existing(folders, gathering)):
        gathering.load(source)
    return gathering.discovery()


def seek(name: str, folders: Sequence[Path | str] = ()) -> Discovery:
    """What `discover` finds, but no more plugins are imported than it takes to find the class `name`.

    Those that seem to define it are imported first: a plugin that hangs or ends the process while it is imported
    harms the bots that use it, and not those of the plugins beside it.
    """
    gathering = _Gathering()
    rest = []
    for source in sources(_existing(folders, gathering)):
        if not source.mentions(name):
            rest.append(source)
            continue
        gathering.load(source)
        if gathering.has(name):
            return gathering.discovery()
    for source in rest:
        gathering.load(source)
    return gathering.discovery()


def _existing(folders: Sequence[Path | str], gathering: _Gathering) -> list[Path]:
    resolved = [Path(folder).resolve() for folder in folders]
    gathering.faults += [Fault(str(folder), "the folder does not exist") for folder in resolved if not folder.is_dir()]
    return [folder for folder in resolved if folder.is_dir()]


class _Gathering:
    """Classes found so far, each under the first source of its name."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._strategies: dict[str, Found] = {}
        self._mixins: dict[str, FoundMixin] = {}

    def has(self, name: str) -> bool:
        """Whether a class of that name was found."""
        return name in self._strategies or name in self._mixins

    def load(self, source: PluginSource) -> None:
        """Import one plugin and take its classes."""
        logger.trace("importing plugin {}", source.name)
        try:
            candidates = _classes_of(source.load(), source.name)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - foreign code may raise anything
            self.faults.append(Fault(source.name, f"{type(failure).__name__}: {failure}"))
            return
        for candidate in candidates:
            self.take(candidate, source.name)

    def take(self, candidate: type, source: str) -> None:
        """One more class; what is wrong with it is a fault of its source."""
        name = candidate.__name__
        earlier = self._strategies.get(name) or self._mixins.get(name)
        if earlier is not None:
            self.faults.append(Fault(source, f"{name} is already defined by {earlier.source}"))
        elif name in BUILT_IN_MIXINS:
            self.faults.append(Fault(source, f"{name} is built in and cannot be replaced"))
        elif fault := fault_of(candidate):
            self.faults.append(Fault(source, fault))
        elif issubclass(candidate, Mixin):
            self._mixins[name] = FoundMixin(name, candidate, source)
        elif issubclass(candidate, BotStrategy):
            self._strategies[name] = Found(name, candidate, source)

    def discovery(self) -> Discovery:
        """Everything."""
        return Discovery(tuple(self._strategies.values()), tuple(self.faults), tuple(self._mixins.values()))


def _classes_of(target: object, source: str) -> list[type]:
    """The classes that a module defines, or the one class that an entry point names."""
    if isinstance(target, ModuleType):
        return _defined_in(target)
    if isinstance(target, type) and issubclass(target, ROOTS):
        return [target]
    raise TypeError(f"{source} is neither a module nor a subclass of BotStrategy, EntryMixin or ExitMixin")


def _defined_in(module: ModuleType) -> list[type]:
    prefix = f"{module.__name__}."
    return [
        value
        for name, value in sorted(vars(module).items())
        if isinstance(value, type)
        and issubclass(value, ROOTS)
        and name == value.__name__
        and not name.startswith("_")
        and (value.__module__ == module.__name__ or value.__module__.startswith(prefix))
    ]
