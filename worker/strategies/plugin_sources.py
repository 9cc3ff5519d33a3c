"""Where plugins are: installed packages (entry points) and folders of modules; nothing is imported by looking."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

ENTRY_POINT_GROUP = "botvisor.strategies"
_PACKAGE_PREFIX = "botvisor_plugins_"


@dataclass(frozen=True, slots=True)
class PluginSource:
    """One module or entry point."""

    name: str
    """The plugin file, or the installed package's entry point."""
    load: Callable[[], object]
    """Imports it, which runs its code; returns the module, or what the entry point names."""
    mentions: Callable[[str], bool]
    """Whether it seems to define the class of that name; true in doubt."""


def installed() -> Iterator[PluginSource]:
    """Entry points of installed packages, by name."""
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        yield PluginSource(f"{point.name} ({point.value})", point.load, _named_by(point))


def in_folder(folder: Path) -> Iterator[PluginSource]:
    """Modules and packages in `folder`, by name; test modules (`test_…`, `conftest`) are none."""
    package = _package(folder)
    for module in sorted(pkgutil.iter_modules([str(folder)]), key=lambda module: module.name):
        if module.name.startswith("test_") or module.name == "conftest":
            continue
        place = folder / module.name if module.ispkg else folder / f"{module.name}.py"
        yield PluginSource(str(place), _importer(f"{package}.{module.name}"), _written_in(place))


def sources(folders: Sequence[Path]) -> Iterable[PluginSource]:
    """All of them, installed ones first."""
    yield from installed()
    for folder in folders:
        yield from in_folder(folder)


def _named_by(point: EntryPoint) -> Callable[[str], bool]:
    return lambda name: not point.attr or point.attr == name


def _written_in(place: Path) -> Callable[[str], bool]:
    def mentions(name: str) -> bool:
        definition = re.compile(rf"\bclass\s+{re.escape(name)}\b")
        try:
            files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
            return any(definition.search(file.read_text(encoding="utf-8", errors="replace")) for file in files)
        except OSError:
            return True

    return mentions


def _package(folder: Path) -> str:
    """A package of its own for `folder`, so that its modules can import each other and shadow nobody else's."""
    name = _PACKAGE_PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    if name not in sys.modules:
        package = ModuleType(name, f"Strategy plugins of {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _importer(name: str) -> Callable[[], ModuleType]:
    def load() -> ModuleType:
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return load
