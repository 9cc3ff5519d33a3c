"""systemd's notification protocol: one datagram of `NAME=value` lines for each thing it shall know (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

_MICROSECONDS = 1_000_000


class NotifySocket:
    """The socket systemd listens on. Sending never waits and never fails: a service outlives its manager."""

    def __init__(self, address: str) -> None:
        """`address` is a path, or a name in the abstract namespace written with a leading `@`."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0))
        self._socket.setblocking(False)

    def send(self, **variables: str) -> bool:
        """Tell some variables; False when the manager did not take them."""
        text = "\n".join(f"{name}={value}" for name, value in variables.items())
        with contextlib.suppress(OSError):
            self._socket.sendto(text.encode(), self._address)
            return True
        return False

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()


def notify_socket(environment: Mapping[str, str]) -> NotifySocket | None:
    """The socket named by $NOTIFY_SOCKET; None where no systemd started us, or the address is of another kind."""
    address = environment.get("NOTIFY_SOCKET", "")
    return NotifySocket(address) if address[:1] in ("/", "@") and len(address) > 1 else None


def watchdog_interval(environment: Mapping[str, str], pid: int) -> float | None:
    """Seconds within which systemd wants a sign of life from process `pid`; None when it wants none."""
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / _MICROSECONDS if microseconds > 0 else None


def manager_from(environment: Mapping[str, str]) -> tuple[NotifySocket | None, float | None]:
    """The socket and the watchdog interval this process was started with."""
    return notify_socket(environment), watchdog_interval(environment, os.getpid())
