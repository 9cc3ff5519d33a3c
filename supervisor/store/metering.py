"""Telling how long the database takes for statements."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

_BEGAN = "botvisor_began"


def meter_statements(engine: Engine, observe: Callable[[float], None]) -> None:
    """Have `observe` told the seconds of each statement of the engine, on the thread that makes it."""

    def before(connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, many: Any) -> None:
        connection.info[_BEGAN] = time.monotonic()

    def after(connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, many: Any) -> None:
        began = connection.info.pop(_BEGAN, None)
        if began is not None:
            observe(time.monotonic() - began)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
