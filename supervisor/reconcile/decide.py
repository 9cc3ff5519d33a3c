"""The decision: from desired and observed state to the actions that bring them together.

Level-triggered: only the present states count, never the way to them, so a plan that was cut off anywhere is
simply made again. One life per bot: a replacement is spawned only when no worker is observed. Every moment
at which time alone changes the answer comes from `_stop_steps` or `_start_at`, which `next_deadline` reads too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from supervisor.reconcile.actions import Abort, Action, Drain, Kill, Pause, Quarantine, Refuse, Spawn, Stop, Terminate
from supervisor.reconcile.states import DesiredBot, LifePhase, LiveWorker, ObservedBot, Policy, Rung, StopReason

_NEXT_RUNG = {Rung.DRAIN: Rung.TERMINATE, Rung.TERMINATE: Rung.ABORT, Rung.ABORT: Rung.KILL, Rung.KILL: Rung.KILL}
_SIGNAL: dict[Rung, type[Terminate] | type[Abort] | type[Kill]] = {
    Rung.TERMINATE: Terminate,
    Rung.ABORT: Abort,
    Rung.KILL: Kill,
}
_NOW = -math.inf


def decide(
    desired: Mapping[int, DesiredBot],
    observed: Mapping[int, ObservedBot],
    policy: Policy,
    now: float,
    *,
    stopping: bool = False,
    hands_off: bool = False,
) -> list[Action]:
    """What to do at `now`, stops before starts; `[]` when the states agree.

    `stopping`: the service stops, nothing is spawned. `hands_off`: what should be is not known, or the lives are
    left to the next supervisor; nothing is done at all. A bot that is not in `desired` has no row any more.
    """
    if hands_off:
        return []
    pairs = _pairs(desired, observed)
    alive: list[Action] = []
    for want, have in pairs:
        if have.worker is not None and (action := _tend(want, have.worker, policy, now, stopping)):
            alive.append(action)
    stops = [action for action in alive if not isinstance(action, Pause)]
    pauses = [action for action in alive if isinstance(action, Pause)]
    verdicts = [quarantine for want, have in pairs if (quarantine := _condemn(want, have))]
    starts = [] if stopping else _start(pairs, policy, now)
    return [*stops, *pauses, *verdicts, *starts]


def next_deadline(
    desired: Mapping[int, DesiredBot],
    observed: Mapping[int, ObservedBot],
    policy: Policy,
    now: float,
    *,
    stopping: bool = False,
    hands_off: bool = False,
) -> float | None:
    """The earliest time after `now` at which time alone could change the answer of `decide`; None = never."""
    if hands_off:
        return None
    moments: list[float] = []
    for want, have in _pairs(desired, observed):
        if have.worker is not None:
            moments += [step.at for step in _stop_steps(want, have.worker, policy, stopping)]
        elif not stopping and (at := _start_at(want, have, policy)) is not None:
            moments.append(at)
    return min((at for at in moments if at > now), default=None)


def _pairs(
    desired: Mapping[int, DesiredBot], observed: Mapping[int, ObservedBot]
) -> list[tuple[DesiredBot, ObservedBot]]:
    """Each bot that is wished for or known, by id; one without a row is off for good."""
    gone = {bot_id: DesiredBot(bot_id=bot_id, on=False) for bot_id in observed.keys() - desired.keys()}
    return [
        (desired.get(bot_id) or gone[bot_id], observed.get(bot_id) or ObservedBot(bot_id=bot_id))
        for bot_id in sorted(desired.keys() | observed.keys())
    ]


def _tend(want: DesiredBot, worker: LiveWorker, policy: Policy, now: float, stopping: bool) -> Stop | Pause | None:
    """What a living worker needs: a step of its stop, a word about pausing, or nothing."""
    due = [step for step in _stop_steps(want, worker, policy, stopping) if step.at <= now]
    if due:
        step = max(due, key=lambda candidate: candidate.rung)
        return _stop_action(want, worker, step)
    listens = worker.phase is LifePhase.RUNNING and worker.stop is None and not worker.settle
    if listens and want.paused != worker.paused:
        return Pause(bot_id=want.bot_id, incarnation=worker.incarnation, paused=want.paused)
    return None


@dataclass(frozen=True, slots=True)
class _StopStep:
    at: float
    rung: Rung
    reason: StopReason


def _stop_steps(want: DesiredBot, worker: LiveWorker, policy: Policy, stopping: bool) -> list[_StopStep]:
    """The next steps that the end of this life may take, each with the time at which it is due."""
    ladder = worker.stop
    if ladder is not None:
        at = ladder.since + policy.grace_of(ladder.rung)
        if ladder.rung is Rung.DRAIN and ladder.apply_on_stop:
            at = _settled_by(worker, ladder.since, policy)
        return [_StopStep(at, _NEXT_RUNG[ladder.rung], ladder.reason)]
    steps = _watchdog(worker, policy)
    if (reason := _leave(want, worker, stopping)) is not None:
        steps.append(_StopStep(_NOW, Rung.DRAIN, reason))
    if worker.condemned is not None and worker.phase is LifePhase.RUNNING:
        # After the reasons above: a bot that is to be off anyway applies its stop policy.
        steps.append(_StopStep(_NOW, Rung.DRAIN, worker.condemned))
    return steps


def _watchdog(worker: LiveWorker, policy: Policy) -> list[_StopStep]:
    """When a life that nobody asked to end is taken for lost."""
    if worker.phase is LifePhase.STARTING:
        # A long warm-up that moves on is an honest slow start.
        return [_StopStep(worker.last_progress_at + policy.start_timeout, Rung.ABORT, StopReason.START_TIMEOUT)]
    if worker.phase is LifePhase.STOPPING or worker.settle:
        return [_StopStep(_settled_by(worker, worker.phase_since, policy), Rung.TERMINATE, StopReason.OVERDUE)]
    return [
        _StopStep(worker.last_heard_at + policy.silence_limit, Rung.ABORT, StopReason.SILENT),
        _StopStep(worker.last_progress_at + policy.silence_limit, Rung.ABORT, StopReason.HUNG),
    ]


def _settled_by(worker: LiveWorker, since: float, policy: Policy) -> float:
    """When a life that carries out its stop policy since `since` is taken for stuck: exchanges take their time."""
    moving = min(worker.last_progress_at + policy.drain_grace, since + policy.settle_grace)
    return max(since + policy.drain_grace, moving)


def _leave(want: DesiredBot, worker: LiveWorker, stopping: bool) -> StopReason | None:
    """Why this life is not wanted any more; None when it is."""
    if not want.on and not worker.settle:
        return StopReason.OFF
    if stopping:
        return StopReason.SERVICE
    if worker.settle:
        return StopReason.RESTART if want.on else None
    if want.restart_token is not None and worker.incarnation <= want.restart_token:
        return StopReason.RESTART
    if want.generation is not None and want.generation != worker.generation:
        return StopReason.GENERATION
    return None


def _stop_action(want: DesiredBot, worker: LiveWorker, step: _StopStep) -> Stop:
    if step.rung is not Rung.DRAIN:
        return _SIGNAL[step.rung](bot_id=want.bot_id, incarnation=worker.incarnation, reason=step.reason)
    apply = worker.settle or (step.reason is StopReason.OFF and want.apply_on_stop)
    return Drain(bot_id=want.bot_id, incarnation=worker.incarnation, apply_on_stop=apply, reason=step.reason)


def _condemn(want: DesiredBot, have: ObservedBot) -> Quarantine | None:
    """The verdict of the bot's history, unless it has been carried out or concerns another generation."""
    verdict, generation = have.history.verdict, have.history.generation
    if have.worker is not None or not want.on or verdict is None or generation is None:
        return None
    if generation != want.generation or generation == have.quarantined_generation:
        return None
    return Quarantine(bot_id=want.bot_id, generation=generation, reason=verdict)


def _start_at(want: DesiredBot, have: ObservedBot, policy: Policy) -> float | None:
    """From when on a life may begin for a bot that has none; None = not at all."""
    history = have.history
    if want.generation is None:
        return None
    known = history.generation == want.generation
    ended = known and (history.verdict is not None or history.finished)
    if want.on and (ended or have.quarantined_generation == want.generation):
        return None
    if not want.on and not (policy.settle and have.unsettled and want.apply_on_stop):
        return None
    return history.next_start_at if known and history.next_start_at is not None else _NOW


def _start(pairs: list[tuple[DesiredBot, ObservedBot]], policy: Policy, now: float) -> list[Action]:
    """Settle lives, then bots by rank; beyond the bot limit each is refused once."""
    limit = math.inf if policy.max_bots is None else policy.max_bots
    free = limit - sum(have.worker is not None for _, have in pairs)
    ready = {want.bot_id: want for want, have in pairs if have.worker is None and _is_due(want, have, policy, now)}
    refusals: list[Action] = []
    spawns: list[Action] = [_spawn(want) for want in ready.values() if not want.on]
    for seat, (want, have) in enumerate(_ranked(pairs, policy)):
        if have.worker is None and seat >= limit:
            if not have.refused:
                refusals.append(Refuse(bot_id=want.bot_id, reason=f"the limit of {policy.max_bots} bots is reached"))
        elif want.bot_id in ready:
            spawns.append(_spawn(want))
    return [*refusals, *(spawns if math.isinf(free) else spawns[: max(0, int(free))])]


def _ranked(pairs: list[tuple[DesiredBot, ObservedBot]], policy: Policy) -> list[tuple[DesiredBot, ObservedBot]]:
    """The bots that shall run and can, in the order of their claims: living, not yet refused, priority, id."""
    claims = [
        (want, have)
        for want, have in pairs
        if want.on and (have.worker is not None or _start_at(want, have, policy) is not None)
    ]
    return sorted(claims, key=lambda c: (c[1].worker is None, c[1].refused, -c[0].priority, c[0].bot_id))


def _is_due(want: DesiredBot, have: ObservedBot, policy: Policy, now: float) -> bool:
    at = _start_at(want, have, policy)
    return at is not None and at <= now


def _spawn(want: DesiredBot) -> Spawn:
    assert want.generation is not None  # _start_at gives no time without one
    return Spawn(bot_id=want.bot_id, generation=want.generation, settle=not want.on)
