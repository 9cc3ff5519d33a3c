"""Incidents: what went wrong or deserves to be known, told once for each key.

Belongs to the control loop; telling one only hands a command over and returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common.clock import Clock
from common.error_class import ErrorClass
from supervisor.fleet.roster import Bot, Life
from supervisor.store.commands import RecordIncident
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter

ERRORS = frozenset({"error", "critical"})
"""Severities that count as errors."""


class Incidents:
    """The pen for incidents."""

    def __init__(self, recorder: Recorder, clock: Clock, meter: Meter = SILENT) -> None:
        self._recorder = recorder
        self._clock = clock
        self._meter = meter
        self.on_error: Callable[[], None] = lambda: None
        """Called for each error of any bot or of the service."""

    def tell(
        self,
        severity: str,
        error_class: str,
        message: str,
        *,
        key: str,
        bot: Bot | None = None,
        life: Life | None = None,
        output_file: Path | None = None,
        details: Mapping[str, Any] | None = None,
        completes: bool = False,
        category: ErrorClass | None = None,
    ) -> None:
        """One incident, of a bot, of one of its lives, or without both of the service itself.

        `completes` lays it over the one told earlier under the same key; otherwise a known key tells nothing new.
        """
        self._meter.incident(severity, error_class)
        if severity in ERRORS:
            self.on_error()
        self._recorder.submit(
            RecordIncident(
                key=key,
                bot_id=bot.bot_id if bot else (life.bot_id if life else None),
                incarnation=life.incarnation if life else None,
                severity=severity,  # type: ignore[arg-type]
                error_class=error_class,
                message=message,
                at=self._clock.now(),
                output_file=output_file,
                category=category,
                details=details or {},
                completes=completes,
            )
        )
