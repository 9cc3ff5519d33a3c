"""`python -m worker`: the questions it answers, and preloading."""

from __future__ import annotations

import json
import subprocess
import sys

from worker.preload import preload


def test_describe_lists_what_there_is_as_json() -> None:
    done = subprocess.run([sys.executable, "-m", "worker", "describe"], capture_output=True, check=True)
    assert "RSIBBVolumeEntryMixin" in json.dumps(json.loads(done.stdout))


def test_a_ticket_that_is_no_ticket_fails_with_its_reason() -> None:
    done = subprocess.run([sys.executable, "-m", "worker"], input=b"{}", capture_output=True, check=False)
    assert done.returncode == 1
    assert b"validation error" in done.stderr


def test_a_fork_server_stays_single_threaded_and_without_descriptors_after_importing_everything() -> None:
    program = (
        "import os\n"
        "from worker.preload import preload, preload_exchanges\n"
        "before = len(os.listdir('/proc/self/fd'))\n"
        "broken = preload()\n"
        "preload_exchanges()\n"
        "print(broken, len(os.listdir('/proc/self/task')), len(os.listdir('/proc/self/fd')) - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert done.stdout == "{} 1 0\n"


def test_modules_that_cannot_be_imported_are_named() -> None:
    assert list(preload(["no_such_module_here"])) == ["no_such_module_here"]
