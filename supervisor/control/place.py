"""Where the control socket is: a file in the run folder, or a port of the loopback interface with a secret beside it.

The secret stands in for the file's mode: whoever may read the note in the run folder may ask.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from common.errors import ConfigurationError

LONGEST_SOCKET_PATH = 107
NOTE_NAME = "control.json"
_LOOPBACK = "127.0.0.1"
_BACKLOG = 64


def control_path(run_dir: Path) -> Path:
    """Where the control socket of a run folder is, when it is a file."""
    return run_dir / "control.sock"


@dataclass(frozen=True, slots=True)
class ControlListener:
    """A listening socket, the secret its clients must know (None: the file's mode decides), and its file."""

    socket: socket.socket
    token: str | None
    path: Path

    def close(self) -> None:
        """Stop listening and remove the file."""
        self.socket.close()
        self.path.unlink(missing_ok=True)


def listen_unix(path: Path) -> ControlListener:
    """Listen on a socket file that only its owner may use. Raises ConfigurationError."""
    length = len(os.fsencode(path))
    if length > LONGEST_SOCKET_PATH:
        raise ConfigurationError(
            f"The control socket {path} has a path of {length} bytes; the system allows {LONGEST_SOCKET_PATH}."
            " Set BOTVISOR_RUN_DIR to a shorter folder."
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    mask = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(os.fspath(path))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"The control socket {path} cannot be opened: {error.strerror}."
            " Remove what is there, or set BOTVISOR_RUN_DIR to another folder."
        ) from None
    finally:
        os.umask(mask)
    listener.listen(_BACKLOG)
    path.with_name(NOTE_NAME).unlink(missing_ok=True)  # of a supervisor that listened on a port and was killed
    logger.debug("Control socket listens at {}", path)
    return ControlListener(listener, None, path)


def listen_tcp(run_dir: Path) -> ControlListener:
    """Listen on a free port of the loopback interface; port and secret go into a note. Raises ConfigurationError."""
    note = run_dir / NOTE_NAME
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setblocking(False)
    token = secrets.token_hex(32)
    try:
        listener.bind((_LOOPBACK, 0))
        listener.listen(_BACKLOG)
        _write_privately(note, json.dumps({"port": listener.getsockname()[1], "token": token}))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"The control socket on {_LOOPBACK} cannot be opened, or its note {note} not be written: {error.strerror}."
            " Make the folder writable, or set BOTVISOR_RUN_DIR to another."
        ) from None
    control_path(run_dir).unlink(missing_ok=True)
    logger.debug("Control socket listens on port {} of {}", listener.getsockname()[1], _LOOPBACK)
    return ControlListener(listener, token, note)


def connect(run_dir: Path, timeout: float) -> tuple[socket.socket, str | None] | None:
    """A connection to the supervisor of a run folder, and the secret it wants; None when none listens."""
    note = _read_note(run_dir / NOTE_NAME)
    if note is not None:
        client, address, token = socket.socket(socket.AF_INET, socket.SOCK_STREAM), (_LOOPBACK, note[0]), note[1]
        return _connected(client, address, timeout, token)
    path = control_path(run_dir)
    if not hasattr(socket, "AF_UNIX") or not path.exists():
        return None
    return _connected(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), os.fspath(path), timeout, None)


def _connected(
    client: socket.socket, address: str | tuple[str, int], timeout: float, token: str | None
) -> tuple[socket.socket, str | None] | None:
    client.settimeout(timeout)
    try:
        client.connect(address)
    except OSError:
        client.close()
        return None
    return client, token


def _write_privately(path: Path, text: str) -> None:
    """The file replaces an older one as a whole and is never readable by others, not even for a moment."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sink:
        sink.write(text)
    draft.replace(path)


def _read_note(path: Path) -> tuple[int, str] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads(path.read_text())
        return int(note["port"]), str(note["token"])
    return None
