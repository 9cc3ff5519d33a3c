"""`python -m supervisor` runs the service; `python -m supervisor <command>` is `botctl`."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> int:
    """Run the service, or a command when one is named first."""
    _refuse_shadow()
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        from supervisor.cli.app import main as botctl

        return botctl()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    for name in ("SIGHUP", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _too_early)
    if hasattr(signal, "SIGUSR2"):
        signal.signal(signal.SIGUSR2, _leave)
    from supervisor.service import main as service

    return service(arguments)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Asked to stop before there is anything to stop; the control loop takes the signals over when it runs."""
    raise SystemExit(0)


def _too_early(number: int, frame: FrameType | None) -> None:
    """Rows that are read anyway, a table that is empty still: by default these signals would end the process."""


def _refuse_shadow() -> None:
    """supervisord's package is called `supervisor` too; say so instead of failing strangely."""
    import supervisor

    if not (supervisor.__doc__ or "").startswith("The supervisor: reads what should be"):
        sys.exit(
            f"botvisor's package `supervisor` is shadowed by {supervisor.__file__}: another distribution of that name"
            " (supervisord?) is installed here. Install botvisor into a virtual environment of its own."
        )


if __name__ == "__main__":
    sys.exit(main())
