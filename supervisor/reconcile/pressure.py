"""Whether the host is short of something: warned of once, answered by throttling when it lasts, with hysteresis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType


class Resource(StrEnum):
    """What a host can be short of."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"


THROTTLES = frozenset({Resource.CPU, Resource.MEMORY})
"""Resources of which slower bots use less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressurePolicy:
    """When a host is taken to be short."""

    warn_percent: Mapping[Resource, float]
    """Use, in percent, that is too much."""
    relief: float = 5.0
    """Points below that at which it is over; never below 0.5 % of use."""
    sustained: int = 3
    """Looks with too much use within one episode that throttle."""
    calm: int = 6
    """Looks in a row with enough left that end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """An episode of too much use of one resource."""

    looks: int = 1
    """Looks that found too much use since it began."""
    calm: int = 0
    """Looks in a row that found enough left."""
    percent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """All episodes that are not over."""

    strains: Mapping[Resource, Strain] = field(default_factory=lambda: MappingProxyType({}))
    throttled: bool = False
    """Bots shall evaluate less often."""


def pressure_after(before: Pressure, used: Mapping[Resource, float], policy: PressurePolicy) -> Pressure:
    """The pressure after a look at the host; a resource that was not measured stays as it was."""
    strains = dict(before.strains)
    for resource, percent in used.items():
        strain = _strain_after(strains.pop(resource, None), percent, policy.warn_percent[resource], policy)
        if strain is not None:
            strains[resource] = strain
    pressing = [strain for resource, strain in strains.items() if resource in THROTTLES]
    throttled = bool(pressing) and (before.throttled or any(strain.looks >= policy.sustained for strain in pressing))
    return Pressure(strains=MappingProxyType(strains), throttled=throttled)


def _strain_after(before: Strain | None, percent: float, warn: float, policy: PressurePolicy) -> Strain | None:
    if percent > warn:
        looks = 1 if before is None else before.looks + 1
        return Strain(looks=looks, percent=percent)
    if before is None:
        return None
    enough = percent <= max(warn - policy.relief, min(warn, 0.5))
    if not enough:
        return replace(before, calm=0, percent=percent)
    calm = before.calm + 1
    return None if calm >= policy.calm else replace(before, calm=calm, percent=percent)
