"""Reading `limits`: what the bot's process may use before it is replaced."""

from __future__ import annotations

from typing import Any

from common.spec.fields import Field, Real
from common.spec.model import LimitsSpec
from common.spec.section import Section

MEMORY = Real(
    name="memory_mb",
    low=0,
    high=1_000_000,
    unit="MB, resident",
    default_note="BOTVISOR_BOT_MEMORY_LIMIT_MB",
    note="0 = off; above it the process is replaced, its trade goes on",
)
CPU = Real(
    name="cpu_percent",
    low=0,
    high=100_000,
    unit="percent of one core",
    default_note="BOTVISOR_BOT_CPU_LIMIT_PERCENT",
    note="0 = off; an average over a check interval; a process that stays above it is replaced",
)
FIELDS: tuple[Field[Any], ...] = (MEMORY, CPU)


def read_limits(limits: Section) -> LimitsSpec:
    """The limits section; what is absent is left to the service's settings."""
    spec = LimitsSpec(memory_mb=limits.get(MEMORY), cpu_percent=limits.get(CPU))
    limits.warn_unknown(FIELDS)
    return spec


def limits_of(config: object) -> LimitsSpec:
    """The limits of a config that is known to be good; without a look at the rest of it."""
    content = config.get("limits") if isinstance(config, dict) else None
    return read_limits(Section([], "limits", content if isinstance(content, dict) else {}))
