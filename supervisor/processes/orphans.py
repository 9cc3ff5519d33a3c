"""Orphaned descendants that the system hands to the supervisor, and their burial.

As subreaper (Linux) the supervisor inherits the children of a dead fork server, with their true exit status,
instead of losing them to init; with them come orphans of orphans, whom nobody else would reap.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection

from common.process import become_subreaper, bury, facts_of
from common.strays import children, kill_strays

_SELDOM_SECONDS = 5.0
_AGAIN_SECONDS = 0.02


class Orphanage:
    """Buries this process's unknown ended children, and kills what dead lives left behind. Looks now and then.

    With `strangers` False it leaves them alone: for a process that has children of its own besides.
    """

    def __init__(self, strangers: bool) -> None:
        """Make this process the heir of its orphaned descendants, where the system knows of such heirs."""
        become_subreaper()
        self._strangers = strangers
        self._look_at = time.monotonic() + _SELDOM_SECONDS
        self._hurried = False

    def hurry(self) -> None:
        """A life has ended: look at once, and again until nothing it left behind is alive."""
        self._hurried = True
        self._look_at = time.monotonic()

    def wake_at(self) -> float | None:
        """Monotonic time of a look that should not wait; None when the next one may come as it comes."""
        return self._look_at if self._hurried and self._strangers else None

    def look(self, spared: Collection[int], living: Collection[int]) -> None:
        """If a look is due: `spared` are pids of children with another reaper, `living` of other processes' lives."""
        if not self._strangers or time.monotonic() < self._look_at:
            return
        self._hurried = bool(kill_strays({*spared, *living}))
        self._look_at = time.monotonic() + (_AGAIN_SECONDS if self._hurried else _SELDOM_SECONDS)
        for pid in children():
            facts = facts_of(pid)
            if pid not in spared and facts is not None and facts.dead:
                with contextlib.suppress(ChildProcessError):
                    bury(pid)
