"""From a bot's row to a wish: what the row asks for, whenever it is read.

The status column is both wish and observation. What tells an operator's word from our own is the status
that we wrote last: a status that differs from it was put there by somebody else. So the wish is a function of
the row and of what we wrote, never of when or how often the row was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """A row of `trading_bots`, as far as it says what shall be."""

    bot_id: int
    status: str | None
    config_enabled: bool = True
    """False only when `config.enabled` is false."""
    extra_metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    generation: str | None = None
    """Of the config as it stands, valid or not."""
    valid: bool = True
    error: str | None = None
    """First error of an invalid config."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionView:
    """What we hold of the bot in our own tables; read together with the row, in one transaction.

    Row and view of different moments would make our own write look like somebody's request.
    """

    last_status: str | None = None
    """The status that our last successful write put into the row, or confirmed there."""
    quarantined_generation: str | None = None
    observed_generation: str | None = None
    """Generation that last ran, or that the row had when we last wrote its status, whichever is later."""
    unsettled: bool = False
    stopped_by: str | None = None
    """The mark of the same name, as we wrote it last; speaks only where the row holds no mark of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a row asks for."""

    on: bool
    paused: bool = False
    restart: bool = False
    """The life that is there now is to be replaced once; see `heed`."""
    lift: bool = False
    """Somebody asks for a bot that we had declared `error` or `stopped`: earlier failures and ends are forgotten."""
    leaving_status: str | None = None
    """Off: what the row shall say while the life is ending; None = leave it alone."""
    final_status: str | None = None
    """Off: what the row shall say once no life is left; None = leave it alone."""
    stopped_by: str | None = None
    """Off: the mark that goes with the final status."""
    apply_on_stop: bool = True
    """Off: the bot was stopped for good, so its stop policy is applied."""
    priority: int = 0
    error: str | None = None
    """The config is invalid: an old life goes on, a new one cannot start."""
    warnings: tuple[str, ...] = ()


LEFT_ALONE = Wish(on=False, apply_on_stop=False)
"""A bot that this service shall not run and whose row is none of its business, by the user filter for one."""

_REQUESTS = frozenset({"starting", "enabled", "running", "restarting", "paused"})
_ON = _REQUESTS | {"error"}
_WAS_ALIVE = frozenset({"running", "starting", "paused", "restarting", "stopping"})
_NOT_RUNNING = frozenset({"error", "stopped"})


def wish_of(row: RowView, supervision: SupervisionView, *, crash_start: bool, resume: bool) -> Wish:
    """What the row asks for.

    `crash_start`: the former supervisor did not stop cleanly; with `resume` the bots it left alive start first.
    """
    status = (row.status or "").strip().lower()
    if status == "disabled":
        return Wish(on=False)
    if not row.config_enabled:
        return _switched_off(supervision)
    if status == "stopping" and supervision.last_status != "stopping":
        return Wish(on=False, final_status="stopped", stopped_by="operator")
    if status == "stopped" and (off := _stopped(row, supervision)):
        return off
    return _on(row, status, supervision, first=crash_start and resume and status in _WAS_ALIVE)


def _switched_off(supervision: SupervisionView) -> Wish:
    """`config.enabled` is false; the row of a bot that never ran here is left as it is."""
    if supervision.last_status is None and supervision.observed_generation is None:
        return Wish(on=False)
    return Wish(on=False, leaving_status="stopping", final_status="stopped", stopped_by="config")


def _stopped(row: RowView, supervision: SupervisionView) -> Wish | None:
    """The wish of a `stopped` row that shall stay off; None when it shall run."""
    if supervision.last_status not in (None, "stopped"):
        return Wish(on=False, final_status="stopped", stopped_by="operator")
    finished = bool(row.extra_metadata.get("finished"))
    mark = row.extra_metadata.get("stopped_by")
    by_operator = (supervision.stopped_by if mark is None and not finished else mark) == "operator"
    if not finished and not by_operator:
        return None
    if supervision.observed_generation is not None and row.generation != supervision.observed_generation:
        return None
    return Wish(on=False, apply_on_stop=by_operator)


def _on(row: RowView, status: str, supervision: SupervisionView, *, first: bool) -> Wish:
    known = status in _ON or status in ("stopped", "stopping")
    changed = status != supervision.last_status
    return Wish(
        on=True,
        paused=_is_paused(row, status, supervision),
        restart=status == "restarting" and changed,
        lift=status in _REQUESTS and changed and supervision.last_status in _NOT_RUNNING,
        priority=1 if first else 0,
        error=None if row.valid else (row.error or "the config is invalid"),
        warnings=() if known else (f"bot {row.bot_id}: unknown status {row.status!r} is read as a wish to run",),
    )


def _is_paused(row: RowView, status: str, supervision: SupervisionView) -> bool:
    """`paused` stays a wish while the bot is in error, and while it is only to be restarted."""
    if status == "restarting":
        return supervision.last_status == "paused"
    return status == "paused" or (status == "error" and bool(row.extra_metadata.get("paused")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heed:
    """Which requests of the present row have been taken up; start again with `Heed()` when a status write landed."""

    restart_token: int | None = None
    lifted: bool = False


def heed(wish: Wish, before: Heed, newest_incarnation: int | None) -> Heed:
    """Take up the requests of `wish` that `before` has not; each is served once, however often the row is read.

    `newest_incarnation` is the bot's newest life so far, None when it had none. The caller lifts quarantine
    (`restarts.lift`) when `lifted` turns true, and hands `restart_token` on in DesiredBot.
    """
    token = before.restart_token if before.restart_token is not None else (newest_incarnation or 0)
    return Heed(restart_token=token if wish.restart else None, lifted=wish.lift)
