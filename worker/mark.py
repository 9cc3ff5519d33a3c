"""The mark of a life: its process title, and what tells its descendants from other processes."""

from __future__ import annotations

import os

import setproctitle

from common.strays import MARK_VARIABLE, title_of_fork


def mark_life(title: str) -> None:
    """Title this process; from now on every process it starts carries its pid, so that none outlives it."""
    leader = os.getpid()
    os.environ[MARK_VARIABLE] = str(leader)
    setproctitle.setproctitle(title)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: setproctitle.setproctitle(title_of_fork(title, leader)))
