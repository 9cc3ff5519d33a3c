"""Credentials in a config: the name of stored ones, or plain ones, which are blanked before it is handed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from common.spec.decode import decode
from common.spec.gate import API_KEY, API_PASSWORD, API_SECRET, CREDENTIALS, is_secret_name
from common.wire.ticket import Credentials

_PLAIN = (API_KEY.name, API_SECRET.name, API_PASSWORD.name)
_BLANK = "[redacted]"


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


def blanked(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with plain credentials made unreadable, though not absent; the rest is shared with `config`."""
    broker = _broker(config)
    found = {name: _BLANK for name in _PLAIN if broker.get(name) is not None}
    return {**config, "broker": {**broker, **found}} if found else dict(config)


def with_name(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The config with the name of stored credentials in the place of plain ones."""
    broker = {key: value for key, value in _broker(config).items() if key not in _PLAIN}
    return {**config, "broker": {**broker, CREDENTIALS.name: name}}


def _broker(config: Mapping[str, Any]) -> Mapping[str, Any]:
    broker = config.get("broker")
    return broker if isinstance(broker, Mapping) else {}


def _text(value: object) -> SecretStr | None:
    return SecretStr(value.strip()) if isinstance(value, str) and value.strip() else None
