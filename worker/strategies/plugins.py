"""Strategies and mixins from outside: installed packages (entry points) and folders of modules.

Importing a plugin runs its code; only workers do that, never the supervisor.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from loguru import logger

from worker.strategies.contract import BotStrategy
from worker.strategies.declarations import fault_of
from worker.strategies.mixins.catalogue import ALIASES, ENTRIES, EXITS
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin, Mixin

ROOTS = (BotStrategy, EntryMixin, ExitMixin)
BUILT_IN_MIXINS = frozenset((*ENTRIES, *EXITS, *ALIASES))
ENTRY_POINT_GROUP = "botvisor.strategies"
_PACKAGE_PREFIX = "botvisor_plugins_"


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
    that cannot be imported is a fault and hides no other. Test modules (`test_…`, `conftest`) are no plugins.
    """
    gathering = _Gathering()
    for source, load in (*_installed(), *_in_folders(folders, gathering.faults)):
        logger.trace("importing plugin {}", source)
        try:
            candidates = load()
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - foreign code may raise anything
            gathering.faults.append(Fault(source, f"{type(failure).__name__}: {failure}"))
            continue
        for candidate in candidates:
            gathering.take(candidate, source)
    return gathering.discovery()


class _Gathering:
    """Classes found so far, each under the first source of its name."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._strategies: dict[str, Found] = {}
        self._mixins: dict[str, FoundMixin] = {}

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


_Load = Callable[[], Iterable[type]]


def _installed() -> Iterator[tuple[str, _Load]]:
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        yield f"{point.name} ({point.value})", _loader(point)


def _loader(point: EntryPoint) -> _Load:
    def load() -> list[type]:
        target = point.load()
        if isinstance(target, ModuleType):
            return _defined_in(target)
        if isinstance(target, type) and issubclass(target, ROOTS):
            return [target]
        raise TypeError(f"{point.value} is neither a module nor a subclass of BotStrategy, EntryMixin or ExitMixin")

    return load


def _in_folders(folders: Sequence[Path | str], faults: list[Fault]) -> Iterator[tuple[str, _Load]]:
    for folder in (Path(folder).resolve() for folder in folders):
        if not folder.is_dir():
            faults.append(Fault(str(folder), "the folder does not exist"))
            continue
        package = _package(folder)
        for module in sorted(pkgutil.iter_modules([str(folder)]), key=lambda module: module.name):
            if module.name.startswith("test_") or module.name == "conftest":
                continue
            place = folder / module.name if module.ispkg else folder / f"{module.name}.py"
            yield str(place), _importer(f"{package}.{module.name}")


def _package(folder: Path) -> str:
    """A package of its own for `folder`, so that its modules can import each other and shadow nobody else's."""
    name = _PACKAGE_PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    if name not in sys.modules:
        package = ModuleType(name, f"Strategy plugins of {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _importer(name: str) -> _Load:
    def load() -> list[type]:
        importlib.invalidate_caches()
        return _defined_in(importlib.import_module(name))

    return load


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
