"""Fields of the config that name what is traded."""

from __future__ import annotations

from dataclasses import dataclass

from common.spec.fields import Text, Unfit

ONE_SYMBOL = "a bot trades one symbol; make a bot for each"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolText(Text):
    """One symbol, in any venue's spelling."""

    def parse(self, value: object) -> str:
        several = isinstance(value, list | tuple | dict) or (isinstance(value, str) and ("," in value or ";" in value))
        if several:
            raise Unfit(f"must be a text with one symbol: {ONE_SYMBOL}")
        return Text.parse(self, value)
