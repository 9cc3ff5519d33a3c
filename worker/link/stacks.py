"""What every thread of this process is doing, as text."""

from __future__ import annotations

import sys
import threading
import traceback


def thread_stacks() -> str:
    """The Python stack of each thread, the main thread first, innermost call last."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().ident
    frames = sorted(sys._current_frames().items(), key=lambda item: (item[0] != main, item[0]))
    parts = [
        f"Thread {names.get(ident, ident)!r}:\n{''.join(traceback.format_stack(frame))}" for ident, frame in frames
    ]
    return "\n".join(parts)
