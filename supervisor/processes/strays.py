"""Ends the lives that outlived an intended stop of the service: by request, and what does not heed it by force."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import ProcessIdentity
from supervisor.processes.signals import SignalRefusedError, abort, kill, terminate
from supervisor.processes.watch import a_watch


def end_recorded_lives(folder: Path, *, term_grace: float, abort_grace: float) -> list[int]:
    """End all lives in the folder of records that still live, side by side. Answers their bots' ids.

    The records stay: the next supervisor reads in them what is to be buried. Raises OSError.
    """
    if not folder.is_dir():
        return []
    readings = LifeRecords(folder).read_all()
    living = {reading.identity: reading.bot_id for reading in readings if reading.identity is not None}
    left = set(living)
    steps = ((terminate, term_grace), (abort, abort_grace), (kill, abort_grace))
    for send, grace in steps:
        for identity in left:
            _send(send, identity)
        left = _outliving(left, grace)
    return sorted(living.values())


def _send(send: Callable[[ProcessIdentity], bool], identity: ProcessIdentity) -> None:
    with contextlib.suppress(SignalRefusedError):
        send(identity)


def _outliving(identities: set[ProcessIdentity], seconds: float) -> set[ProcessIdentity]:
    watch = a_watch()
    left = set(identities)
    for identity in identities:
        watch.add(identity)
    deadline = time.monotonic() + seconds
    while left and (patience := deadline - time.monotonic()) > 0:
        select.select([watch.fileno()], [], [], patience)
        left.difference_update(watch.ended())
    watch.close()
    return left
