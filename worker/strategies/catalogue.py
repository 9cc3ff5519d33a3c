"""What a config may name: strategy types, mixins and indicators with their parameters, as JSON values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from worker.strategies.indicators import catalogue as indicators
from worker.strategies.indicators.calculator import Calculator
from worker.strategies.mixins import catalogue as mixins
from worker.strategies.mixins.mixin import Mixin
from worker.strategies.parameters import Parameter, Role, defaults, spellings
from worker.strategies.registry import everything


def catalogue(plugin_dirs: Sequence[Path | str] = ()) -> dict[str, Any]:
    """Everything there is, and the plugins that could not be used. Imports the plugins."""
    discovery = everything(plugin_dirs)
    return {
        "strategies": [
            {"name": found.name, "source": found.source, "description": _text(found.strategy)}
            for found in discovery.found
        ],
        "plugin_faults": [{"source": fault.source, "reason": fault.reason} for fault in discovery.faults],
        "entry_mixins": _mixins(mixins.ENTRIES, "entry"),
        "exit_mixins": _mixins(mixins.EXITS, "exit"),
        "indicators": [_indicator(indicator) for indicator in indicators.INDICATORS.values()],
        "unavailable": {
            "entry_mixins": list(mixins.UNAVAILABLE["entry"]),
            "exit_mixins": list(mixins.UNAVAILABLE["exit"]),
        },
    }


def _mixins(known: Mapping[str, type[Mixin]], role: Role) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "description": _text(mixin),
            "parameters": [
                {**_parameter(parameter), "spellings": _spellings(parameter, role)} for parameter in mixin.parameters
            ],
            "indicators": [dict(entry) for entry in mixin.blueprint_for(defaults(mixin.parameters))],
        }
        for name, mixin in known.items()
    ]


def _indicator(indicator: type[Calculator]) -> dict[str, Any]:
    return {
        "type": indicator.type_name,
        "description": _text(indicator),
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


def _spellings(parameter: Parameter, role: Role) -> list[str]:
    """Every key that is read for it, the strongest first."""
    return list(dict.fromkeys(place.key for place in spellings(parameter, role)))


def _text(described: type) -> str:
    return inspect.cleandoc(described.__doc__ or "")
