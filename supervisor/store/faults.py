"""What a database error means: wrong for ever, away for now, or one row it will never take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from common.errors import BotvisorError, ConfigurationError, TransientError

_HOPELESS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "invalid dsn",
    "invalid connection option",
    "file is not a database",
    "attempt to write a readonly database",
    "permission denied",
)
_HOPELESS_WHEN_MISSING = ("database", "role")
_POISON_CLASSES = ("22", "23", "54")
"""SQLSTATE classes of data exception, integrity violation and program limit exceeded."""


_LOCK_CODES = ("55P03", "40P01")
"""lock_not_available (the wait for a lock was too long) and deadlock_detected."""


class RowsLocked(TransientError):
    """Another session has locked what was to be written; nothing was, the connection is well."""


class SettingsRefused(ConfigurationError):
    """The database answered, and no retry will change what it said."""


def message_of(error: BaseException) -> str:
    """First line of what the driver said, without SQL and parameters."""
    original = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    lines = str(original).strip().splitlines()
    return lines[0] if lines else type(original).__name__


def is_poison(error: BaseException) -> bool:
    """Whether the database, or the way to it, refuses these very values: another try gives the same answer."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return False
        code = getattr(error.orig, "pgcode", None)
        if code is not None:
            return code[:2] in _POISON_CLASSES
        return type(error).__name__ in ("DataError", "IntegrityError")
    # A StatementError that is no DBAPIError was raised while values were being converted.
    return isinstance(error, StatementError | ValueError | TypeError | ArithmeticError | UnicodeError)


def is_locked(error: BaseException) -> bool:
    """Whether somebody else's lock was in the way; on SQLite the whole database is locked, which is not meant."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) in _LOCK_CODES


def fault_of(error: SQLAlchemyError) -> BotvisorError:
    """The error as ConfigurationError (a person has to mend it) or TransientError (it may pass)."""
    message = message_of(error)
    if isinstance(error, PoolTimeout):
        return TransientError(f"no database connection became free: {message}")
    if is_locked(error):
        return RowsLocked(f"another session holds a lock on what is to be written: {message}")
    if _is_hopeless(message):
        return SettingsRefused(f"the database refuses: {message}; correct the database URL or the rights behind it")
    return TransientError(f"the database does not answer as it should: {message}")


def _is_hopeless(message: str) -> bool:
    lower = message.lower()
    if any(word in lower for word in _HOPELESS):
        return True
    return "does not exist" in lower and any(f'{what} "' in lower for what in _HOPELESS_WHEN_MISSING)


@contextmanager
def translated() -> Iterator[None]:
    """Turns what SQLAlchemy raises inside the block into this project's errors; `fault_of` says which.

    Raises SettingsRefused and TransientError, RowsLocked among them. Poison passes as it is, for whoever can single
    it out.
    """
    try:
        yield
    except SQLAlchemyError as error:
        if is_poison(error):
            raise
        raise fault_of(error) from error
