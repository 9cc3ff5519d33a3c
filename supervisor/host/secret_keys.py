"""The keys of stored credentials: from the environment, a file, or a credential that systemd handed over."""

from __future__ import annotations

import re

from common.errors import ConfigurationError
from supervisor.settings import Settings


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """The keys in force, newest first; none where none is configured. A file is read anew each time.

    Raises ConfigurationError when the file cannot be read.
    """
    given = settings.secret_key.get_secret_value()
    if given.strip() or settings.secret_key_file is None:
        return _keys(given)
    try:
        return _keys(settings.secret_key_file.read_text())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(
            f"BOTVISOR_SECRET_KEY_FILE={settings.secret_key_file} cannot be read: {why}; mend its path or mode"
        ) from None


def _keys(text: str) -> tuple[str, ...]:
    return tuple(key for key in re.split(r"[\s,]+", text) if key)
