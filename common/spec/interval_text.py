"""Fields of the config that name a bar interval."""

from __future__ import annotations

from dataclasses import dataclass

from common.spec.fields import Text, Unfit
from common.spec.intervals import RULE, USUAL, interval_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalText(Text):
    """Length of a bar."""

    any_grid: bool = False
    """Whether an unusual interval goes without a remark."""

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            raise Unfit(self.rule())
        text = value.strip()
        try:
            interval_seconds(text)
        except ValueError:
            raise Unfit(self.rule()) from None
        return text

    def remark(self, value: object) -> str:
        if self.any_grid or str(value).strip() in USUAL:
            return ""
        return f"is an unusual interval (usual: {', '.join(USUAL)}); exchanges may refuse it"

    def rule(self) -> str:
        return RULE
