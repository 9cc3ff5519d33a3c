"""Random worlds: whatever happens, no plan is unsafe, and when it calms down the fleet becomes what the rows say."""

from __future__ import annotations

import itertools
from dataclasses import replace

from decide_world import HEALTHY, SMALL, Row, Temper, World
from effort import examples
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from common.exit_status import ExitStatus
from supervisor.reconcile.states import LifePhase

BOTS = (1, 2, 3)
maybe = st.none() | st.sampled_from((0.1, 0.9, 3.5))
tempers = st.one_of(
    st.just(HEALTHY),
    st.builds(
        Temper,
        starts_in=st.none() | st.sampled_from((0.1, 2.0)),
        drains_in=maybe,
        terminates_in=maybe,
        aborts_in=maybe,
        fails_in=st.none() | st.sampled_from((0.05, 1.0, 5.0, 50.0)),
        fail_code=st.sampled_from((ExitStatus.FAILED, ExitStatus.FAILED, *ExitStatus)),
        silent_in=st.none() | st.sampled_from((1.0, 6.0)),
        hung_in=st.none() | st.sampled_from((1.0, 6.0)),
        unborn=st.sampled_from((False, False, False, True)),
    ),
)
INTENT_OF = {
    "starting": "on",
    "enabled": "on",
    "running": "on",
    "restarting": "on",
    "paused": "paused",
    "stopping": "stopped",
    "stopped": "stopped",
    "disabled": "disabled",
}


class Fleet(RuleBasedStateMachine):
    """Operators, bodies and supervisors do what they like; the world checks every plan."""

    @initialize(
        born=st.lists(tempers, max_size=12), limit=st.sampled_from((None, None, 2)), jitter=st.sampled_from((0.0, 0.99))
    )
    def begin(self, born: list[Temper], limit: int | None, jitter: float) -> None:
        self.world = World(
            policy=replace(SMALL, max_bots=limit),
            tempers=itertools.chain(born, itertools.repeat(HEALTHY)),
            jitter=jitter,
        )
        self.intents: dict[int, str | None] = {}
        for bot_id in BOTS:
            self.world.add(bot_id, Row(status="enabled"))
            self.intents[bot_id] = "on"

    @rule(bot=st.sampled_from(BOTS), status=st.sampled_from(sorted(INTENT_OF)), seen=st.booleans())
    def operator_writes_status(self, bot: int, status: str, seen: bool) -> None:
        row = self.world.rows[bot]
        if row.status == status:
            return
        heard = status != "stopped" or row.last_status not in (None, "stopped")
        self.intents[bot] = INTENT_OF[status] if heard else None
        if status == "restarting" and row.last_status == "paused":
            self.intents[bot] = "paused"  # a restart is not a resumption
        row.status = status
        if seen:
            self.world.read_rows()

    @rule(bot=st.sampled_from(BOTS), valid=st.sampled_from((True, True, False)), seen=st.booleans())
    def operator_edits_config(self, bot: int, valid: bool, seen: bool) -> None:
        row = self.world.rows[bot]
        row.edition += 1
        row.valid = valid
        if self.intents[bot] == "stopped" or row.status == "stopped":
            self.intents[bot] = None
        if seen:
            self.world.read_rows()

    @rule(bot=st.sampled_from(BOTS))
    def operator_toggles_enabled(self, bot: int) -> None:
        row = self.world.rows[bot]
        row.enabled = not row.enabled
        row.edition += 1
        by_config = row.status == row.last_status == "stopped" and row.marks.get("stopped_by") == "config"
        wished_on = INTENT_OF.get(row.status) == "on" or by_config
        self.intents[bot] = "on" if wished_on and not row.marks.get("paused") else None
        self.world.read_rows()

    @rule(seconds=st.sampled_from((0.01, 0.06, 0.3, 1.0, 4.0, 15.0, 60.0)))
    def time_passes(self, seconds: float) -> None:
        self.world.read_rows()
        self.world.run(seconds)

    @rule(bot=st.sampled_from(BOTS))
    def somebody_kills(self, bot: int) -> None:
        self.world.kill_from_outside(bot)

    @rule(count=st.integers(0, 2))
    def next_plan_is_cut_off(self, count: int) -> None:
        self.world.cut = count

    @rule(away=st.booleans())
    def database_goes_or_comes_back(self, away: bool) -> None:
        self.world.away = away
        self.world.read_rows()

    @precondition(lambda self: not self.world.away)
    @rule()
    def supervisor_dies(self) -> None:
        self.world.lose_supervisor()

    @precondition(lambda self: not self.world.away)
    @rule()
    def service_restarts(self) -> None:
        self.world.read_rows()
        self.world.stopping = True
        self.world.run(20.0)
        assert not any(body.alive for body in self.world.bodies.values()), "the service does not come to its end"
        self.world.start_again()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.tempers = itertools.repeat(HEALTHY)
        world.cut = None
        world.away = False
        world.read_rows()
        world.run(80.0)
        barred = {bot for bot in BOTS if self._is_barred(bot)}
        limit = world.policy.max_bots
        wished = [bot for bot in BOTS if world.desired[bot].on and bot not in barred]
        kept = sum(self._trades(bot) for bot in barred)
        assert sum(self._trades(bot) for bot in wished) == min(len(wished), (limit or len(BOTS)) - kept)
        for bot in BOTS:
            self._check_calm(bot, barred)

    def _is_barred(self, bot: int) -> bool:
        want, have = self.world.desired[bot], self.world.observed[bot]
        finished = have.history.finished and have.history.generation == want.generation
        return want.generation is None or finished or have.quarantined_generation == want.generation

    def _trades(self, bot: int) -> bool:
        worker, want = self.world.observed[bot].worker, self.world.desired[bot]
        if worker is None:
            return False
        assert (worker.phase, worker.stop, worker.settle) == (LifePhase.RUNNING, None, False)
        assert (worker.generation, worker.paused) == (want.generation or worker.generation, want.paused)
        return self.world.bodies[worker.incarnation].alive

    def _check_calm(self, bot: int, barred: set[int]) -> None:
        row, intent = self.world.rows[bot], self.intents[bot]
        trades = self._trades(bot)
        refused = self.world.observed[bot].refused
        if not self.world.desired[bot].on:
            assert not trades
        if not row.enabled or intent is None:
            return
        if intent == "disabled":
            assert (row.status, trades) == ("disabled", False)
        elif intent == "stopped":
            assert (row.status, trades) == ("stopped", False)
        elif (bot in barred or refused or row.marks.get("finished")) and not trades:
            assert row.status in ("error", "stopped")
        else:
            assert trades
            assert row.status == ("paused" if intent == "paused" else "running")


Fleet.TestCase.settings = settings(
    max_examples=examples(120), stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestFleet = Fleet.TestCase
