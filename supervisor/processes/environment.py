"""The environment of workers: the supervisor's own, without what only the supervisor may know."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from common.clock import OFFSET_VARIABLE
from common.crash_points import VARIABLE as CRASH_VARIABLE
from common.spec.exchanges import EXCHANGES

_PRIVATE_PREFIXES = ("BOTVISOR_", "WATCHDOG_", "LISTEN_", "PGPASS")
_PRIVATE = frozenset({"DB_URL", "DATABASE_URL", "NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "PGSERVICEFILE"})

_CREDENTIALS = re.compile(r"([A-Z0-9]+?)(_TESTNET)?_API_(KEY|SECRET|PASSWORD)")
_OF_TESTS = (CRASH_VARIABLE, OFFSET_VARIABLE)
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "NUMEXPR")}


def worker_environment(own: Mapping[str, str] | None = None) -> dict[str, str]:
    """`own` (default: this process's) without credentials, our settings and systemd's private channels.

    A worker has all it needs in its ticket; what is not in its environment cannot leak from there. Numeric libraries
    get one thread unless the operator says otherwise: a bot is one process among many, and a fork server must not
    have threads.
    """
    source = os.environ if own is None else own
    return _ONE_THREAD | {name: value for name, value in source.items() if name in _OF_TESTS or not _is_private(name)}


def _is_private(name: str) -> bool:
    return name in _PRIVATE or name.startswith(_PRIVATE_PREFIXES) or _are_credentials(name)


def _are_credentials(name: str) -> bool:
    """Whether it is a variable with an exchange's credentials; keys of other services are the strategies' business."""
    form = _CREDENTIALS.fullmatch(name)
    return form is not None and form[1].lower() in EXCHANGES
