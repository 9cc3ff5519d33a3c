"""How long to wait before trying again: exponential, capped, with the caller's jitter."""

from __future__ import annotations

from common.errors import BotvisorError

_MAX_DOUBLINGS = 64


def delay(attempt: int, jitter: float, *, base: float = 1.0, cap: float = 60.0, spread: float = 0.25) -> float:
    """Seconds to wait before the next try after `attempt` failed ones: 0, base, 2 base, 4 base ... cap.

    The first retry is at once. `jitter` in [0, 1) moves the capped wait evenly within ± `spread` of itself,
    so that many who failed together do not come back together. Raises BotvisorError for a jitter or a spread
    outside its range.
    """
    if not 0.0 <= jitter < 1.0:
        raise BotvisorError(f"jitter {jitter} is outside [0, 1); hand in a uniform random number")
    if not 0.0 <= spread <= 1.0:
        raise BotvisorError(f"spread {spread} is outside [0, 1]; a wait cannot become negative")
    if attempt <= 1:
        return 0.0
    wait = min(cap, base * 2.0 ** min(attempt - 2, _MAX_DOUBLINGS))
    return wait * (1.0 - spread + 2.0 * spread * jitter)
