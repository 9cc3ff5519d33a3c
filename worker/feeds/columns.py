"""Finding the columns of a candle file by the names the config gives and the names such files usually have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import ConfigurationError
from common.spec import FileSpec

TIME_NAMES = ("datetime", "timestamp", "open_time", "close_time", "Date", "Time", "date", "time")
"""Names a time column goes by when the configured one is absent, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Positions in a row; names are kept for messages."""

    time: int
    prices: tuple[int, int, int, int]
    """open, high, low, close."""
    volume: int | None
    names: tuple[str, ...]


def find_columns(header: Sequence[str], file: FileSpec) -> Columns:
    """Positions of the columns in `header`, letter case ignored. Raises ConfigurationError naming what is missing."""
    names = tuple(name.strip() for name in header)
    time = next((at for name in (file.datetime_col, *TIME_NAMES) if (at := _find(names, name)) is not None), None)
    prices = [_find(names, name) for name in (file.open_col, file.high_col, file.low_col, file.close_col)]
    wanted = (file.datetime_col, file.open_col, file.high_col, file.low_col, file.close_col)
    missing = [name for name, at in zip(wanted, (time, *prices), strict=True) if at is None]
    if time is None or missing:
        raise ConfigurationError(
            f"{file.path}: no column {', '.join(missing)} in its first line ({file.separator.join(names)[:200]}); "
            "name the columns with data.datetime_col, open_col, high_col, low_col, close_col, volume_col "
            "and data.separator"
        )
    return Columns(
        time=time,
        prices=tuple(at for at in prices if at is not None),  # type: ignore[arg-type]
        volume=_find(names, file.volume_col),
        names=names,
    )


def _find(names: Sequence[str], wanted: str) -> int | None:
    if wanted in names:
        return names.index(wanted)
    folded = [name.casefold() for name in names]
    return folded.index(wanted.casefold()) if wanted.casefold() in folded else None
