"""Which indicators a logic computes, read from its `indicators` list or from the mixin's own blueprint.

An entry of the list is `{type, params, fields_mapping, data_field?}`: `fields_mapping` names each output of the
indicator by an alias that the mixin looks up; a text in `params` is a reference to a key of `logic_params`;
`data_field` is a column of the bar or the alias of an earlier entry, `close` by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.spec.problems import Problem, error, missing, warning
from worker.strategies.chart import COLUMNS
from worker.strategies.indicators.calculator import SERIES, Calculator
from worker.strategies.indicators.catalogue import INDICATORS
from worker.strategies.parameters import Values, resolve_plain

KEYS = ("type", "params", "fields_mapping", "data_field", "data_inputs")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorPlan:
    """One indicator to compute."""

    indicator: type[Calculator]
    values: Values
    sources: tuple[str, ...]
    """Columns or aliases it reads."""
    aliases: dict[str, str]
    """Output → alias."""

    def calculator(self) -> Calculator:
        """A fresh calculator."""
        return self.indicator.from_values(self.values)


@dataclass(slots=True)
class Blueprint:
    """The plans of one logic, in the order of computation, and what is wrong with them."""

    plans: list[IndicatorPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    claimed: dict[str, str] = field(default_factory=dict)
    """Alias → place that gave it, faulty entries included."""

    def longest(self) -> int:
        """The longest period of all."""
        return max((plan.calculator().lookback for plan in self.plans), default=0)

    def lookback(self, aliases: Sequence[str]) -> int:
        """The longest period among the indicators behind `aliases`, directly or as a source of another."""
        wanted, longest = set(aliases), 0
        for plan in reversed(self.plans):
            if wanted.intersection(plan.aliases.values()):
                wanted.update(plan.sources)
                longest = max(longest, plan.calculator().lookback)
        return longest


def references(indicators: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Keys of `logic_params` that the entries refer to."""
    params = [entry.get("params") for entry in indicators if isinstance(entry, Mapping)]
    return frozenset(
        value for given in params if isinstance(given, Mapping) for value in given.values() if isinstance(value, str)
    )


def draw(indicators: Sequence[Mapping[str, Any]], known: Mapping[str, Any], path: str) -> Blueprint:
    """Read the entries, which stand at `path`; `known` are the values that references may name."""
    drawing = Blueprint()
    for index, entry in enumerate(indicators):
        _Reader(drawing, known, f"{path}[{index}]").read(entry)
    return drawing


class _Reader:
    """Reads one entry into the drawing."""

    def __init__(self, drawing: Blueprint, known: Mapping[str, Any], path: str) -> None:
        self._drawing = drawing
        self._known = known
        self._path = path

    def read(self, entry: Any) -> None:
        if not isinstance(entry, Mapping):
            self._report(error(self._path, entry, "must be an object with type, params and fields_mapping"))
            return
        aliases_here = dict(self._drawing.claimed)
        indicator = self._type(entry)
        if indicator is None:
            self._claim_all(entry)
            return
        values = self._values(entry, indicator)
        sources = self._sources(entry, indicator, aliases_here)
        aliases = self._aliases(entry, indicator)
        for key in entry:
            if key not in KEYS:
                rule = f"is not read, known keys are {', '.join(KEYS)}"
                self._report(warning(f"{self._path}.{key}", entry[key], rule))
        if values is not None and sources is not None:
            plan = IndicatorPlan(indicator=indicator, values=values, sources=sources, aliases=aliases)
            self._drawing.plans.append(plan)

    def _report(self, problem: Problem) -> None:
        self._drawing.problems.append(problem)

    def _type(self, entry: Mapping[str, Any]) -> type[Calculator] | None:
        name, path = entry.get("type"), f"{self._path}.type"
        known = ", ".join(sorted(INDICATORS))
        if name is None:
            self._report(missing(path, f"must name an indicator: {known}"))
        elif not isinstance(name, str) or name not in INDICATORS:
            self._report(error(path, name, f"must be one of: {known}"))
        else:
            return INDICATORS[name]
        return None

    def _values(self, entry: Mapping[str, Any], indicator: type[Calculator]) -> Values | None:
        path, given = f"{self._path}.params", entry.get("params") or {}
        if not isinstance(given, Mapping):
            self._report(error(path, given, "must be an object"))
            return None
        literal, whole = {}, True
        for key, value in given.items():
            if isinstance(value, str) and value not in self._known:
                rule = "a text refers to a key of logic_params, this one is not there"
                there = ", ".join(sorted(self._known)) or "none"
                self._report(error(f"{path}.{key}", value, rule, f"known: {there}"))
                whole = False
            else:
                literal[key] = self._known[value] if isinstance(value, str) else value
        if not whole:
            return None
        reading = resolve_plain(indicator.parameters, literal, path, indicator.type_name)
        self._drawing.problems += reading.problems
        faulty = any(problem.severity == "error" for problem in reading.problems)
        return None if faulty else reading.values

    def _sources(
        self, entry: Mapping[str, Any], indicator: type[Calculator], aliases: Mapping[str, str]
    ) -> tuple[str, ...] | None:
        key, named = self._source_as_written(entry, indicator)
        if indicator.inputs != SERIES:
            if key is not None and named != list(indicator.inputs):
                rule = f"has no effect, {indicator.type_name} reads {', '.join(indicator.inputs)}"
                self._report(warning(f"{self._path}.{key}", entry[key], rule))
            return indicator.inputs
        if key is None:
            return ("close",)
        choices = (*COLUMNS, *aliases)
        if len(named) != 1 or named[0] not in choices:
            rule = f"must be one column or the alias of an earlier indicator: {', '.join(choices)}"
            self._report(error(f"{self._path}.{key}", entry[key], rule))
            return None
        return (named[0],)

    def _source_as_written(self, entry: Mapping[str, Any], indicator: type[Calculator]) -> tuple[str | None, list[Any]]:
        field_given, inputs_given = entry.get("data_field"), entry.get("data_inputs")
        if field_given is not None:
            if inputs_given is not None and inputs_given != [field_given] and indicator.inputs == SERIES:
                rule = "is not used, data_field says the source and comes first"
                self._report(warning(f"{self._path}.data_inputs", inputs_given, rule))
            return "data_field", [field_given]
        if inputs_given is None:
            return None, []
        return "data_inputs", inputs_given if isinstance(inputs_given, list) else [inputs_given]

    def _aliases(self, entry: Mapping[str, Any], indicator: type[Calculator]) -> dict[str, str]:
        path, given = f"{self._path}.fields_mapping", entry.get("fields_mapping")
        if not isinstance(given, Mapping) or not given:
            rule = f"must name outputs of {indicator.type_name} ({', '.join(indicator.outputs)}) by aliases"
            self._report(missing(path, rule) if given is None else error(path, given, rule))
            return {}
        aliases: dict[str, str] = {}
        for name, alias in given.items():
            output = indicator.output_synonyms.get(name, name)
            if output not in indicator.outputs:
                rule = f"{indicator.type_name} has no such output, it has {', '.join(indicator.outputs)}"
                self._report(error(f"{path}.{name}", alias, rule))
            elif output in aliases:
                rule = f"is the output {output}, which has the alias {aliases[output]} already"
                self._report(error(f"{path}.{name}", alias, rule, "remove one of the two"))
            elif self._claim(f"{path}.{name}", alias):
                aliases[output] = alias
        return aliases

    def _claim(self, path: str, alias: Any) -> bool:
        """Take `alias` for this entry; False, with a report, when it is not free."""
        if not isinstance(alias, str) or not alias:
            self._report(error(path, alias, "an alias must be a text"))
        elif alias in COLUMNS:
            self._report(error(path, alias, f"an alias must not be a column of the bar ({', '.join(COLUMNS)})"))
        elif alias in self._drawing.claimed:
            self._report(error(path, alias, f"duplicate alias, {self._drawing.claimed[alias]} already gave it"))
        else:
            self._drawing.claimed[alias] = path
            return True
        return False

    def _claim_all(self, entry: Mapping[str, Any]) -> None:
        """Count the aliases of an entry of unknown type as given, lest one mistake be reported twice."""
        given = entry.get("fields_mapping")
        for output, alias in given.items() if isinstance(given, Mapping) else ():
            self._claim(f"{self._path}.fields_mapping.{output}", alias)
