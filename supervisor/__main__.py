"""`python -m supervisor` runs the service; `python -m supervisor <command>` is `botctl`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    """Run the service, or a command when one is named first."""
    _refuse_shadow()
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        from supervisor.cli.app import main as botctl

        return botctl()
    wanted = [word for word in arguments if word != "--init"]
    if hasattr(os, "fork") and (os.getpid() == 1 or wanted != arguments):
        from supervisor.init import Init

        return Init(lambda: _serve(wanted), _left_for_an_upgrade).run()
    return _serve(arguments)


def _serve(arguments: list[str]) -> int:
    from supervisor.signals import SignalInbox

    # Before the second that the other imports take: what is asked for meanwhile is done once the loop runs, and a stop
    # then ends the workers of an earlier supervisor too. An exception raised by a handler could be lost in an import.
    signals = SignalInbox()
    with signals.listening():
        from supervisor.service import main as service

        return service(arguments, signals)


def _left_for_an_upgrade() -> bool:
    """Asked after the service has ended; read as the service reads it, without importing what it imports."""
    from supervisor.host.intent import Intent, read_intent

    return read_intent(Path(os.environ.get("BOTVISOR_STATE_DIR") or "var").expanduser()) is Intent.LEAVING


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
