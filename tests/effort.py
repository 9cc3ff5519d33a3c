"""How much of a random search a test run affords."""

from __future__ import annotations

import os

THOROUGH = os.environ.get("BOTVISOR_TEST_THOROUGH") == "1"
"""Set by `make test-all`: every property is searched to its full count of examples."""


def examples(full: int) -> int:
    """The number of examples to try: a quarter of the full count, at least ten, in the short run."""
    return full if THOROUGH else min(full, max(10, full // 4))
