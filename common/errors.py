"""Root of the errors this project raises on purpose."""

from __future__ import annotations


class BotvisorError(Exception):
    """An expectation was broken; the message names the thing, the value, the rule and the remedy."""


class ConfigurationError(BotvisorError):
    """A setting or a bot's config is wrong; only a person can mend it."""


class TransientError(BotvisorError):
    """The outside world failed in a way that may pass; trying again later is right."""
