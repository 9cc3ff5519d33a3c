from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import zmq
from waiting import PATIENCE

from supervisor.intake.poller import Poller
from supervisor.intake.router import Router


def test_descriptors_objects_and_routers_are_told_as_they_were_registered() -> None:
    with tempfile.TemporaryDirectory(prefix="bv-") as name:
        router = Router.bind_ipc(Path(name) / "s")
        context = zmq.Context()
        reading, writing = os.pipe()
        with os.fdopen(reading) as stream:
            other_reading, other_writing = os.pipe()
            poller = Poller()
            for waitable in (router, stream, other_reading):
                poller.register(waitable)
            assert poller.wait(0) == set()
            os.write(writing, b"x")
            os.close(other_writing)
            assert poller.wait(PATIENCE) == {stream, other_reading}
            poller.unregister(other_reading)
            os.close(other_reading)
            os.read(reading, 1)
            peer = context.socket(zmq.DEALER)
            peer.connect(router.endpoint)
            peer.send(b"hello")
            assert poller.wait(PATIENCE) == {router}
            poller.unregister(router)
            poller.unregister("never registered".__len__())
            assert poller.wait(0) == set()
        os.close(writing)
        context.destroy(0)
        router.close()


def test_a_wait_lasts_its_time_and_not_less_even_when_signals_arrive() -> None:
    poller = Poller()
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    bell = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    try:
        bell.start()
        began = time.monotonic()
        assert poller.wait(0.2) == set()
        assert time.monotonic() - began >= 0.2
    finally:
        bell.join()
        signal.signal(signal.SIGUSR1, before)


def test_the_wakeup_descriptor_of_signals_ends_a_wait() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    poller = Poller()
    poller.register(reading)
    handler = signal.signal(signal.SIGUSR1, lambda *_: None)
    before = signal.set_wakeup_fd(writing)
    bell = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    try:
        bell.start()
        assert poller.wait(None) == {reading}
    finally:
        bell.join()
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGUSR1, handler)
        os.close(reading)
        os.close(writing)
