"""What a config may name: strategy types, mixins and indicators with their parameters, as JSON values."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from worker.strategies.indicators import catalogue as indicators
from worker.strategies.indicators.calculator import Calculator
from worker.strategies.mixins import catalogue as mixins
from worker.strategies.mixins.mixin import Mixin
from worker.strategies.parameters import Parameter, Role, defaults, spellings
from worker.strategies.plugins import Found, FoundMixin
from worker.strategies.registry import BUILT_IN, everything


def catalogue(plugin_dirs: Sequence[Path | str] = ()) -> dict[str, Any]:
    """Everything there is, and the plugins that could not be used. Imports the plugins."""
    discovery = everything(plugin_dirs)
    return {
        "strategies": [_strategy(found) for found in discovery.found],
        "plugin_faults": [{"source": fault.source, "reason": fault.reason} for fault in discovery.faults],
        "entry_mixins": list(_mixins("entry", discovery.mixins)),
        "exit_mixins": list(_mixins("exit", discovery.mixins)),
        "indicators": [_indicator(indicator) for indicator in indicators.INDICATORS.values()],
        "unavailable": {
            "entry_mixins": list(mixins.UNAVAILABLE["entry"]),
            "exit_mixins": list(mixins.UNAVAILABLE["exit"]),
        },
    }


def _strategy(found: Found) -> dict[str, Any]:
    return {
        "name": found.name,
        "source": found.source,
        "description": _text(found.strategy),
        "parameters": [
            {**_parameter(parameter), "spellings": [parameter.name, *parameter.synonyms]}
            for parameter in found.strategy.parameters
        ],
        "timeframes": list(found.strategy.timeframes),
    }


def _mixins(role: Role, foreign: Iterable[FoundMixin]) -> Iterator[dict[str, Any]]:
    for name, mixin in mixins.known(role).items():
        yield _mixin(name, mixin, role, BUILT_IN.source)
    for found in foreign:
        if found.mixin.role == role:
            yield _mixin(found.name, found.mixin, role, found.source)


def _mixin(name: str, mixin: type[Mixin], role: Role, source: str) -> dict[str, Any]:
    return {
        "name": name,
        "other_names": [other for other, plain in mixins.ALIASES.items() if plain == name],
        "source": source,
        "description": _text(mixin),
        "parameters": [{**_parameter(parameter), **_spellings(parameter, role)} for parameter in mixin.parameters],
        "indicators": [dict(entry) for entry in mixin.blueprint_for(defaults(mixin.parameters))],
    }


def _indicator(indicator: type[Calculator]) -> dict[str, Any]:
    return {
        "name": indicator.type_name,
        "type": indicator.type_name,
        "description": _text(indicator),
        "inputs": list(indicator.inputs),
        "outputs": list(indicator.outputs),
        "output_synonyms": dict(indicator.output_synonyms),
        "parameters": [_parameter(parameter) for parameter in indicator.parameters],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "type": parameter.kind,
        "default": parameter.default,
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "choices": list(parameter.choices),
        "unused": parameter.unused,
        "meaning": parameter.meaning,
    }


def _spellings(parameter: Parameter, role: Role) -> Mapping[str, Any]:
    """Every key that is read for it, the strongest first, and what those in another unit are divided by."""
    places = list(spellings(parameter, role))
    return {
        "spellings": list(dict.fromkeys(place.key for place in places)),
        "divisors": {place.key: place.divisor for place in places if place.divisor != 1.0},
    }


def _text(described: type) -> str:
    return inspect.cleandoc(described.__doc__ or "")
