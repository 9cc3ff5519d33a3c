"""What the control thread was last told of the bots, so that it is told of others' changes and never of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from supervisor.store.bots import RawBot
from supervisor.store.commands import WriteStatus
from supervisor.store.secrets import SealedSecret
from supervisor.store.status import changed_metadata

_OURS = frozenset({"last_error", "last_error_time"})
"""Keys of extra_metadata that are reports, never wishes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody else did since the last look."""

    changed: tuple[RawBot, ...]
    removed: tuple[int, ...]


class Picture:
    """The rows as last told, with our own writes applied."""

    def __init__(self) -> None:
        self._known: dict[int, RawBot] = {}
        self.sealed: dict[str, SealedSecret] = {}
        """The stored credentials as last told."""

    def compare(self, found: Mapping[int, RawBot]) -> Difference:
        """What differs between all the rows as found now and what was told."""
        changed = tuple(raw for raw in found.values() if _wish(raw) != _wish(self._known.get(raw.id)))
        return Difference(changed, tuple(sorted(set(self._known) - set(found))))

    def learn(self, found: Mapping[int, RawBot]) -> None:
        """All the rows as found are told now."""
        self._known = dict(found)

    def status_written(self, command: WriteStatus) -> None:
        """We wrote this; finding it in the row is no news."""
        known = self._known.get(command.bot_id)
        if known is None:
            return
        kept = {key: value for key, value in known.extra_metadata.items() if key not in command.metadata_remove}
        metadata = MappingProxyType(kept | changed_metadata(command))
        self._known[known.id] = replace(known, status=command.status or known.status, extra_metadata=metadata)


def _wish(raw: RawBot | None) -> tuple[object, ...] | None:
    if raw is None:
        return None
    return (
        raw.config_text,
        raw.status,
        raw.user_id,
        raw.description,
        {key: value for key, value in raw.extra_metadata.items() if key not in _OURS},
        raw.created_at,
    )
