"""What the supervisor was about when it ended, written down while it lives: for whoever clears up after it.

A process that ended cannot be asked whether it was stopped for good, left for an upgrade, or crashed.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Intent(StrEnum):
    """One word in `intent` in the state folder."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    """Asked to stop: its workers shall end with it."""
    LEAVING = "leaving"
    """It leaves for an upgrade: its workers shall live on."""


def write_intent(state_dir: Path, intent: Intent) -> None:
    """Replace the word as a whole. Raises OSError."""
    draft = state_dir / "intent.new"
    draft.write_text(intent + "\n")
    draft.replace(state_dir / "intent")


def read_intent(state_dir: Path) -> Intent | None:
    """The newest word; None where none was written, or it cannot be read."""
    try:
        return Intent((state_dir / "intent").read_text().strip())
    except (OSError, ValueError):
        return None


def workers_shall_end(intent: Intent | None, result: str, exit_code: str, exit_status: str) -> bool:
    """Whether workers that outlived the service are strays of an intended stop, and not survivors of a crash.

    `result`, `exit_code` and `exit_status` are what systemd hands to ExecStopPost= as $SERVICE_RESULT, $EXIT_CODE and
    $EXIT_STATUS (see systemd.exec(5)); empty where no systemd says anything, and the word alone counts.
    """
    if intent is Intent.LEAVING:
        return False
    if not result:
        return intent is Intent.STOPPING
    if result == "timeout":  # it did not end when told to; before it was up the time that ran out was the start's
        return intent in (Intent.RUNNING, Intent.STOPPING)
    return (result, exit_code, exit_status) == ("success", "exited", "0")
