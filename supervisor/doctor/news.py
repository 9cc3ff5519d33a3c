"""The targets of notifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from supervisor.doctor.finding import Finding, doubtful, fine

_TEST = "`botctl notify test` sends a message there and tells what happens"


def targets(found: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Whether each target can be used and was reached last time."""
    if not found:
        yield fine("notifications", "nobody is told anything: neither settings nor configs name a target")
    for target in found:
        words = f"{target['target']} (for {target['whose']})"
        if target["health"] in ("UNUSABLE", "DOWN", "DEGRADED"):
            yield doubtful("notifications", f"{words}: {target['error'] or 'it failed when last tried'}", _TEST)
        else:
            tried = "reached when last tried" if target["health"] == "HEALTHY" else "not tried yet"
            yield fine("notifications", f"{words}: {tried}")
