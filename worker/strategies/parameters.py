"""Parameters as tables: name, type, default, bounds and every spelling a config may use for them.

Validation, resolution and documentation all read the same declarations.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from common.spec import LogicSpec
from common.spec.problems import Problem, error, missing, warning

Kind = Literal["integer", "number", "flag", "choice"]
Role = Literal["entry", "exit"]
Value = int | float | bool | str
Values = Mapping[str, Value]

PREFIX_OF_ROLE: dict[Role, str] = {"entry": "e_", "exit": "x_"}
_NOUN_OF_KIND = {
    "integer": "a whole number",
    "number": "a finite number",
    "flag": "true or false",
    "choice": "one of the words listed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A spelling of the web form, in the form's own unit."""

    name: str
    divisor: float = 1.0
    """The form's value divided by this is the parameter's value (100: the form shows percents)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a mixin, an indicator or a strategy."""

    name: str
    """Plain name."""
    kind: Kind
    meaning: str
    default: Value | None = None
    """None: must be given."""
    minimum: float | None = None
    maximum: float | None = None
    plausible_maximum: float | None = None
    """A larger value is taken, with a warning."""
    synonyms: tuple[str, ...] = ()
    """Other plain names."""
    legacy: str | None = None
    """Prefixed name when it is not prefix + plain name."""
    forms: tuple[Form, ...] = ()
    choices: tuple[str, ...] = ()
    """The words of a choice, as they are kept; written in any case."""
    unused: str | None = None
    """Why the earlier service's parameter has no effect here: it is taken, whatever it says, with this warning."""

    @property
    def rule(self) -> str:
        """What holds for a value, in words."""
        if self.kind == "choice":
            return f"must be one of: {', '.join(self.choices)}"
        if self.minimum is not None and self.minimum == self.maximum:
            return f"must be {self.minimum:g} ({self.meaning})"
        noun = f"must be {_NOUN_OF_KIND[self.kind]}"
        if self.minimum is not None and self.maximum is not None:
            return f"{noun} from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f"{noun}, at least {self.minimum:g}"
        return noun if self.maximum is None else f"{noun}, at most {self.maximum:g}"

    def read(self, raw: Any, divisor: float = 1.0) -> Value | None:
        """`raw` as a value in the parameter's unit; None when it breaks the rule."""
        if self.kind == "choice":
            return next((word for word in self.choices if isinstance(raw, str) and word.lower() == raw.lower()), None)
        value = _READERS[self.kind](raw)
        if value is None:
            return None
        if divisor != 1.0:
            value = value / divisor
        too_small = self.minimum is not None and value < self.minimum
        too_large = self.maximum is not None and value > self.maximum
        return None if too_small or too_large else value


def _integer(raw: Any) -> int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    return raw if isinstance(raw, int) else None


def _number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        value = float(raw)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _flag(raw: Any) -> bool | None:
    if isinstance(raw, bool):
        return raw
    return bool(raw) if isinstance(raw, int) and raw in (0, 1) else None


_READERS = {"integer": _integer, "number": _number, "flag": _flag}


@dataclass(frozen=True, slots=True)
class Spelling:
    """One place where a parameter may stand, and its unit there."""

    section: Literal["logic_params", "params"]
    key: str
    divisor: float = 1.0


def defaults(parameters: Iterable[Parameter]) -> dict[str, Value]:
    """The values of a config that says nothing."""
    return {parameter.name: parameter.default for parameter in parameters if parameter.default is not None}


def spellings(parameter: Parameter, role: Role) -> Iterator[Spelling]:
    """Every place of `parameter`, each once, the strongest first: plain, prefixed, optimizer, web form."""
    return iter(dict.fromkeys(_spellings(parameter, role)))


def _spellings(parameter: Parameter, role: Role) -> Iterator[Spelling]:
    for section in ("logic_params", "params"):
        for key in (parameter.name, *parameter.synonyms):
            yield Spelling(section, key)
    prefixed = parameter.legacy or PREFIX_OF_ROLE[role] + parameter.name
    places = [(prefixed, 1.0), (f"{role}_{prefixed}", 1.0)]
    places += [(form.name, form.divisor) for form in parameter.forms]
    places += [(f"{role}_{form.name}", form.divisor) for form in parameter.forms]
    for key, divisor in places:
        yield Spelling("params", key, divisor)
        yield Spelling("logic_params", key, divisor)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The values of all parameters, and what is wrong with their writing."""

    values: dict[str, Value]
    problems: tuple[Problem, ...]
    written: dict[str, str]
    """Parameter → place in the config that gave its value; absent for defaults."""


def resolve(
    parameters: tuple[Parameter, ...], logic: LogicSpec, role: Role, path: str, also_read: frozenset[str] = frozenset()
) -> Resolution:
    """Find every parameter in `logic`, which stands at `path` of the config.

    A value of 0 or false is a value; null counts as absent. A faulty value is an error and leaves the default in
    place, so that everything else can still be checked. `also_read` are keys of logic_params with another reader.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    written: dict[str, str] = {}
    known: set[tuple[str, str]] = {("logic_params", key) for key in also_read}
    for parameter in parameters:
        places = list(spellings(parameter, role))
        known.update((place.section, place.key) for place in places)
        present = [
            _Written(f"{path}.{place.section}.{place.key}", _raw(logic, place), place.divisor)
            for place in places
            if _raw(logic, place) is not None
        ]
        if parameter.unused is not None:
            problems += _has_no_effect(parameter, present)
            continue
        if parameter.default is None:
            raise ValueError(f"{parameter.name} of a mixin has no default")
        if present:
            written[parameter.name] = present[0].path
        value, found = _value(parameter, present)
        values[parameter.name] = parameter.default if value is None else value
        problems += found
    problems += _unknown(parameters, logic, known, path)
    return Resolution(values, tuple(problems), written)


def _raw(logic: LogicSpec, place: Spelling) -> Any:
    return (logic.logic_params if place.section == "logic_params" else logic.params).get(place.key)


@dataclass(frozen=True, slots=True)
class _Written:
    """A parameter where the config says it."""

    path: str
    raw: Any
    divisor: float = 1.0


def _has_no_effect(parameter: Parameter, written: Sequence[_Written]) -> list[Problem]:
    return [warning(each.path, each.raw, f"has no effect, {parameter.unused}") for each in written]


def _value(parameter: Parameter, written: Sequence[_Written]) -> tuple[Value | None, list[Problem]]:
    """The first value written, else the default; a faulty one is an error and leaves the default in place."""
    if not written:
        return parameter.default, []
    first, *others = written
    problems = [_shadowed(other.path, other.raw, first.path) for other in others]
    value = parameter.read(first.raw, first.divisor)
    if value is None:
        unit = f" after division by {first.divisor:g}" if first.divisor != 1.0 else ""
        return parameter.default, [*problems, error(first.path, first.raw, parameter.rule + unit)]
    limit = parameter.plausible_maximum
    if limit is not None and not isinstance(value, str) and value > limit:
        rule = f"{parameter.name} is usually at most {limit:g} ({parameter.meaning})"
        problems.append(warning(first.path, first.raw, rule))
    return value, problems


def _shadowed(path: str, raw: Any, by: str) -> Problem:
    return warning(path, raw, f"is not used, {by} says the same parameter and comes first", "remove one of the two")


def _unknown(
    parameters: tuple[Parameter, ...], logic: LogicSpec, known: set[tuple[str, str]], path: str
) -> Iterator[Problem]:
    names = ", ".join(parameter.name for parameter in parameters if parameter.unused is None)
    for section, given in (("params", logic.params), ("logic_params", logic.logic_params)):
        for key, raw in given.items():
            if (section, key) in known:
                continue
            where = f"{path}.{section}.{key}"
            if key.endswith("_period") and _number(raw) is not None and raw <= 0:
                yield error(where, raw, "a period must be at least 1")
            yield warning(where, raw, f"{logic.name} has no such parameter and ignores it", f"it knows {names}")


def resolve_plain(
    parameters: tuple[Parameter, ...],
    given: Mapping[str, Any],
    path: str,
    owner: str,
    also_read: Collection[str] = (),
) -> Resolution:
    """Find every parameter of an indicator or a strategy in `given`, which stands at `path` of the config.

    One that is faulty or lacks, and has no default, has no value. `also_read` are keys with another reader.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    written: dict[str, str] = {}
    known = set(also_read)
    for parameter in parameters:
        names = (parameter.name, *parameter.synonyms)
        known.update(names)
        present = [_Written(f"{path}.{name}", given[name]) for name in names if given.get(name) is not None]
        if parameter.unused is not None:
            problems += _has_no_effect(parameter, present)
            continue
        if present:
            written[parameter.name] = present[0].path
        value, found = _value(parameter, present)
        problems += found
        if value is not None:
            values[parameter.name] = value
        elif not present:
            problems.append(missing(f"{path}.{parameter.name}", f"{owner} needs it, it {parameter.rule}"))
    listed = ", ".join(parameter.name for parameter in parameters if parameter.unused is None)
    for key, raw in given.items():
        if key not in known:
            rule = f"{owner} has no such parameter and ignores it"
            problems.append(warning(f"{path}.{key}", raw, rule, f"it knows {listed}"))
    return Resolution(values, tuple(problems), written)
