"""How the supervisor collects garbage: rarely, and never what was there at the start."""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100


def settle_collector() -> None:
    """Call once when everything is imported and assembled.

    Decoding facts makes many short-lived objects without cycles; with the usual thresholds a quarter of the
    recorder's time goes into looking for cycles among them, and among all modules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
