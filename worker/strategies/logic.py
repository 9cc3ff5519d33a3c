"""An entry or exit logic of a config, read into a mixin and the indicators it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from loguru import logger

from common.spec import LogicSpec
from common.spec.problems import Problem, error, missing, warning
from worker.strategies.blueprint import Blueprint, draw, references
from worker.strategies.mixins.catalogue import known
from worker.strategies.mixins.lookup import find_mixin
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin, Mixin
from worker.strategies.parameters import Resolution, Role, resolve

AnyMixin = TypeVar("AnyMixin", bound=Mixin)
PluginDirs = Sequence[Path | str]


@dataclass(frozen=True, slots=True)
class LogicReading(Generic[AnyMixin]):
    """What a logic says; `mixin` is None when there is an error."""

    mixin: AnyMixin | None
    blueprint: Blueprint
    lookback: int
    """Bars to wait for the indicators the mixin reads."""
    problems: tuple[Problem, ...]


def read_entry(logic: LogicSpec | None, plugin_dirs: PluginDirs = ()) -> LogicReading[EntryMixin]:
    """The entry logic of CustomStrategy, every problem at once."""
    return _read(logic, "entry", plugin_dirs)


def read_exit(logic: LogicSpec | None, plugin_dirs: PluginDirs = ()) -> LogicReading[ExitMixin]:
    """The exit logic of CustomStrategy, every problem at once."""
    return _read(logic, "exit", plugin_dirs)


def _read(logic: LogicSpec | None, role: Role, plugin_dirs: PluginDirs) -> LogicReading[AnyMixin]:
    path = f"strategy.parameters.{role}_logic"
    if logic is None:
        rule = f"CustomStrategy needs it, with the name of an {role} mixin"
        return _broken(missing(path, rule, f"known: {', '.join(known(role))}"))
    finding = find_mixin(logic.name, role, plugin_dirs)
    if finding.mixin is None:
        suspects = (warning(f"{path}.name", logic.name, f"may be the cause: {fault}") for fault in finding.faults)
        return _broken(error(f"{path}.name", logic.name, finding.rule, finding.remedy), *suspects)
    mixin_class = cast("type[AnyMixin]", finding.mixin)
    if not finding.foreign:
        return _read_as(mixin_class, logic, role, path)
    try:
        return _read_as(mixin_class, logic, role, path)
    except Exception as failure:  # noqa: BLE001 - a plugin may raise anything
        logger.exception("the mixin {} cannot be made", logic.name)
        rule = f"the plugin's mixin could not be made: {type(failure).__name__}: {failure}"
        return _broken(error(f"{path}.name", logic.name, rule))


def _read_as(mixin_class: type[AnyMixin], logic: LogicSpec, role: Role, path: str) -> LogicReading[AnyMixin]:
    resolution = resolve(mixin_class.parameters, logic, role, path, references(logic.indicators))
    params = {**logic.logic_params, **resolution.values}
    own = mixin_class.blueprint_for(resolution.values)
    blueprint = draw(logic.indicators or own, params, f"{path}.indicators")
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


def _broken(*problems: Problem) -> LogicReading[AnyMixin]:
    return LogicReading(None, Blueprint(), 0, problems)


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
