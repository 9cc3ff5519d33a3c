"""What is told to Windows when the service is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import ConfigurationError

SERVICE = "botvisor"
DISPLAY_NAME = "botvisor (trading bots)"
DESCRIPTION = "Runs one process per trading bot and keeps it running."
ARGUMENTS = "-m supervisor.windows serve"
SETTINGS_OPTION = "settings"
"""Under which the service's settings are kept in its registry key."""
STOP_MARGIN = 15.0
"""Seconds the wrapper gives the supervisor beyond its own longest stop."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One installation."""

    python: str
    settings: Mapping[str, str]
    """Variables of the service; those of the shell that installs it are not seen by a service."""

    def lines(self) -> list[str]:
        """The plan as a person reads it."""
        return [
            f"service      {SERVICE} ({DISPLAY_NAME})",
            f'command      "{self.python}" {ARGUMENTS}',
            "start        automatic, restarted after 1 s when it fails",
            *(f"setting      {name}={value}" for name, value in sorted(self.settings.items())),
        ]

    def settings_text(self) -> str:
        """The settings as they are kept."""
        return json.dumps(dict(self.settings), sort_keys=True)


def settings_of(words: list[str]) -> dict[str, str]:
    """Settings given as NAME=VALUE. Raises ConfigurationError."""
    settings = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not (name.startswith("BOTVISOR_") or name == "DB_URL"):
            raise ConfigurationError(f"{word!r}: a setting is given as BOTVISOR_NAME=VALUE; see docs/settings.md")
        settings[name] = value
    if "BOTVISOR_STATE_DIR" not in settings:
        raise ConfigurationError("BOTVISOR_STATE_DIR=FOLDER is needed: a service has no working folder of its own")
    return settings


def settings_from(text: str) -> dict[str, str]:
    """Settings as they were kept; nothing where nothing was."""
    kept = json.loads(text) if text else {}
    return {str(name): str(value) for name, value in kept.items()}
