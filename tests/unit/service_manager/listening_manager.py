"""A service manager that hears what it is told, on a socket of its own."""

from __future__ import annotations

import socket


class Manager:
    """Listens as systemd does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[dict[str, str]]:
        """Every datagram since the last call."""
        told = []
        while True:
            try:
                text = self._socket.recv(65536).decode()
            except BlockingIOError:
                return told
            told.append(dict(line.split("=", 1) for line in text.split("\n")))

    def close(self) -> None:
        self._socket.close()
