"""Whether a plugin's class declares itself soundly: what it lacks, and its table of parameters."""

from __future__ import annotations

import inspect

from worker.strategies.contract import READ_FOR_EVERY_TYPE
from worker.strategies.mixins.mixin import Mixin
from worker.strategies.parameters import Parameter


def fault_of(declared: type) -> str | None:
    """What is wrong with the declarations of a strategy or mixin class; None when nothing is."""
    if inspect.isabstract(declared):
        lacking = ", ".join(sorted(getattr(declared, "__abstractmethods__", ())))
        return f"{declared.__name__} defines no {lacking}; a base class of others has a name that begins with _"
    table = getattr(declared, "parameters", ())
    if not isinstance(table, tuple | list) or not all(isinstance(each, Parameter) for each in table):
        return f"{declared.__name__}.parameters must be a tuple of worker.strategies.parameters.Parameter"
    seen: set[str] = set()
    for parameter in table:
        fault = _fault_in_table(declared, parameter, seen)
        if fault is not None:
            return f"parameter {parameter.name} of {declared.__name__} {fault}"
        seen.update((parameter.name, *parameter.synonyms))
    return _fault_of_defaults(declared) if issubclass(declared, Mixin) else None


def _fault_in_table(declared: type, parameter: Parameter, seen: set[str]) -> str | None:
    names = {parameter.name, *parameter.synonyms}
    if repeated := names & seen:
        return f"is declared twice ({', '.join(sorted(repeated))})"
    if parameter.default is not None and parameter.read(parameter.default) is None:
        return f"has the default {parameter.default!r}, but {parameter.rule}"
    if issubclass(declared, Mixin):
        needs_default = parameter.default is None and parameter.unused is None
        return "has no default, which a mixin's parameters need" if needs_default else None
    if reserved := names & READ_FOR_EVERY_TYPE:
        return f"has a name that means the same for every strategy type ({', '.join(sorted(reserved))}); choose another"
    return None


def _fault_of_defaults(mixin: type[Mixin]) -> str | None:
    defaults = {each.name: each.default for each in mixin.parameters if each.default is not None}
    try:
        mixin.blueprint_for(defaults)
        mixin.required(defaults)
    except Exception as failure:  # noqa: BLE001 - foreign code may raise anything
        return f"{mixin.__name__} cannot work with its defaults: {type(failure).__name__}: {failure}"
    return None
