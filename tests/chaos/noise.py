"""What strangers send to the sockets, and neighbours that take the processors."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import zmq
from world import World

_WORDS = [
    [b""],
    [b"H", b"{"],
    [b"H", b'{"token": "wrong", "incarnation": 1, "pid": 1, "generation": "x"}'],
    [b"B", b"[]", b"more", b""],
    [b"G", b'{"cause": "failed"}'],
    [b"A", b'{"journal_id": "x", "seq": 99999999}'],
    [b"\x80\x04\x95(\x00\x00\x00", b"cos\nsystem\n(S'true'\ntR."],
]
_REQUESTS = [
    b"{}\n",
    b'{"do": "nothing"}\n',
    b"[" * 500 + b"\n",
    b"\xff\xfe\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b'{"do": "sta',
]


def shout(world: World, chance: random.Random) -> None:
    """Garbage, half messages and forged words on every socket of the installation."""
    for path in [path for path in world.run.rglob("*") if path.is_socket()]:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(1)
            raw.connect(str(path))
            raw.sendall(chance.choice(_REQUESTS) if chance.random() < 0.5 else chance.randbytes(4000))
        context = zmq.Context()
        try:
            dealer = context.socket(zmq.DEALER)
            dealer.linger = 200
            dealer.connect(f"ipc://{path}")
            for _ in range(20):
                frames = chance.choice([*_WORDS, [b"E", chance.randbytes(2000)]])
                with suppress(zmq.Again):
                    dealer.send_multipart(frames, zmq.NOBLOCK)
            dealer.close()
        finally:
            context.term()


@contextmanager
def busy_neighbours() -> Iterator[None]:
    """Twice as many endless loops as there are processors."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
