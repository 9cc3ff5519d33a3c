"""Classes of errors: what kind of thing went wrong, which decides what is done about it.

An error is classed by the names in its type's ancestry, most specific first, so that the libraries that raise
them (exchange clients, database drivers) need not be imported here.
"""

from __future__ import annotations

import errno
from enum import StrEnum


class ErrorClass(StrEnum):
    """Kinds of errors; each has its own recovery (`common.recovery`)."""

    NETWORK = "network"
    """A venue, a feed or a host cannot be reached."""
    EXCHANGE = "exchange"
    """The venue was reached and refused or failed."""
    RATE_LIMIT = "rate_limit"
    """The venue asks for fewer calls."""
    AUTHENTICATION = "authentication"
    """Credentials are missing, wrong or lack a right."""
    STRATEGY = "strategy"
    """The strategy's own code failed."""
    DATABASE = "database"
    """The database is away, locked, or refuses."""
    CONFIGURATION = "configuration"
    """A config or a setting is wrong; only a person can mend it."""
    SYSTEM = "system"
    """The machine or a process: crash, kill, memory, disk."""


_BY_NAME = {
    "RateLimitExceeded": ErrorClass.RATE_LIMIT,
    "DDoSProtection": ErrorClass.RATE_LIMIT,
    "AuthenticationError": ErrorClass.AUTHENTICATION,
    "PermissionDenied": ErrorClass.AUTHENTICATION,
    "AccountSuspended": ErrorClass.AUTHENTICATION,
    "NetworkError": ErrorClass.NETWORK,
    "RequestTimeout": ErrorClass.NETWORK,
    "ExchangeNotAvailable": ErrorClass.NETWORK,
    "ExchangeUnavailable": ErrorClass.NETWORK,
    "ExchangeRateLimitError": ErrorClass.RATE_LIMIT,
    "ExchangeAuthenticationError": ErrorClass.AUTHENTICATION,
    "OnMaintenance": ErrorClass.NETWORK,
    "ConnectionError": ErrorClass.NETWORK,
    "TimeoutError": ErrorClass.NETWORK,
    "gaierror": ErrorClass.NETWORK,
    "ExchangeError": ErrorClass.EXCHANGE,
    "BaseError": ErrorClass.EXCHANGE,
    "ConfigurationError": ErrorClass.CONFIGURATION,
    "JournalError": ErrorClass.SYSTEM,
    "MemoryError": ErrorClass.SYSTEM,
    "TransientError": ErrorClass.DATABASE,
}
_BY_PACKAGE = {
    "sqlalchemy": ErrorClass.DATABASE,
    "psycopg2": ErrorClass.DATABASE,
    "sqlite3": ErrorClass.DATABASE,
    "aiohttp": ErrorClass.NETWORK,
    "requests": ErrorClass.NETWORK,
    "urllib3": ErrorClass.NETWORK,
}
_BY_NUMBER = {
    **dict.fromkeys((errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN), ErrorClass.NETWORK),
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO),
        ErrorClass.SYSTEM,
    ),
}
_DEEPEST = 8
"""Causes that are followed before the search is given up."""


def classify(error: BaseException, default: ErrorClass = ErrorClass.SYSTEM) -> ErrorClass:
    """The class of `error`; of one that says nothing itself, that of what it was raised from; else `default`."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            break
        found = _class_of(cause)
        if found is not None:
            return found
        cause = cause.__cause__
    return default


def error_class_of(word: str | None) -> ErrorClass | None:
    """The class with this name; None when there is none, such as one of a newer program."""
    return ErrorClass(word) if word in _WORDS else None


_WORDS = frozenset(map(str, ErrorClass))


def _class_of(error: BaseException) -> ErrorClass | None:
    for kind in type(error).__mro__:
        found = _BY_NAME.get(kind.__name__) or _BY_PACKAGE.get(kind.__module__.partition(".")[0])
        if found is not None:
            return found
    return _BY_NUMBER.get(error.errno) if isinstance(error, OSError) and error.errno is not None else None
