"""What the supervisor's environment says of exchanges: credentials, and options of their clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from common.errors import ConfigurationError
from common.spec.broker import SECRETS_OF_THE_CLIENT
from common.wire.ticket import Credentials
from supervisor.settings import OPTIONS_PREFIX


@dataclass(frozen=True, slots=True)
class ExchangeEnvironment:
    """Read once, at start."""

    options: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """By exchange, in lower case."""
    _credentials: Mapping[str, Credentials] = field(default_factory=dict, repr=False)
    """By the beginning of the variables' names: BINANCE, BINANCE_TESTNET."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> ExchangeEnvironment:
        """Raises ConfigurationError naming a variable that is not the JSON object it should be."""
        options = {
            name.removeprefix(OPTIONS_PREFIX).lower(): _options(name, text)
            for name, text in environ.items()
            if name.startswith(OPTIONS_PREFIX) and text.strip()
        }
        owners = {name.removesuffix(_KEY) for name, text in environ.items() if name.endswith(_KEY) and text.strip()}
        found = {owner: _credentials(owner, environ) for owner in owners}
        return cls(options, {owner: credentials for owner, credentials in found.items() if credentials})

    def credentials(self, exchange: str, *, testnet: bool) -> Credentials | None:
        """Those of the exchange, or of its test network; None without both key and secret."""
        return self._credentials.get(variable_prefix(exchange, testnet=testnet))


_KEY, _SECRET, _PASSWORD = "_API_KEY", "_API_SECRET", "_API_PASSWORD"


def variable_prefix(exchange: str, *, testnet: bool) -> str:
    """What the names of an exchange's variables begin with."""
    return exchange.upper() + ("_TESTNET" if testnet else "")


def _credentials(owner: str, environ: Mapping[str, str]) -> Credentials | None:
    key, secret, password = (_text(environ.get(owner + part)) for part in (_KEY, _SECRET, _PASSWORD))
    return Credentials(api_key=key, secret=secret, password=password) if key and secret else None


def _text(value: str | None) -> SecretStr | None:
    return SecretStr(value.strip()) if value and value.strip() else None


def _options(name: str, text: str) -> dict[str, Any]:
    try:
        options = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} is not JSON: {error}; write an object, or unset it") from None
    if not isinstance(options, dict):
        raise ConfigurationError(f"{name} holds no JSON object; write one, or unset it")
    secrets = [key for key in SECRETS_OF_THE_CLIENT if key in options]
    if secrets:
        raise ConfigurationError(
            f"{name} holds {', '.join(secrets)}: credentials are no options of the client; use `botctl secrets add`"
        )
    return options
