"""An entry or exit logic of a config, read into a mixin and the indicators it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from common.spec import LogicSpec
from common.spec.problems import Problem, error, missing, warning
from worker.strategies.blueprint import Blueprint, draw, references
from worker.strategies.mixins.catalogue import ALIASES, ENTRIES, EXITS, why_not
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin, Mixin
from worker.strategies.parameters import Resolution, Role, resolve

AnyMixin = TypeVar("AnyMixin", bound=Mixin)


@dataclass(frozen=True, slots=True)
class LogicReading(Generic[AnyMixin]):
    """What a logic says; `mixin` is None when there is an error."""

    mixin: AnyMixin | None
    blueprint: Blueprint
    lookback: int
    """Bars to wait for the indicators the mixin reads."""
    problems: tuple[Problem, ...]


def read_entry(logic: LogicSpec | None) -> LogicReading[EntryMixin]:
    """The entry logic of CustomStrategy, every problem at once."""
    return _read(logic, "entry", ENTRIES)


def read_exit(logic: LogicSpec | None) -> LogicReading[ExitMixin]:
    """The exit logic of CustomStrategy, every problem at once."""
    return _read(logic, "exit", EXITS)


def _read(logic: LogicSpec | None, role: Role, registry: Mapping[str, type[AnyMixin]]) -> LogicReading[AnyMixin]:
    path = f"strategy.parameters.{role}_logic"
    if logic is None:
        return _broken(missing(path, f"CustomStrategy needs it, with the name of an {role} mixin", _listed(registry)))
    mixin_class = registry.get(ALIASES.get(logic.name, logic.name))
    if mixin_class is None:
        return _broken(error(f"{path}.name", logic.name, *why_not(logic.name, role)))
    resolution = resolve(mixin_class.parameters, logic, role, path, references(logic.indicators))
    known = {**logic.logic_params, **resolution.values}
    own = mixin_class.blueprint_for(resolution.values)
    blueprint = draw(logic.indicators or own, known, f"{path}.indicators")
    required = mixin_class.required(resolution.values)
    problems = [
        *resolution.problems,
        *_without_effect(own, logic, resolution),
        *blueprint.problems,
        *(_alias_missing(path, mixin_class, alias) for alias in required if alias not in blueprint.claimed),
    ]
    if any(problem.severity == "error" for problem in problems):
        return LogicReading(None, blueprint, 0, tuple(problems))
    mixin = mixin_class(resolution.values)
    # A list of the config may compute more than the rule reads; its own blueprint counts as a whole.
    periods = blueprint.lookback(required) if logic.indicators else blueprint.longest()
    lookback = max(periods, mixin_class.history_needed(resolution.values))
    return LogicReading(mixin, blueprint, lookback, tuple(problems))


def _broken(problem: Problem) -> LogicReading[AnyMixin]:
    return LogicReading(None, Blueprint(), 0, (problem,))


def _listed(registry: Mapping[str, type[Mixin]]) -> str:
    return f"known: {', '.join(registry)}"


def _alias_missing(path: str, mixin_class: type[Mixin], alias: str) -> Problem:
    rule = f"{mixin_class.__name__} reads the alias {alias} and no indicator gives it"
    return missing(f"{path}.indicators", rule, f"map an output to {alias} in a fields_mapping, or leave the list out")


def _without_effect(own: Sequence[Mapping[str, Any]], logic: LogicSpec, resolution: Resolution) -> list[Problem]:
    """Parameters that only the mixin's own indicators would read, given beside a list that does not refer to them."""
    if not logic.indicators:
        return []
    idle = references(own) - references(logic.indicators)
    rule = "has no effect, the indicators list sets its own values and does not refer to it"
    return [warning(path, resolution.values[name], rule) for name, path in resolution.written.items() if name in idle]
