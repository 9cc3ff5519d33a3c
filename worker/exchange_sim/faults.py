"""Scriptable faults: what goes wrong, at which request or event, how often. Seeded: the same script, the same harm."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.exchange_sim.kinds import PLACE, REQUESTS, STREAMS
from worker.exchange_sim.order import SimOrder

TRANSPORT = ("late", "hang_up", "error", "empty", "malformed", "double", "lag", "too_many", "banned", "maintenance")
ORDER = ("reject", "partial", "silent", "vanish")
STREAM = ("miss", "duplicate", "reorder", "drop", "mute")
_ONLY_BEFORE = ("too_many", "banned", "maintenance")
_ONLY_AFTER = ("empty", "malformed", "double")

Kind = Literal[
    "late", "hang_up", "error", "empty", "malformed", "double", "lag", "too_many", "banned", "maintenance",
    "reject", "partial", "silent", "vanish",
    "miss", "duplicate", "reorder", "drop", "mute",
]  # fmt: skip


class FaultRule(BaseModel):
    """One thing that goes wrong; see docs/rehearsing.md for what each `fault` does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: Kind
    on: str = "*"
    """Kind of request or stream, with * as wildcard: order.create, order.*, orders.open, stream.user, stream.market."""
    when: Literal["before", "after"] = "after"
    """Before the exchange acts on the request, or after it has (then only the answer suffers)."""
    next: Annotated[int, Field(ge=1)] | None = None
    """So many times, then the rule is gone; None: for ever."""
    skip: int = Field(default=0, ge=0)
    """So many matching requests are spared first."""
    probability: float = Field(default=1.0, ge=0, le=1)
    seconds: float = Field(default=1.0, ge=0)
    """Length of `late`, `lag`; delay of `vanish` and `reorder`."""
    status: int = Field(default=502, ge=400, le=599)
    """HTTP status of `error`."""
    code: int = -2010
    """The exchange's number of `reject`, or of `error` when it is given."""
    message: str = "This action is disabled on this account."
    retry_after: int | None = Field(default=1, ge=0)
    """Seconds, of `too_many` and `banned`; None: the answer does not say."""
    share: float = Field(default=0.5, gt=0, le=1)
    """Of `partial`: how much of the order is filled at a time."""
    rest: Literal["goes on", "expires"] = "goes on"
    """Of `partial`: what happens to the rest of it."""
    without_trace: bool = False
    """Of `vanish`: the exchange then denies that the order ever was."""
    account: str = "*"
    symbol: str = "*"
    """Market id, with * as wildcard."""
    side: str = "*"
    type: str = "*"
    """Order type as the exchange writes it, with * as wildcard: STOP_LOSS*."""

    @model_validator(mode="after")
    def _fits(self) -> FaultRule:
        streams = self.on.startswith("stream.")
        if (self.fault in STREAM) != streams:
            raise ValueError(
                f"{self.fault} on {self.on}: {', '.join(STREAM)} happen to stream.user or stream.market, "
                "all others to requests"
            )
        if self.fault in ORDER and not fnmatchcase(PLACE, self.on):
            raise ValueError(f"{self.fault} happens to {PLACE}, not to {self.on}")
        there = STREAMS if streams else REQUESTS
        if not any(fnmatchcase(kind, self.on) for kind in there):
            raise ValueError(f"nothing is called {self.on}; there are {', '.join(there)}, and * as wildcard")
        return self

    @property
    def happens_before(self) -> bool:
        """Whether the exchange has not acted yet when it happens."""
        return self.fault in _ONLY_BEFORE or (self.when == "before" and self.fault not in _ONLY_AFTER)

    def fits(self, kind: str, facts: Mapping[str, str]) -> bool:
        """Whether it is about such a request or event."""
        return fnmatchcase(kind, self.on) and all(
            fnmatchcase(facts.get(name, ""), getattr(self, name)) for name in ("account", "symbol", "side", "type")
        )


class Fault:
    """A rule that strikes now."""

    def __init__(self, number: int, rule: FaultRule) -> None:
        self.number = number
        self.rule = rule

    def lay_on(self, order: SimOrder, step: Decimal) -> None:
        """Make a new order suffer; `step`: the market's smallest quantity."""
        rule = self.rule
        if rule.fault == "partial":
            order.portion = max(step, order.quantity * Decimal(repr(rule.share)) // step * step)
            order.expire_rest = rule.rest == "expires"
        elif rule.fault == "silent":
            order.silent = True
        elif rule.fault == "vanish":
            order.vanishes_at = order.created + round(rule.seconds * 1000)
            order.vanishes_without_trace = rule.without_trace


class _Armed:
    def __init__(self, number: int, rule: FaultRule) -> None:
        self.number, self.rule = number, rule
        self.skipped = self.struck = 0

    @property
    def spent(self) -> bool:
        return self.rule.next is not None and self.struck >= self.rule.next

    def strikes(self, chance: random.Random) -> bool:
        if self.skipped < self.rule.skip:
            self.skipped += 1
            return False
        if chance.random() >= self.rule.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The rules in force."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"{seed}/faults")
        self._armed: dict[int, _Armed] = {}
        self._count = 0

    def add(self, rule: FaultRule) -> int:
        """Its number."""
        self._count += 1
        self._armed[self._count] = _Armed(self._count, rule)
        return self._count

    def remove(self, number: int | None = None) -> None:
        """One rule, or all."""
        if number is None:
            self._armed.clear()
        else:
            self._armed.pop(number, None)

    def draw(self, family: tuple[str, ...], kind: str, facts: Mapping[str, str]) -> Fault | None:
        """The fault of this family that strikes this request or event: the first rule that fits and strikes."""
        for armed in self._armed.values():
            fits = armed.rule.fault in family and not armed.spent and armed.rule.fits(kind, facts)
            if fits and armed.strikes(self._chance):
                return Fault(armed.number, armed.rule)
        return None

    def shown(self) -> list[dict[str, Any]]:
        """The rules with how often they struck, for people."""
        return [
            {"id": one.number, "struck": one.struck, "spent": one.spent, **one.rule.model_dump(exclude_defaults=True)}
            for one in self._armed.values()
        ]
