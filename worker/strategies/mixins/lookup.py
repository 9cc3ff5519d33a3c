"""The mixin a config names: a built-in one, else one of a plugin."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.strategies.mixins.catalogue import ALIASES, UNAVAILABLE, known
from worker.strategies.mixins.mixin import Mixin
from worker.strategies.parameters import Role
from worker.strategies.plugins import Discovery, seek


@dataclass(frozen=True, slots=True)
class MixinFinding:
    """A mixin class, or why there is none of that name and role."""

    mixin: type[Mixin] | None
    foreign: bool = False
    """Whether it is a plugin's."""
    rule: str = ""
    remedy: str = ""
    faults: tuple[str, ...] = ()
    """Plugins that could not be used and may hold it."""


def find_mixin(name: str, role: Role, plugin_dirs: Sequence[Path | str] = ()) -> MixinFinding:
    """The mixin `name` of `role`. Plugins are imported only when no built-in one has the name."""
    plain = ALIASES.get(name, name)
    other: Role = "exit" if role == "entry" else "entry"
    wrong_role = f"is an {other} mixin, {role}_logic needs an {role} mixin"
    built_in = known(role).get(plain)
    if built_in is not None:
        return MixinFinding(built_in)
    if plain in known(other):
        return MixinFinding(None, rule=wrong_role, remedy=f"known: {', '.join(known(role))}")
    discovery = seek(name, plugin_dirs)
    for found in discovery.mixins:
        if found.name == name and found.mixin.role == role:
            return MixinFinding(found.mixin, foreign=True)
        if found.name == name:
            return MixinFinding(None, rule=wrong_role, remedy=f"known: {', '.join(_names(role, discovery))}")
    return _unknown(name, role, discovery)


def _unknown(name: str, role: Role, discovery: Discovery) -> MixinFinding:
    names, faults = _names(role, discovery), tuple(map(str, discovery.faults))
    listed = f"known: {', '.join(names)}"
    if name in UNAVAILABLE[role]:
        return MixinFinding(None, rule="is not available in this version", remedy=listed, faults=faults)
    close = difflib.get_close_matches(name, names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return MixinFinding(None, rule=f"is not a known {role} mixin", remedy=meant + listed, faults=faults)


def _names(role: Role, discovery: Discovery) -> list[str]:
    return [*known(role), *(found.name for found in discovery.mixins if found.mixin.role == role)]
