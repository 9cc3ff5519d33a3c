"""The recorder: the thread that owns the database, as the control thread sees it."""

from __future__ import annotations

import threading
import time

from common.clock import Clock, SystemClock
from supervisor.store.commands import Command
from supervisor.store.events import Event
from supervisor.store.mailbox import Inbox, Outbox, RecorderOptions
from supervisor.store.recording import Recording

__all__ = ["Recorder", "RecorderOptions"]


class Recorder:
    """Thread-safe front of the recorder thread. All methods but `join` return at once."""

    def __init__(self, options: RecorderOptions, clock: Clock | None = None) -> None:
        self._inbox = Inbox()
        self._outbox = Outbox()
        recording = Recording(options, self._inbox, self._outbox, clock or SystemClock())
        self._thread = threading.Thread(target=recording.run, name="recorder", daemon=True)

    def start(self) -> None:
        """Start the thread; it tells `DatabaseReady`, then `BotsRead(first=True)`, or `DatabaseRefused`."""
        self._thread.start()

    def submit_entry(self, bot_id: int, incarnation: int, payload: bytes) -> None:
        """Record a journal entry that the life `incarnation` of the bot sent; answered by `EntriesRecorded`."""
        self._inbox.entries.append((bot_id, incarnation, payload))
        self._inbox.wake.set()

    def submit(self, command: Command) -> None:
        """Write this; order is kept."""
        self._inbox.commands.append(command)
        self._inbox.wake.set()

    def events(self) -> list[Event]:
        """Everything that happened since the last call; resets `fileno`."""
        return self._outbox.take()

    def fileno(self) -> int:
        """Readable while there are events."""
        return self._outbox.wake.fileno()

    def backlog(self) -> int:
        """Submissions not yet written, as far as can be told from outside."""
        return len(self._inbox.entries) + len(self._inbox.commands) + self._inbox.in_work

    def request_stop(self, deadline_seconds: float) -> None:
        """Write what was submitted, release the claim, end; `RecorderStopped` tells the outcome."""
        self._inbox.stop_at = time.monotonic() + deadline_seconds
        self._inbox.wake.set()

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; False when it still runs."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Close the descriptors, once the thread has ended."""
        self._inbox.wake.close()
        self._outbox.wake.close()
