"""Whether a bot's strategy can run: its type, its mixins, their parameters. May run plugin code; only a worker does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from common.errors import ConfigurationError
from common.spec import BotSpec, Problem
from common.spec.problems import error, warning
from worker.strategies.contract import PARAMETERS, BotStrategy, higher_timeframes, read_parameters
from worker.strategies.custom import CustomStrategy
from worker.strategies.logic import read_entry, read_exit
from worker.strategies.registry import FALLBACK, LoadedStrategy, find


@runtime_checkable
class Validating(Protocol):
    """A strategy class that checks its own parameters."""

    def validate(self, parameters: Mapping[str, Any]) -> Iterable[Problem]:
        """A class method: what is wrong with `strategy.parameters` as written."""


def validate(spec: BotSpec, plugin_dirs: Sequence[Path | str] = ()) -> list[Problem]:
    """Every problem of the strategy section that needs the strategies themselves to be seen."""
    loaded = find(spec.strategy.type, plugin_dirs)
    return [*_type_problems(spec.strategy.type, loaded), *validate_for(loaded.cls, spec, plugin_dirs)]


def validate_for(strategy: type[BotStrategy], spec: BotSpec, plugin_dirs: Sequence[Path | str] = ()) -> list[Problem]:
    """Every problem that `strategy` has with the spec, whatever type that names."""
    if strategy is CustomStrategy:
        entry, leaving = read_entry(spec.strategy.entry, plugin_dirs), read_exit(spec.strategy.exit, plugin_dirs)
        return [*entry.problems, *leaving.problems]
    return [
        *_timeframe_problems(spec, strategy),
        *read_parameters(strategy, spec).problems,
        *_own_problems(strategy, spec.strategy.parameters),
    ]


def _type_problems(type_name: str, loaded: LoadedStrategy) -> list[Problem]:
    if not loaded.fallback:
        return []
    unknown, *faults = loaded.warnings
    remedy = f"{FALLBACK} runs instead, with the rules of {FALLBACK}"
    told = [warning("strategy.type", type_name, unknown, remedy)]
    return told + [warning("strategy.type", type_name, f"may be the cause: {fault}") for fault in faults]


def _timeframe_problems(spec: BotSpec, strategy: type[BotStrategy]) -> list[Problem]:
    try:
        higher_timeframes(strategy.timeframes, spec)
    except ConfigurationError as broken:
        return [error("data.interval", spec.data.interval, str(broken), f"{strategy.__name__} declares its timeframes")]
    return []


def _own_problems(strategy: type[BotStrategy], parameters: Mapping[str, Any]) -> list[Problem]:
    if not isinstance(strategy, Validating):
        return []
    try:
        problems = list(strategy.validate(parameters))
    except Exception as failure:  # noqa: BLE001 - a plugin may raise anything
        rule = f"{strategy.__name__} could not check them: {type(failure).__name__}: {failure}"
        return [error(PARAMETERS, dict(parameters), rule)]
    strangers = [problem for problem in problems if not isinstance(problem, Problem)]
    if strangers:
        rule = f"{strategy.__name__}.validate must return Problem values, it returned {type(strangers[0]).__name__}"
        return [error(PARAMETERS, dict(parameters), rule)]
    return problems
