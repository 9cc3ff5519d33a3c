"""Opens the workers' socket: its options, its keys, its place.

Nothing here reads or sends; a socket that could not be opened is left to its owner to close.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import zmq

from common.errors import ConfigurationError
from supervisor.intake.endpoint import bind_private, prepare_ipc
from supervisor.intake.keys import KeyPair

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes of one frame; ZeroMQ cuts the connection of a peer that sends more."""
PEER_QUEUE = 2000
"""Messages queued per peer and direction (high-water mark)."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the socket is now."""

    endpoint: str
    """As workers reach it."""
    file: tuple[Path, int] | None
    """Path and inode of its file; None for TCP."""


def open_socket(socket: zmq.Socket[bytes], endpoint: str, keys: KeyPair | None) -> Opened:
    """Bind at `ipc://<absolute path>`, or at `tcp://127.0.0.1:<port or *>` with `keys`. Raises ConfigurationError."""
    socket.linger = 0
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)  # a send to a peer that is gone is told, not swallowed
    socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
    socket.set_hwm(PEER_QUEUE)
    path = None
    if endpoint.startswith("ipc://"):
        path = prepare_ipc(endpoint)
    else:
        _secure(socket, endpoint, keys)
    file = None
    try:
        if path is None:
            socket.bind(endpoint)
        else:
            file = path, bind_private(socket, endpoint, path)
    except (zmq.ZMQError, OSError) as error:
        raise ConfigurationError(
            f"the workers' socket {endpoint} cannot be opened: {error.strerror}; "
            "stop what uses it, or choose another folder (BOTVISOR_RUN_DIR) or port"
        ) from error
    return Opened(str(socket.getsockopt_string(zmq.LAST_ENDPOINT)).rstrip("\0"), file)


def _secure(socket: zmq.Socket[bytes], endpoint: str, keys: KeyPair | None) -> None:
    if not endpoint.startswith("tcp://127.0.0.1:"):
        raise ConfigurationError(
            f"the workers' socket cannot be at {endpoint!r}; use ipc:// with an absolute path, or tcp://127.0.0.1:PORT"
        )
    if keys is None:
        raise ConfigurationError(f"the workers' socket {endpoint} needs keys: TCP is never used in the clear")
    socket.curve_server = True
    socket.curve_publickey = keys.public.encode()
    socket.curve_secretkey = keys.secret.encode()
