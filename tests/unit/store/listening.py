"""A recorder under test, and waiting for what it tells."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from waiting import PATIENCE

from supervisor.store.claims import Claimant
from supervisor.store.events import BotsRead, EntriesRecorded, Event, RecorderStopped
from supervisor.store.recorder import Recorder, RecorderOptions

Told = TypeVar("Told")
ME = Claimant(host="here", boot_id="b", pid=1, pid_created=1.0, state_dir="/state")


class Listener:
    """The control thread's side of a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.heard: list[Event] = []
        self._read = 0

    def wait(self, kind: type[Told], fits: Callable[[Told], bool] = lambda _: True, patience: float = PATIENCE) -> Told:
        """The next event of this kind that fits, counted from the last one waited for."""
        deadline = time.monotonic() + patience
        with selectors.DefaultSelector() as selector:
            selector.register(self.recorder, selectors.EVENT_READ)
            while True:
                self.heard += self.recorder.events()
                while self._read < len(self.heard):
                    event = self.heard[self._read]
                    self._read += 1
                    if isinstance(event, kind) and fits(event):
                        return event
                left = deadline - time.monotonic()
                assert left > 0, f"no {kind.__name__} within {patience} s; heard {self.heard}"
                selector.select(left)

    def acknowledged(self, journal_id: str, seq: int) -> EntriesRecorded:
        """Wait until the journal is acknowledged up to `seq`."""
        return self.wait(
            EntriesRecorded,
            lambda event: any(one.journal_id == journal_id and one.up_to_seq >= seq for one in event.deliveries),
        )

    def ready(self) -> BotsRead:
        """Wait for the first picture."""
        return self.wait(BotsRead, lambda event: event.first)

    def stop(self, deadline: float = 10.0) -> RecorderStopped:
        self.recorder.request_stop(deadline)
        stopped = self.wait(RecorderStopped)
        assert self.recorder.join(PATIENCE)
        return stopped


@contextmanager
def listening(url: str, **options: Any) -> Iterator[Listener]:
    """A started recorder; ended, released or not, when the block is left."""
    given: dict[str, Any] = {"claimant": ME, "is_alive": lambda pid, created: False, "poll_interval": 60.0}
    recorder = Recorder(RecorderOptions(url=url, **given | options))
    recorder.start()
    try:
        yield Listener(recorder)
    finally:
        recorder.request_stop(0)
        assert recorder.join(PATIENCE), "the recorder's thread did not end"
        recorder.close()
