"""The word that a bot's row shall say, and the marks in `extra_metadata` that go with it.

The column is also where operators put their wishes, so the word never hides one: `disabled` stays, `paused`
stays, a request stays until it is carried out, and a life that is merely replaced is `restarting`, which the
next supervisor reads as a wish to run even if this one dies in between.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from supervisor.reconcile.desire import RowView, SupervisionView, Wish
from supervisor.reconcile.states import DesiredBot, LifePhase, LiveWorker, ObservedBot


def status_of(
    wish: Wish, desired: DesiredBot, observed: ObservedBot, now: float, *, stopping: bool = False
) -> str | None:
    """What the row's status shall say; None = leave alone what it says. `stopping`: the service stops."""
    worker = observed.worker if observed.worker is not None and not observed.worker.settle else None
    if not wish.on:
        return wish.final_status if worker is None else wish.leaving_status
    if worker is not None:
        return "paused" if wish.paused else _status_of_life(worker, stopping)
    if _has_finished(desired, observed):
        return "stopped"
    if _is_barred(desired, observed):
        return "error"
    if wish.paused:
        return "paused"
    if stopping:
        return "stopped" if observed.history.generation is not None else None
    return "error" if _waits_after_failure(desired, observed, now) else "starting"


def marks_of(status: str, wish: Wish, desired: DesiredBot, observed: ObservedBot) -> dict[str, JsonValue]:
    """What to merge into `extra_metadata` together with `status`; None as value = remove the key."""
    marks: dict[str, JsonValue] = {"stopped_by": None, "finished": None, "paused": None}
    if status == "error" and wish.paused:
        marks["paused"] = True
    elif status == "stopped" and wish.on and _has_finished(desired, observed):
        marks["finished"] = True
    elif status == "stopped":
        marks["stopped_by"] = wish.stopped_by or "service"
    return marks


def needs_write(status: str | None, marks: Mapping[str, JsonValue], row: RowView, supervision: SupervisionView) -> bool:
    """Whether the row has to be written.

    Also when it says so already, but not by our hand: what we have acknowledged must be known as our own word,
    or the next word of an operator could not be told from it.
    """
    if status is None:
        return False
    if row.status != status or supervision.last_status != status:
        return True
    return any(row.extra_metadata.get(key) != value for key, value in marks.items())


def _status_of_life(worker: LiveWorker, stopping: bool) -> str | None:
    if stopping:
        return "stopping"
    if worker.stop is not None:
        return "restarting"
    if worker.phase is LifePhase.STOPPING:
        return None
    return "running" if worker.phase is LifePhase.RUNNING else "starting"


def _has_finished(desired: DesiredBot, observed: ObservedBot) -> bool:
    return observed.history.finished and observed.history.generation == desired.generation


def _is_barred(desired: DesiredBot, observed: ObservedBot) -> bool:
    """No valid config, condemned, or beyond the bot limit: it will not start by itself as things are."""
    if desired.generation is None or observed.refused:
        return True
    condemned = observed.history.verdict is not None and observed.history.generation == desired.generation
    return condemned or observed.quarantined_generation == desired.generation


def _waits_after_failure(desired: DesiredBot, observed: ObservedBot, now: float) -> bool:
    history = observed.history
    if history.generation != desired.generation or history.next_start_at is None:
        return False
    return history.failures > 0 and history.next_start_at > now
