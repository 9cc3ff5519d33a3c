"""A simulated fleet for the reconcile properties: rows, an operator, a supervisor's loop and worker bodies.

Actions take effect late, bodies may ignore any rung but the last, writes to rows land late or never, plans are cut
off, and the supervisor may die at any moment. The world checks each plan it is given, against what truly
happened to the bodies and not against what the supervisor believes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from common.exit_status import ExitStatus
from supervisor.reconcile.actions import RUNG_OF, Action, Drain, Pause, Quarantine, Refuse, Spawn
from supervisor.reconcile.decide import decide, next_deadline
from supervisor.reconcile.desire import Heed, RowView, SupervisionView, Wish, heed, wish_of
from supervisor.reconcile.exits import FAULTS, ExitCause, cause_of, view_exit
from supervisor.reconcile.restarts import bury, lift
from supervisor.reconcile.states import DesiredBot, LifePhase, LiveWorker, ObservedBot, Policy, Rung
from supervisor.reconcile.status import marks_of, needs_write, status_of

SMALL = Policy(
    heartbeat_interval=3.0,
    misses=2,
    start_timeout=8.0,
    drain_grace=4.0,
    settle_grace=7.0,
    term_grace=2.0,
    abort_grace=1.0,
    restart_limit=3,
    stable_after=40.0,
    kill_limit=4,
    kill_window=60.0,
    backoff_base=1.0,
    backoff_cap=8.0,
)
LAG = 0.05
Write = tuple[str, str, dict[str, Any], str | None]
"""Of a row: the status it must still have, the new one, the marks, the generation it is written for."""


@dataclass(frozen=True)
class Temper:
    """How one life's body behaves; None = never."""

    starts_in: float | None = 0.3
    drains_in: float | None = 0.4
    terminates_in: float | None = 0.2
    aborts_in: float | None = 0.1
    fails_in: float | None = None
    fail_code: int = ExitStatus.FAILED
    silent_in: float | None = None
    hung_in: float | None = None
    unborn: bool = False


HEALTHY = Temper()


@dataclass
class Body:
    """The process itself."""

    bot_id: int
    incarnation: int
    generation: str
    temper: Temper
    born: float
    running: bool = False
    alive: bool = True
    progressed: bool = False
    paused: bool = False
    settle: bool = False


@dataclass
class Row:
    """A row of the bots table and what the supervisor stores beside it."""

    status: str = "enabled"
    edition: int = 1
    valid: bool = True
    enabled: bool = True
    marks: dict[str, Any] = field(default_factory=dict)
    last_status: str | None = None
    observed_generation: str | None = None
    quarantined: str | None = None
    unsettled: bool = False

    @property
    def generation(self) -> str:
        return f"g{self.edition}"


@dataclass
class Truth:
    """What really happened to a bot, for the checks."""

    failures: int = 0
    failed_at: float | None = None
    generation: str | None = None
    barred: str | None = None
    kills: list[float] = field(default_factory=list)
    spawned_at: list[float] = field(default_factory=list)


@dataclass
class World:
    """Rows, bodies and the loop of one supervisor after another."""

    policy: Policy = SMALL
    tempers: Iterator[Temper] = field(default_factory=lambda: itertools.repeat(HEALTHY))
    jitter: float = 0.5
    now: float = 100.0
    rows: dict[int, Row] = field(default_factory=dict)
    bodies: dict[int, Body] = field(default_factory=dict)
    observed: dict[int, ObservedBot] = field(default_factory=dict)
    desired: dict[int, DesiredBot] = field(default_factory=dict)
    wishes: dict[int, Wish] = field(default_factory=dict)
    truth: dict[int, Truth] = field(default_factory=dict)
    log: list[tuple[float, Action]] = field(default_factory=list)
    stopping: bool = False
    crash_start: bool = False
    cut: int | None = None
    """The next plan is carried out only up to here."""
    away: bool = False
    """The database cannot be reached."""

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._incarnations = itertools.count(1)
        self._heeds: dict[int, Heed] = {}
        self._specs: dict[int, str] = {}
        self._views: dict[int, tuple[RowView, SupervisionView]] = {}
        self._pending: dict[int, Write] = {}
        self._supervisor = 0
        self._retry = False

    # -- time ---------------------------------------------------------------------------------------------

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._count), event))

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Let time pass: the loop sleeps until something happens or its own deadline, and no shorter."""
        end = self.now + seconds
        self.reconcile()
        while until is None or not until():
            moment = self._events[0][0] if self._events else end
            deadline = self._deadline()
            wake = min(moment, end, end if deadline is None else deadline, self.now + LAG if self._retry else end)
            self.now = max(self.now, wake)
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            self.reconcile()
            if self.now >= end:
                return

    def _deadline(self) -> float | None:
        return next_deadline(self.desired, self.observed, self.policy, self.now, stopping=self.stopping)

    # -- the supervisor's loop ----------------------------------------------------------------------------

    def read_rows(self) -> None:
        if self.away:
            return
        self._views = {
            bot_id: (
                RowView(
                    bot_id=bot_id,
                    status=row.status,
                    config_enabled=row.enabled,
                    extra_metadata=dict(row.marks),
                    generation=row.generation,
                    valid=row.valid,
                    error=None if row.valid else "broken",
                ),
                SupervisionView(
                    last_status=row.last_status,
                    quarantined_generation=row.quarantined,
                    observed_generation=row.observed_generation,
                    unsettled=row.unsettled,
                ),
            )
            for bot_id, row in self.rows.items()
        }

    def reconcile(self) -> None:
        self._want()
        plan = decide(self.desired, self.observed, self.policy, self.now, stopping=self.stopping)
        self._check_plan(plan)
        cut, self.cut = self.cut, None
        self._retry = cut is not None and cut < len(plan)
        for action in plan[:cut]:
            self._carry_out(action)
        if not self._retry:
            again = decide(self.desired, self.observed, self.policy, self.now, stopping=self.stopping)
            assert again == [], f"carried out whole, the plan {plan} leaves {again}"
            self._check_sleep()
        for bot_id in self._views:
            self._tell_row(bot_id)

    def _want(self) -> None:
        self.desired, self.wishes = {}, {}
        for bot_id, (row, supervision) in self._views.items():
            wish = wish_of(row, supervision, crash_start=self.crash_start, resume=True)
            seen = self.observed.setdefault(
                bot_id,
                ObservedBot(
                    bot_id=bot_id,
                    quarantined_generation=supervision.quarantined_generation,
                    unsettled=supervision.unsettled,
                ),
            )
            newest = max((b.incarnation for b in self.bodies.values() if b.bot_id == bot_id), default=None)
            before = self._heeds.get(bot_id, Heed())
            taken = heed(wish, before, newest)
            if taken.lifted and not before.lifted:
                self.observed[bot_id] = lift(seen)
                self.rows[bot_id].quarantined = None
                self.truth[bot_id] = Truth(spawned_at=self.truth[bot_id].spawned_at)
            self._heeds[bot_id] = taken
            if row.valid and row.generation:
                self._specs[bot_id] = row.generation
            self.wishes[bot_id] = wish
            self.desired[bot_id] = DesiredBot(
                bot_id=bot_id,
                on=wish.on,
                generation=self._specs.get(bot_id),
                paused=wish.paused,
                restart_token=taken.restart_token,
                priority=wish.priority,
                apply_on_stop=wish.apply_on_stop,
            )

    def _tell_row(self, bot_id: int) -> None:
        row, supervision = self._views[bot_id]
        wish, want, have = self.wishes[bot_id], self.desired[bot_id], self.observed[bot_id]
        status = status_of(wish, want, have, self.now, stopping=self.stopping)
        marks = {} if status is None else marks_of(status, wish, want, have)
        if not needs_write(status, marks, row, supervision):
            self._pending.pop(bot_id, None)
            return
        assert row.status != "disabled", "a disabled row is never written"
        assert status is not None
        assert row.status is not None
        write = (row.status, status, marks, row.generation)
        if self._pending.get(bot_id) != write:
            self._pending[bot_id] = write
            self.after(LAG, lambda: self._land(bot_id, write, self._supervisor))

    def _land(self, bot_id: int, write: Write, supervisor: int) -> None:
        if supervisor != self._supervisor or self._pending.get(bot_id) != write:
            return
        if self.away:
            self.after(1.0, lambda: self._land(bot_id, write, supervisor))
            return
        del self._pending[bot_id]
        expected, status, marks, generation = write
        row = self.rows[bot_id]
        if row.status == expected:
            row.status, row.last_status, row.observed_generation = status, status, generation
            merged = {**row.marks, **marks}
            row.marks = {key: value for key, value in merged.items() if value is not None}
            self._heeds[bot_id] = Heed()
        self.read_rows()

    def _carry_out(self, action: Action) -> None:
        self.log.append((self.now, action))
        have = self.observed[action.bot_id]
        if isinstance(action, Spawn):
            self._spawn(action, have)
        elif isinstance(action, Quarantine):
            self.observed[action.bot_id] = replace(have, quarantined_generation=action.generation)
            self.rows[action.bot_id].quarantined = action.generation
        elif isinstance(action, Refuse):
            self.observed[action.bot_id] = replace(have, refused=True)
        elif isinstance(action, Pause):
            assert have.worker is not None
            self.observed[action.bot_id] = replace(have, worker=replace(have.worker, paused=action.paused))
            self.bodies[action.incarnation].paused = action.paused
        else:
            assert have.worker is not None
            apply = isinstance(action, Drain) and action.apply_on_stop
            climbed = have.worker.climbed(RUNG_OF[type(action)], self.now, action.reason, apply_on_stop=apply)
            self.observed[action.bot_id] = replace(have, worker=climbed)
            body = self.bodies[action.incarnation]
            self.after(LAG, lambda: self._push(body, RUNG_OF[type(action)]))

    def _spawn(self, action: Spawn, have: ObservedBot) -> None:
        self._check_spawn(action)
        body = Body(action.bot_id, next(self._incarnations), action.generation, next(self.tempers), self.now)
        self.bodies[body.incarnation] = body
        worker = LiveWorker(
            incarnation=body.incarnation,
            generation=action.generation,
            phase=LifePhase.STARTING,
            started_at=self.now,
            phase_since=self.now,
            last_heard_at=self.now,
            last_progress_at=self.now,
            paused=self.desired[action.bot_id].paused,
            settle=action.settle,
        )
        body.paused, body.settle = worker.paused, worker.settle
        self.observed[action.bot_id] = replace(have, worker=worker, refused=False)
        self.rows[action.bot_id].observed_generation = action.generation
        self.truth[action.bot_id].spawned_at.append(self.now)
        self._live(body)

    # -- bodies -------------------------------------------------------------------------------------------

    def _live(self, body: Body) -> None:
        temper = body.temper
        if temper.unborn:
            self.after(LAG, lambda: self._die(body, cause=ExitCause.UNBORN))
            return
        if temper.starts_in is not None:
            self.after(temper.starts_in, lambda: self._starts_trading(body))
            if body.settle and temper.drains_in is not None:
                leaves_in = temper.starts_in + temper.drains_in
                self.after(leaves_in, lambda: self._die(body, code=ExitStatus.OK, word="drained"))
        if temper.fails_in is not None:
            self.after(temper.fails_in, lambda: self._die(body, code=temper.fail_code))

    def _starts_trading(self, body: Body) -> None:
        if body.alive:
            body.running = True
            self._beat(body)

    def _beat(self, body: Body) -> None:
        if not body.alive:
            return
        age = self.now - body.born
        if body.temper.silent_in is not None and age >= body.temper.silent_in:
            return
        hung = body.temper.hung_in is not None and age >= body.temper.hung_in
        have = self.observed[body.bot_id]
        if have.worker is not None and have.worker.incarnation == body.incarnation:
            worker = have.worker.entered(LifePhase.RUNNING, self.now)
            worker = worker.heard(self.now, None if hung else self.now)
            self.observed[body.bot_id] = replace(have, worker=replace(worker, recorded_progress=True))
            body.progressed = True
        self.after(self.policy.heartbeat_interval, lambda: self._beat(body))

    def _push(self, body: Body, rung: Rung) -> None:
        """A rung's message or signal reaches the process."""
        temper = body.temper
        if rung is Rung.DRAIN and temper.drains_in is not None:
            self.after(temper.drains_in, lambda: self._die(body, code=ExitStatus.OK, word="drained"))
        if rung is Rung.TERMINATE and temper.terminates_in is not None:
            self.after(temper.terminates_in, lambda: self._die(body, code=ExitStatus.OK, word="terminated"))
        if rung is Rung.ABORT and temper.aborts_in is not None:
            self.after(temper.aborts_in, lambda: self._die(body, signal=6))
        if rung is Rung.KILL:
            self.after(LAG, lambda: self._die(body, signal=9))

    def kill_from_outside(self, bot_id: int) -> None:
        for body in self.living(bot_id):
            self._die(body, signal=9)

    def _die(
        self,
        body: Body,
        *,
        code: int | None = None,
        signal: int | None = None,
        word: str | None = None,
        cause: ExitCause | None = None,
    ) -> None:
        if body.alive:
            body.alive = False
            self.after(LAG, lambda: self._reap(body, code, signal, word, cause))

    def _reap(
        self, body: Body, code: int | None, signal: int | None, word: str | None, cause: ExitCause | None
    ) -> None:
        have = self.observed[body.bot_id]
        if have.worker is None or have.worker.incarnation != body.incarnation:
            return
        why = cause or cause_of(code, signal, word, have.worker.stop)
        exit = view_exit(have.worker, why, self.now)
        self._remember(body, why, exit.healthy_for, settle=have.worker.settle)
        self.observed[body.bot_id] = bury(have, exit, self.policy, self.now, self.jitter)
        self.rows[body.bot_id].unsettled = self.observed[body.bot_id].unsettled

    def living(self, bot_id: int) -> list[Body]:
        return [body for body in self.bodies.values() if body.bot_id == bot_id and body.alive]

    # -- what else may happen -----------------------------------------------------------------------------

    def add(self, bot_id: int, row: Row | None = None) -> None:
        self.rows[bot_id] = row or Row()
        self.truth[bot_id] = Truth()
        self.read_rows()

    def lose_supervisor(self) -> None:
        """The supervisor dies without a word; the next one adopts what lives."""
        self._supervisor += 1
        self._forget()
        self.crash_start, self.stopping = True, False
        for body in self.bodies.values():
            body.alive = body.alive and not body.temper.unborn
            if body.alive:
                self.observed[body.bot_id] = replace(self.observed[body.bot_id], worker=self._adopt(body))
        self.read_rows()

    def start_again(self) -> None:
        """After a clean stop of the service."""
        assert not any(body.alive for body in self.bodies.values())
        self._supervisor += 1
        self._forget()
        self.crash_start = self.stopping = False
        self.read_rows()

    def _forget(self) -> None:
        self._pending.clear()
        self._heeds.clear()
        self._specs.clear()
        self.observed = {
            bot_id: ObservedBot(bot_id=bot_id, quarantined_generation=row.quarantined, unsettled=row.unsettled)
            for bot_id, row in self.rows.items()
        }
        for bot_id, truth in self.truth.items():
            self.truth[bot_id] = Truth(spawned_at=truth.spawned_at, barred=self.rows[bot_id].quarantined)

    def _adopt(self, body: Body) -> LiveWorker:
        return LiveWorker(
            incarnation=body.incarnation,
            generation=body.generation,
            phase=LifePhase.RUNNING if body.running else LifePhase.STARTING,
            started_at=self.now,
            phase_since=self.now,
            running_since=self.now if body.running else None,
            last_heard_at=self.now,
            last_progress_at=self.now,
            recorded_progress=body.progressed,
            paused=body.paused,
            adopted=True,
            settle=body.settle,
        )

    # -- checks -------------------------------------------------------------------------------------------

    def _check_plan(self, plan: list[Action]) -> None:
        back = dict(reversed(self.desired.items())), dict(reversed(self.observed.items()))
        assert decide(*back, self.policy, self.now, stopping=self.stopping) == plan, "depends on mapping order"
        kinds = [0 if type(action) in RUNG_OF else 2 if isinstance(action, Spawn) else 1 for action in plan]
        assert kinds == sorted(kinds), f"starts before stops: {plan}"
        bots = [action.bot_id for action in plan]
        assert len(set(bots)) == len(bots), f"two actions for one bot: {plan}"

    def _check_sleep(self) -> None:
        deadline = self._deadline()
        ends = self.now + 1000.0 if deadline is None else deadline
        assert ends > self.now
        for share in (0.01, 0.5, 0.99):
            moment = self.now + (ends - self.now) * share
            if moment < ends:
                assert decide(self.desired, self.observed, self.policy, moment, stopping=self.stopping) == []
        if deadline is not None and self.policy.max_bots is None:
            assert decide(self.desired, self.observed, self.policy, deadline, stopping=self.stopping) != []

    def _check_spawn(self, action: Spawn) -> None:
        row, truth, wish = self.rows[action.bot_id], self.truth[action.bot_id], self.wishes[action.bot_id]
        assert not self.living(action.bot_id), "two lives of one bot"
        assert not self.stopping, "spawned while the service stops"
        assert action.generation == self._specs[action.bot_id], "not the newest generation"
        limit = self.policy.max_bots
        assert limit is None or sum(body.alive for body in self.bodies.values()) < limit, "beyond the bot limit"
        if action.settle:
            assert not wish.on
            assert self.policy.settle
            assert row.unsettled, "settled already"
            return
        assert self._views[action.bot_id][0].status != "disabled", "a disabled bot is spawned"
        assert wish.on
        assert truth.barred != action.generation, "out of quarantine without a new generation or a request"
        if truth.generation == action.generation:
            assert truth.failures < self.policy.restart_limit, "a crash loop goes on"
            recent = [at for at in truth.kills if at > self.now - self.policy.kill_window]
            assert len(recent) < self.policy.kill_limit, "a kill loop goes on"
            if truth.failed_at is not None and truth.failures > 1:
                wait = min(self.policy.backoff_cap, self.policy.backoff_base * 2 ** (truth.failures - 2)) * 0.75
                assert self.now >= truth.failed_at + wait - 1e-9, "no backoff distance"

    def _remember(self, body: Body, why: ExitCause, healthy_for: float, *, settle: bool) -> None:
        truth = self.truth[body.bot_id]
        if settle:
            return
        if truth.generation != body.generation:
            truth.generation, truth.failures, truth.kills = body.generation, 0, []
        if healthy_for >= self.policy.stable_after:
            truth.failures = 0
        truth.failed_at = None
        if why is ExitCause.KILLED and body.progressed:
            truth.kills.append(self.now)
        elif why in FAULTS or why is ExitCause.KILLED:
            truth.failures += 1
            truth.failed_at = self.now
        if why is ExitCause.HOPELESS:
            truth.barred = body.generation
