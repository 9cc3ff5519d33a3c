"""A real process that is killed while it writes."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path

from journal_reading import opened, unacknowledged

WRITER = """
import sys
from pathlib import Path
from journal_reading import checkpoint, fact, opened
journal = opened(Path(sys.argv[1]), int(sys.argv[2]))
newest = journal.newest_checkpoint()
revision = 0 if newest is None else newest.revision
print("open", flush=True)
while True:
    revision += 1
    journal.append([fact(revision)] if revision % 3 else [], checkpoint(revision, (revision * 7919) % 40_000))
    if revision % 50 == 0:
        print(revision, flush=True)
"""


def test_twelve_kills_while_writing_lose_nothing_that_was_written(tmp_path: Path) -> None:
    here = os.path.dirname(__file__)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([here, os.getcwd()])}
    chance = random.Random(5)
    told = 0
    for life in range(1, 13):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(life)], stdout=subprocess.PIPE, env=env, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        for _ in range(chance.randint(0, 3)):
            told = int(child.stdout.readline())
        select.select([child.stdout], [], [], chance.uniform(0, 0.02))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        journal = opened(tmp_path, 100 + life)
        newest = journal.newest_checkpoint()
        next_seq = journal.next_seq
        journal.close()
        assert (0 if newest is None else newest.revision) >= told
        entries = unacknowledged(tmp_path)
        assert [entry.seq for entry in entries] == list(range(1, next_seq))
        revisions = [entry.checkpoint.revision for entry in entries if entry.checkpoint is not None]
        assert revisions == [number for number in range(1, (newest.revision if newest else 0) + 1) if number % 3]
    assert told >= 50
