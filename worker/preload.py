"""What a fork server imports before its first fork, so that no life has to."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import sys
from collections.abc import Iterable

import worker

_MODULES = (
    "zmq",
    "pydantic",
    "loguru",
    "setproctitle",
    "zoneinfo",
    "common.logs",
    "common.spec",
    "common.wire.codec",
)
_NEVER = ("worker.__main__", "worker.forkserver", "worker.exchange_sim")


def preload(extra: Iterable[str] = ()) -> dict[str, str]:
    """Import the libraries of a worker, all of `worker`, and `extra`; returns the failures, module -> reason.

    `worker.engine` goes first: it decides how backtrader is imported. A module that fails is reported and left
    out; the life that needs it fails with the true error in its own output.
    """
    _remember_library_folders()
    names = ["worker.engine", *_MODULES, *_own_modules(), *extra]
    broken = {}
    for name in dict.fromkeys(names):
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - any code may run at import; one bad module must not stop all bots
            broken[name] = f"{type(error).__name__}: {error}"
    return broken


def preload_exchanges() -> bool:
    """Import the client library of exchanges: large, so only once a life needs it, and then for all lives to share.

    A failure is left to the life, which meets it again and reports it. Returns whether anything was imported now.
    """
    if "ccxt.pro" in sys.modules:
        return False
    with contextlib.suppress(Exception):
        importlib.import_module("ccxt.pro")
    return True


def _own_modules() -> list[str]:
    found = pkgutil.walk_packages(worker.__path__, "worker.", onerror=lambda name: None)
    return [module.name for module in found if not module.name.startswith(_NEVER)]


def _remember_library_folders() -> None:
    """loguru asks the interpreter for its folders at each sink, 4 ms in each life; the answer never changes."""
    from loguru import _better_exceptions

    formatter = getattr(_better_exceptions, "ExceptionFormatter", None)
    ask = getattr(formatter, "_get_lib_dirs", None)
    if callable(ask):
        folders = ask()
        setattr(formatter, "_get_lib_dirs", staticmethod(lambda: folders))  # noqa: B010 - a name that is not ours
