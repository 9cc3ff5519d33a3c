"""Things the supervisor can do to a bot: plain values that `decide` returns and the loop carries out.

Each names the life it means by its incarnation, so that an action that comes late cannot hit a newer life.
"""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.reconcile.states import Rung, StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawn:
    """Begin a life of this generation; `settle` = only to apply the stop policy and leave."""

    bot_id: int
    generation: str
    settle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Ask the life by message to end; with `apply_on_stop` it applies the bot's stop policy first."""

    bot_id: int
    incarnation: int
    apply_on_stop: bool
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate:
    """Send SIGTERM."""

    bot_id: int
    incarnation: int
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Send SIGABRT (then SIGCONT), so that the stacks are dumped before the end."""

    bot_id: int
    incarnation: int
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Send SIGKILL to the whole process group."""

    bot_id: int
    incarnation: int
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Tell the life to open nothing new (`paused`) or to go on."""

    bot_id: int
    incarnation: int
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Park the bot until its generation changes or an operator asks; reported once as critical."""

    bot_id: int
    generation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Do not start the bot for now, and say why; reported once."""

    bot_id: int
    reason: str


Stop = Drain | Terminate | Abort | Kill
Action = Spawn | Stop | Pause | Quarantine | Refuse

RUNG_OF: dict[type[Stop], Rung] = {
    Drain: Rung.DRAIN,
    Terminate: Rung.TERMINATE,
    Abort: Rung.ABORT,
    Kill: Rung.KILL,
}
"""Rung that a stop action takes its life to."""
