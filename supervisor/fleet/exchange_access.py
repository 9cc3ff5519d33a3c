"""How bots reach their exchanges: the part of a ticket with credentials in it, put together from where they are kept.

Belongs to the control loop, which holds the opened credentials in memory and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from common import logs
from common.errors import ConfigurationError
from common.process import hide_memory
from common.spec import BotSpec
from common.spec.credentials import named_credentials, plain_credentials
from common.spec.problems import missing_credentials_problem
from common.wire.ticket import Credentials, ExchangeTicket
from supervisor.host.exchange_environment import ExchangeEnvironment, variable_prefix
from supervisor.store.secrets import Secrets


class ExchangeAccess:
    """Knows the stored credentials and the environment's."""

    def __init__(self, environment: ExchangeEnvironment, bucket_dir: Path) -> None:
        self._environment = environment
        self._bucket_dir = bucket_dir
        self._secrets: Secrets = {}

    def take(self, secrets: Secrets) -> None:
        """These are the stored credentials now."""
        self._secrets = secrets
        for secret in secrets.values():
            _hide(secret.credentials)

    def version_of(self, config: object) -> str | None:
        """What changes when the stored credentials that the config names do; None when it names no stored ones."""
        secret = self._secrets.get(named_credentials(config) or "")
        if secret is None:
            return None
        return f"{secret.version}" if secret.credentials else f"{secret.version} sealed"

    def ticket(self, spec: BotSpec) -> ExchangeTicket | None:
        """What the bot's next life is given; None when it needs no exchange.

        Raises ConfigurationError when it is live and its credentials are missing or cannot be opened.
        """
        broker = spec.broker
        if broker.exchange is None:
            return None
        options = merged(self._environment.options.get(broker.exchange, {}), broker.ccxt)
        mode: Literal["live", "testnet", "public"] = "public"
        credentials = None
        if broker.live:
            mode = "testnet" if broker.testnet else "live"
            credentials = self._credentials(spec, broker.exchange)
            _hide(credentials)
        logs.register_secrets_of(options)
        return ExchangeTicket(
            exchange=broker.exchange,
            mode=mode,
            options=options,
            credentials=credentials,
            bucket_dir=self._bucket_dir,
        )

    def _credentials(self, spec: BotSpec, exchange: str) -> Credentials:
        broker = spec.broker
        if broker.credentials is not None:
            return self._stored(broker.credentials)
        found = plain_credentials(spec.raw) or self._environment.credentials(exchange, testnet=broker.testnet)
        if found is None:
            variables = variable_prefix(exchange, testnet=broker.testnet)
            raise ConfigurationError(
                "broker.credentials is missing: live trading needs credentials; store some with `botctl secrets add "
                f"NAME` and name them there, or set {variables}_API_KEY and {variables}_API_SECRET for the supervisor"
            )
        return found

    def _stored(self, name: str) -> Credentials:
        secret = self._secrets.get(name)
        if secret is None:
            raise ConfigurationError(missing_credentials_problem(name).message)
        if secret.credentials is None:
            raise ConfigurationError(f'broker.credentials is "{name}": {secret.fault}')
        return secret.credentials


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid over it, objects key by key at every depth."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = merged(below, value) if both and isinstance(below, Mapping) else value
    return result


def _hide(credentials: Credentials | None) -> None:
    """From now on they are in this process's memory: out of its logs, and out of core files."""
    if credentials is None:
        return
    hide_memory()
    for text in credentials.texts():
        logs.register_secret(text)
