"""The key pair that proves this supervisor to workers over TCP, kept so that workers outlive a restart of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import zmq

from common.errors import ConfigurationError

FILE_NAME = "intake.keys"
_KEY_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A CURVE key pair, each key as 40 characters of Z85."""

    public: str
    secret: str = field(repr=False)


def load_keys(state_dir: Path) -> KeyPair:
    """The key pair kept in `state_dir`, made on first use with mode 0600.

    Raises ConfigurationError when the file cannot be read or written, is readable by others, or holds no key pair.
    """
    path = state_dir / FILE_NAME
    try:
        if not path.exists():
            _write(path)
        mode = path.stat().st_mode & 0o777
        text = path.read_text()
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path} cannot be used: {error.strerror}; make {state_dir} writable for this user"
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigurationError(
            f"the key file {path} has mode {mode:04o}, others could read it; remove it (new keys are made) or chmod 600"
        )
    return _parse(path, text)


def _write(path: Path) -> None:
    public, secret = zmq.curve_keypair()
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, public + b"\n" + secret + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(aside, path)


def _parse(path: Path, text: str) -> KeyPair:
    lines = text.split()
    if [len(line) for line in lines] == [_KEY_LENGTH, _KEY_LENGTH]:
        public, secret = lines
        if zmq.curve_public(secret.encode()).decode() == public:
            return KeyPair(public=public, secret=secret)
    raise ConfigurationError(
        f"the key file {path} does not hold a public and a secret key of {_KEY_LENGTH} characters that belong "
        "together; remove it, new keys are made and running workers are replaced"
    )
