"""Declarations of config fields: name, type, default, range, and what the operator's page says about them.

A field knows how to turn a JSON value into its Python value and raises `Unfit` with the rule when it
cannot. The same declarations read configs, tell unknown keys from known ones, and print the reference page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from common.errors import ConfigurationError
from common.trading.money import decimal_of

T = TypeVar("T")
C = TypeVar("C", bound=str)

MONEY_CEILING = Decimal(10) ** 12
"""Money columns hold 12 digits before the point."""


class Unfit(ConfigurationError):
    """The value breaks the field's rule; the message is the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Generic[T]):
    """One key of a section of the config."""

    name: str
    default: T | None = None
    """None: nothing is assumed; see `default_note`."""
    required: bool = False
    unit: str = ""
    note: str = ""
    aliases: tuple[str, ...] = ()
    """Other keys that mean the same; each is a field of its own where it is read."""
    default_note: str = ""
    """What stands in for an absent value, in words, where `default` does not tell."""
    blank_is_absent: bool = False
    """Whether a blank text, as web forms leave it, counts as absent."""

    kind = "any"

    def parse(self, value: Any) -> T:
        """`value` (never None) as this field's type. Raises Unfit."""
        raise Unfit("has no reading")

    def remark(self, value: Any) -> str:
        """A rule that `value`, though taken, bends; empty when it is as it should be."""
        return ""

    def rule(self) -> str:
        """The rule in words, for the page and for messages."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Field[bool]):
    """true or false, nothing else."""

    kind = "true/false"

    def parse(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Unfit(self.rule())
        return value

    def rule(self) -> str:
        return "must be true or false (not a number, not a text)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field[str]):
    """A text that is not blank."""

    longest: int | None = None
    """Characters, where a column of the database sets the limit."""

    kind = "text"

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Unfit(self.rule())
        if "\x00" in value:
            raise Unfit("must not hold NUL characters")
        if self.longest is not None and len(value.strip()) > self.longest:
            raise Unfit(self.rule())
        return value

    def rule(self) -> str:
        limit = "" if self.longest is None else f" of at most {self.longest} characters"
        return f"must be a text{limit}" if self.blank_is_absent else f"must be a text{limit} that is not blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field[C]):
    """One of a few words; letter case does not matter."""

    options: Sequence[C]
    spellings: tuple[tuple[str, str], ...] = ()
    """Other words that are taken, with the option each means."""

    kind = "text"

    def parse(self, value: Any) -> C:
        if isinstance(value, str):
            word = value.strip().lower()
            word = dict(self.spellings).get(word, word)
            for option in self.options:
                if option == word:
                    return option
        raise Unfit(self.rule())

    def rule(self) -> str:
        extra = [spelling for spelling, _ in self.spellings if spelling not in self.options]
        return "must be one of: " + ", ".join([*self.options, *extra])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounded(Field[T]):
    above: int | str | None = None
    """The value must be greater than this."""
    low: int | str | None = None
    high: int | str | None = None
    below: int | str | None = None

    kind = "number"

    def _check(self, number: Decimal | int) -> None:
        too_low = (self.above is not None and number <= Decimal(self.above)) or (
            self.low is not None and number < Decimal(self.low)
        )
        too_high = (self.high is not None and number > Decimal(self.high)) or (
            self.below is not None and number >= Decimal(self.below)
        )
        if too_low or too_high:
            raise Unfit(self.rule())

    def _range(self) -> str:
        words = []
        if self.above is not None:
            words.append(f"above {_grouped(self.above)}")
        if self.low is not None:
            words.append(f"at least {_grouped(self.low)}")
        if self.high is not None:
            words.append(f"at most {_grouped(self.high)}")
        if self.below is not None:
            words.append(f"below {_grouped(self.below)}")
        return " " + " and ".join(words) if words else ""

    def rule(self) -> str:
        return f"must be a {self.kind}{self._range()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(_Bounded[Decimal]):
    """A finite number, kept as Decimal by its repr: 0.1 means 0.1."""

    def parse(self, value: Any) -> Decimal:
        if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
            raise Unfit(self.rule())
        return self._decimal(value)

    def _decimal(self, value: Any) -> Decimal:
        try:
            number = decimal_of(value)
        except ValueError:
            raise Unfit(self.rule()) from None
        self._check(number)
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Money(Number):
    """An amount of money; a numeric text is taken too, with a warning."""

    below: int | str | None = int(MONEY_CEILING)

    def parse(self, value: Any) -> Decimal:
        if isinstance(value, str):
            if len(value) > 64 or "_" in value:
                raise Unfit(self.rule())
            return self._decimal(value.strip())
        return Number.parse(self, value)

    def remark(self, value: Any) -> str:
        return "is a text; a number is meant and read" if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Real(_Bounded[float]):
    """A finite binary number."""

    def parse(self, value: Any) -> float:
        if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
            raise Unfit(self.rule())
        try:
            number = float(value)
        except OverflowError:
            raise Unfit(self.rule()) from None
        if not math.isfinite(number):
            raise Unfit(self.rule())
        self._check(Decimal(repr(number)))
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(_Bounded[int]):
    """A whole number; 5.0 is 5."""

    kind = "whole number"

    def parse(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unfit(self.rule())
        self._check(value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class PassThrough(Field[Any]):
    """A known key that is kept and has no effect here."""

    kind = "any"

    def parse(self, value: Any) -> Any:
        return value


def _grouped(bound: int | str) -> str:
    return f"{bound:,}" if isinstance(bound, int) else bound
