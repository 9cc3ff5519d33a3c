"""The roster: bots by id, lives by number, and never two lives of one bot."""

from __future__ import annotations

import pytest
from fleet_world import OwnClock

from supervisor.fleet.roster import Bot, Life, Roster
from supervisor.reconcile.states import LifePhase, LiveWorker
from supervisor.store.supervision import Supervision

CLOCK = OwnClock()


def a_known_bot(bot_id: int = 7) -> Bot:
    return Bot(bot_id=bot_id, row=None, supervision=Supervision(bot_id=bot_id), status="enabled", metadata={})


def a_life(incarnation: int, bot_id: int = 7) -> Life:
    worker = LiveWorker(
        incarnation=incarnation,
        generation="g",
        phase=LifePhase.STARTING,
        started_at=0,
        phase_since=0,
        last_heard_at=0,
        last_progress_at=0,
    )
    return Life(worker=worker, bot_id=bot_id, token=f"t{incarnation}", born_at=CLOCK.now())


def test_a_bot_never_has_two_lives() -> None:
    roster, bot = Roster(), a_known_bot()
    roster.add(bot)
    roster.begin(bot, a_life(1))
    with pytest.raises(AssertionError, match="already lives"):
        roster.begin(bot, a_life(2))
    assert [life.incarnation for life in roster.lives()] == [1]


def test_a_buried_life_is_unknown_and_its_bot_may_live_again() -> None:
    roster, bot, life = Roster(), a_known_bot(), a_life(1)
    roster.add(bot)
    roster.begin(bot, life)
    assert roster.bury(life) is bot
    assert (roster.life(1), bot.life, roster.lives()) == (None, None, [])
    roster.begin(bot, a_life(2))
    assert roster.bury(life) is bot, "a second burial does not touch the new life"
    assert bot.life is not None


def test_the_life_of_a_forgotten_bot_can_still_be_buried() -> None:
    roster, bot, life = Roster(), a_known_bot(), a_life(1)
    roster.add(bot)
    roster.begin(bot, life)
    roster.remove(7)
    roster.remove(7)
    assert roster.life(1) is life
    assert roster.bury(life) is None
    assert len(roster) == 0


def test_what_decide_sees_is_what_is_known() -> None:
    bot = a_known_bot()
    bot.quarantine("g", "three failures", CLOCK.now())
    bot.unsettle(True)
    bot.refused = True
    seen = bot.observed()
    assert (seen.worker, seen.quarantined_generation, seen.unsettled, seen.refused) == (None, "g", True, True)
    bot.quarantine(None, None)
    assert bot.observed().quarantined_generation is None
    assert bot.supervision.quarantined_at is None
