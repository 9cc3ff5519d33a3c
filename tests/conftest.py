"""Fixtures of all tests: databases come from `databases`."""

from __future__ import annotations

import signal

from effort import examples
from hypothesis import HealthCheck, settings

pytest_plugins = ["databases"]

# How long an example takes says something about the machine, not about the code.
settings.register_profile(
    "botvisor", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("botvisor")

# A shell without job control has its background commands ignore Ctrl-C, and whatever they start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
