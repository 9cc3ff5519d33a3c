"""What every row of one bot has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names that go into each trade, position and metrics row."""

    symbol: str
    interval: str
    trade_type: Literal["paper", "live"]
    strategy_name: str
    entry_logic_name: str
    exit_logic_name: str
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON values recorded with each trade: the parameters it was made under."""
