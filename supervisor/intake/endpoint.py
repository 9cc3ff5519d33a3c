"""Where workers find the socket: a path in a private folder, or a port on the loopback interface.

Both stay the same over restarts of the supervisor, so that workers which outlived it come back by themselves.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import zmq

from common.errors import ConfigurationError

SOCKET_FOLDER = "intake"
SOCKET_NAME = "s"
PORT_FILE = "intake.port"
MAX_PATH = zmq.IPC_PATH_MAX_LEN
"""Longest path of a socket in bytes; the system's limit (107 on Linux)."""


def socket_path(run_dir: Path) -> Path:
    """The socket below `run_dir`, in a folder of its own (mode 0700) that the router makes when it binds."""
    return run_dir / SOCKET_FOLDER / SOCKET_NAME


def loopback_endpoint(state_dir: Path) -> str:
    """The endpoint on the port used last time, when it is remembered and free; otherwise on any free port."""
    try:
        port = int((state_dir / PORT_FILE).read_text())
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (OSError, ValueError, OverflowError):
        return "tcp://127.0.0.1:*"
    return f"tcp://127.0.0.1:{port}"


def remember_port(state_dir: Path, endpoint: str) -> None:
    """Keep the port of a bound TCP endpoint for the next start. Raises ConfigurationError."""
    path = state_dir / PORT_FILE
    try:
        path.write_text(endpoint.rpartition(":")[2] + "\n")
    except OSError as error:
        raise ConfigurationError(
            f"the port file {path} cannot be written: {error.strerror}; make {state_dir} writable for this user"
        ) from error


def prepare_ipc(endpoint: str) -> Path:
    """Make the way free for binding `endpoint` (ipc://…); returns the socket's path.

    The folder is made with mode 0700, a socket left behind by a dead process is removed. Raises
    ConfigurationError for a relative or too long path, a folder others may write to, a path that is taken.
    """
    path = Path(endpoint.removeprefix("ipc://"))
    _check_path(path)
    try:
        _prepare_folder(path.parent)
        _remove_stale(path)
    except OSError as error:
        raise ConfigurationError(
            f"the socket {path} cannot be made: {error.strerror}; make {path.parent} writable for this user "
            "or set BOTVISOR_RUN_DIR to another folder"
        ) from error
    return path


def bind_private(socket: zmq.Socket[bytes], endpoint: str, path: Path) -> int:
    """Bind so that the socket file has mode 0600 from its first moment; returns the file's inode."""
    before = os.umask(0o177)
    try:
        socket.bind(endpoint)
    finally:
        os.umask(before)
    path.chmod(0o600)
    return path.stat().st_ino


def remove_own(path: Path, inode: int) -> None:
    """Remove the socket file if it is still the one with `inode`."""
    try:
        if path.lstat().st_ino == inode:
            path.unlink()
    except OSError:
        return


def _check_path(path: Path) -> None:
    length = len(os.fsencode(path))
    if not path.is_absolute():
        raise ConfigurationError(f"the socket path {path} is relative; set BOTVISOR_RUN_DIR to an absolute folder")
    if length > MAX_PATH:
        raise ConfigurationError(
            f"the socket path {path} is {length} bytes long, the system allows {MAX_PATH}; "
            "set BOTVISOR_RUN_DIR to a shorter folder, such as /run/botvisor"
        )


def _prepare_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            mode = status.st_mode & 0o7777
            raise ConfigurationError(
                f"the socket folder {folder} (owner {status.st_uid}, mode {mode:04o}) can be changed by others; make "
                "it owned by this user with mode 0700, or set BOTVISOR_RUN_DIR to another folder"
            ) from None
        if folder.name == SOCKET_FOLDER:
            folder.chmod(0o700)


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(f"{path} is in the way of the workers' socket and is no socket; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ConfigurationError(
        f"another process listens on {path}; is a supervisor already running with this BOTVISOR_RUN_DIR? "
        "Stop it first or set another folder"
    )
