"""What a worker's exit code tells the supervisor: what a restart can fix, and what it cannot."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit codes of a worker. Any other code is an unforeseen failure."""

    OK = 0
    """A graceful end of this life (drain, SIGTERM, SIGHUP); restarted while the bot is enabled."""
    FAILED = 1
    """An error that a restart may cure."""
    FINISHED = 64
    """A finite feed came to its end; nothing to restart."""
    BAD_SPEC = 78
    """The config cannot be run; a restart cannot cure it (EX_CONFIG of sysexits.h)."""
    BAD_CREDENTIALS = 77
    """The venue refused the credentials; a restart cannot cure it (EX_NOPERM)."""
    LOCKED = 75
    """Another life of this bot holds its lock; try again later (EX_TEMPFAIL)."""
    ORPHANED = 76
    """No supervisor for longer than the grace; left on purpose."""
    UNSETTLED = 79
    """A graceful end for good, but the exchange has not answered yet: a later life must ask again."""


HOPELESS = frozenset({ExitStatus.BAD_SPEC, ExitStatus.BAD_CREDENTIALS})
"""Codes that quarantine a bot at once."""
