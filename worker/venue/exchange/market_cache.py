"""The description of one instrument, kept from one life to the next.

An exchange describes all its instruments at once, which is large and slow to read; a bot needs one. What cannot be read
or written is asked for again: the cache is never the reason why a life fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from common.wire.ticket import ExchangeTicket
from worker.venue.exchange_port import InstrumentKind

FRESH_SECONDS = 86_400.0
"""Exchanges change steps and limits now and then; after a day they are asked again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One instrument in the client's words."""

    market: dict[str, Any]
    names: dict[str, list[str]]
    """See `instrument.other_names`."""


class MarketCache:
    """One file for each exchange, address, kind and symbol. Any number of processes may use it."""

    def __init__(self, ticket: ExchangeTicket, symbol: str, kind: InstrumentKind) -> None:
        where = json.dumps([ticket.mode, ticket.options.get("urls"), kind, symbol], sort_keys=True, default=str)
        digest = hashlib.sha256(where.encode()).hexdigest()[:16]
        self._path = ticket.bucket_dir / "markets" / f"{ticket.exchange}-{digest}.json"

    def read(self, now: datetime) -> Kept | None:
        """The instrument; None when it is not known, or not freshly."""
        try:
            age = now.timestamp() - self._path.stat().st_mtime
            content = json.loads(self._path.read_text(encoding="utf-8"))
            kept = Kept(dict(content["market"]), {name: list(keys) for name, keys in content["names"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        usable = "symbol" in kept.market and "precision" in kept.market
        return kept if usable and -60.0 <= age <= FRESH_SECONDS else None

    def write(self, market: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> None:
        """Keep it; nothing happens when it cannot be kept."""
        written = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError, TypeError, ValueError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            Path(written).write_text(json.dumps({"market": market, "names": names}), encoding="utf-8")
            os.replace(written, self._path)

    def forget(self) -> None:
        """What is kept proved to be wrong."""
        with contextlib.suppress(OSError):
            self._path.unlink()
