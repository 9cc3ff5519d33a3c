"""Declarations of parameters and indicators, made in the one way that all mixins make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD
from worker.strategies.parameters import Form, Parameter


def period(
    name: str, default: int, meaning: str, *, legacy: str | None = None, forms: tuple[str, ...] = ()
) -> Parameter:
    """A number of bars, at least 1; `forms` are other names for the same."""
    return Parameter(
        name=name,
        kind="integer",
        default=default,
        minimum=1,
        maximum=MAXIMUM_PERIOD,
        legacy=legacy,
        forms=tuple(Form(name=form) for form in forms),
        meaning=meaning,
    )


def number(
    name: str,
    default: float,
    meaning: str,
    *,
    minimum: float | None = 0,
    maximum: float | None = None,
    plausible_maximum: float | None = None,
    legacy: str | None = None,
    synonyms: tuple[str, ...] = (),
    forms: tuple[Form, ...] = (),
) -> Parameter:
    """A number, not negative unless said otherwise."""
    return Parameter(
        name=name,
        kind="number",
        default=default,
        minimum=minimum,
        maximum=maximum,
        plausible_maximum=plausible_maximum,
        legacy=legacy,
        synonyms=synonyms,
        forms=forms,
        meaning=meaning,
    )


def flag(
    name: str, default: bool, meaning: str, *, legacy: str | None = None, forms: tuple[str, ...] = ()
) -> Parameter:
    """True or false; `forms` are other names for the same."""
    named = tuple(Form(name=form) for form in forms)
    return Parameter(name=name, kind="flag", default=default, legacy=legacy, forms=named, meaning=meaning)


def unused(name: str, why: str, *, legacy: str | None = None, forms: tuple[str, ...] = ()) -> Parameter:
    """A parameter of the earlier service that is taken and warned of."""
    named = tuple(Form(name=form) for form in forms)
    return Parameter(name=name, kind="number", meaning="", legacy=legacy, forms=named, unused=why)


def rsi_level(name: str, default: float, meaning: str, *, synonyms: tuple[str, ...] = ()) -> Parameter:
    """A level of the RSI."""
    return number(name, default, meaning, maximum=100, synonyms=synonyms)


def indicator(kind: str, outputs: Mapping[str, str], source: str | None = None, **params: Any) -> Mapping[str, Any]:
    """An entry of a blueprint: type, output → alias, what it reads, and its params (a text names a parameter)."""
    entry: dict[str, Any] = {"type": kind, "params": params, "fields_mapping": dict(outputs)}
    if source is not None:
        entry["data_field"] = source
    return entry
