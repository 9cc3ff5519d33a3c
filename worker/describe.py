"""What strategies, mixins and indicators there are, for people and for forms: the job of a short-lived process."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from loguru import logger


def run(plugin_dirs: Sequence[Path] = (), answer_fd: int = 1, time_limit: float | None = None) -> NoReturn:
    """Write the catalogue as one JSON document and end the process.

    What plugins print goes to stderr, and so does the name of each before it is imported: the answer stands alone.
    After `time_limit` seconds the stacks are dumped and the process ends.
    """
    code = 1
    try:
        sys.stdout.flush()
        kept = os.dup(answer_fd)
        os.dup2(2, 1)
        logger.remove()
        logger.add(sys.stderr, level="TRACE", format="{message}")
        if time_limit is not None:
            faulthandler.dump_traceback_later(time_limit, exit=True)
        answer = _catalogue(plugin_dirs)
        faulthandler.cancel_dump_traceback_later()
        with open(kept, "w", encoding="utf-8") as sink:
            sink.write(answer)
        code = 0
    except BaseException:  # noqa: BLE001 - a plugin may raise anything; the exit code tells, the trace explains
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _catalogue(plugin_dirs: Sequence[Path]) -> str:
    from worker.strategies.catalogue import catalogue

    return json.dumps(catalogue(plugin_dirs), indent=2, default=str) + "\n"
