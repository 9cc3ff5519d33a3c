"""Credentials in a config: the name of stored ones, or plain ones, which are taken out before it is handed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from common.spec.decode import decode
from common.spec.gate import API_KEY, API_PASSWORD, API_SECRET, CREDENTIALS, is_secret_name
from common.wire.ticket import Credentials

_PLAIN = (API_KEY.name, API_SECRET.name, API_PASSWORD.name)


def named_credentials(config: object) -> str | None:
    """Name of the stored credentials that a live config asks for, however broken the config is otherwise."""
    broker = _broker(decode(config)[0] or {})
    mode, name = broker.get("trading_mode"), broker.get(CREDENTIALS.name)
    live = isinstance(mode, str) and mode.strip().lower() == "live"
    return name.strip() if live and isinstance(name, str) and is_secret_name(name.strip()) else None


def plain_credentials(config: Mapping[str, Any]) -> Credentials | None:
    """Those that stand in the config itself; None without both key and secret."""
    broker = _broker(config)
    key, secret, password = (_text(broker.get(name)) for name in _PLAIN)
    return Credentials(api_key=key, secret=secret, password=password) if key and secret else None


def without_credentials(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without plain credentials; the rest is shared with `config`."""
    broker = _broker(config)
    if not any(name in broker for name in _PLAIN):
        return dict(config)
    return {**config, "broker": {name: value for name, value in broker.items() if name not in _PLAIN}}


def _broker(config: Mapping[str, Any]) -> Mapping[str, Any]:
    broker = config.get("broker")
    return broker if isinstance(broker, Mapping) else {}


def _text(value: object) -> SecretStr | None:
    return SecretStr(value.strip()) if isinstance(value, str) and value.strip() else None
