"""Sealing credentials, so that a database, a dump or a backup of it is worth nothing without the keys."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import ValidationError

from common.errors import ConfigurationError
from common.wire.ticket import Credentials

NO_KEY = (
    "there is no key for stored credentials; make one with `botctl secrets key` and set BOTVISOR_SECRET_KEY or "
    "BOTVISOR_SECRET_KEY_FILE"
)


def fresh_key() -> str:
    """A new key, as text."""
    return Fernet.generate_key().decode()


class Seal:
    """The keys in force: the first seals, each of them opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ConfigurationError when there is no key, or one that is none."""
        if not keys:
            raise ConfigurationError(NO_KEY)
        try:
            self._keys = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise ConfigurationError(
                "a key for stored credentials is not 32 bytes in URL-safe base64 (44 characters); make one with "
                "`botctl secrets key`"
            ) from None

    def close(self, credentials: Credentials) -> str:
        """The credentials sealed with the first key."""
        parts = {"api_key": credentials.api_key, "secret": credentials.secret, "password": credentials.password}
        clear = {name: part.get_secret_value() for name, part in parts.items() if part is not None}
        return self._keys.encrypt(json.dumps(clear).encode()).decode()

    def open(self, sealed: str) -> Credentials:
        """What was sealed. Raises ConfigurationError when no key fits or what comes out are no credentials."""
        try:
            return Credentials.model_validate_json(self._keys.decrypt(sealed.encode()))
        except InvalidToken:
            raise ConfigurationError(
                "none of the keys opens it; add the key it was sealed with to BOTVISOR_SECRET_KEY "
                "(or BOTVISOR_SECRET_KEY_FILE), or store it anew with `botctl secrets add --replace`"
            ) from None
        except ValidationError:
            raise ConfigurationError(
                "it was opened but holds no credentials; store it anew with `botctl secrets add --replace`"
            ) from None

    def renewed(self, sealed: str) -> str:
        """The same sealed with the first key. Raises ConfigurationError when no key fits."""
        self.open(sealed)
        return self._keys.rotate(sealed.encode()).decode()
