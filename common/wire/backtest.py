"""What a back-testing process is asked, and the JSON lines it answers with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from common.trading.equity_figures import EquityFigures
from common.trading.round_trip import RoundTrip
from common.wire.ticket import RowFacts

MOST_POINTS = 10_000
"""Points of a chart unless the request says otherwise."""

ChartPoint = tuple[int, float, float, float, float, float, float, float]
"""Milliseconds since 1970, open, high, low, close, volume, equity at the last close, largest drawdown in percent."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BacktestRequest(_Line):
    """A bot's config and the history to trade, both in the config's own words."""

    row: RowFacts
    config: Any
    plugin_dirs: tuple[Path, ...] = ()
    most_points: int = Field(MOST_POINTS, ge=1)
    recorded: tuple[RoundTrip, ...] | None = None
    """Given: trade nothing, and mark these trades on the bars."""


class BarsDone(_Line):
    """How far it is; now and then."""

    event: Literal["progress"] = "progress"
    bars: int
    total: int | None
    bar_at: datetime | None


class TradeMade(_Line):
    """A trade's row; in order of entry, after the last bar."""

    event: Literal["trade"] = "trade"
    trade: RoundTrip


class BacktestDone(_Line):
    """The last line of a back-test that came to the end of its data."""

    event: Literal["done"] = "done"
    equity: EquityFigures
    denials: dict[str, int]
    """Refused entries by the rule that refused them."""
    chart: tuple[ChartPoint, ...]
    bars_per_point: int


class BacktestFailed(_Line):
    """The last line of a back-test that could not be made."""

    event: Literal["failed"] = "failed"
    message: str


BacktestLine = BarsDone | TradeMade | BacktestDone | BacktestFailed
_LINES: TypeAdapter[BacktestLine] = TypeAdapter(Annotated[BacktestLine, Field(discriminator="event")])


def decode_line(line: bytes) -> BacktestLine:
    """The answer in one line. Raises pydantic.ValidationError."""
    return _LINES.validate_json(line)


def encode_line(line: BacktestLine) -> bytes:
    """One line, its end included."""
    return line.model_dump_json().encode() + b"\n"
