from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_facts import NOW
from sqlalchemy import Engine

from common.errors import ConfigurationError
from supervisor.store.claims import (
    Claimant,
    ClaimLost,
    ClaimRefused,
    claim,
    held_claim,
    is_held,
    release,
    release_held,
    require_held,
)
from supervisor.store.engine import writing
from supervisor.store.meta import read_uuid, require_uuid, reserve_incarnations

ME = Claimant(host="here", boot_id="b1", pid=100, pid_created=1.25, state_dir="/state")
OTHER = replace(ME, pid=200)


def take(engine: Engine, who: Claimant, *, alive: bool, takeover: bool = False) -> bool:
    with writing(engine) as connection:
        return claim(connection, who, lambda pid, created: alive, NOW, takeover=takeover)


def test_a_database_nobody_had_is_taken_cleanly(engine: Engine) -> None:
    assert take(engine, ME, alive=True) is False
    with writing(engine) as connection:
        assert is_held(connection, ME)


def test_a_live_supervisor_of_this_host_keeps_its_database_even_from_a_takeover(engine: Engine) -> None:
    take(engine, ME, alive=True)
    for takeover in (False, True):
        with pytest.raises(ClaimRefused, match="process 100 on here"):
            take(engine, OTHER, alive=True, takeover=takeover)


def test_a_dead_supervisor_s_database_is_free_and_counts_as_crashed(engine: Engine) -> None:
    take(engine, ME, alive=True)
    assert take(engine, OTHER, alive=False) is True


def test_after_a_reboot_the_pid_means_nothing(engine: Engine) -> None:
    take(engine, ME, alive=True)
    assert take(engine, replace(OTHER, boot_id="b2"), alive=True) is True


def test_a_released_database_is_free_and_clean(engine: Engine) -> None:
    take(engine, ME, alive=True)
    with writing(engine) as connection:
        release(connection, ME, NOW)
    assert take(engine, replace(OTHER, host="elsewhere"), alive=True) is False


def test_another_host_needs_a_takeover(engine: Engine) -> None:
    take(engine, ME, alive=True)
    stranger = replace(OTHER, host="elsewhere")
    with pytest.raises(ClaimRefused, match="botctl takeover"):
        take(engine, stranger, alive=False)
    assert take(engine, stranger, alive=False, takeover=True) is True
    with writing(engine) as connection, pytest.raises(ClaimLost, match="process 200 on elsewhere"):
        require_held(connection, ME)


def test_only_the_holder_can_release(engine: Engine) -> None:
    take(engine, ME, alive=True)
    with writing(engine) as connection:
        release(connection, OTHER, NOW)
        assert is_held(connection, ME)


def test_incarnation_numbers_are_never_given_twice(engine: Engine) -> None:
    with writing(engine) as connection:
        first, second = reserve_incarnations(connection, 10), reserve_incarnations(connection, 5)
    assert (first, second) == (range(1, 11), range(11, 16))


def test_a_state_folder_of_another_database_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        uuid = read_uuid(connection)
    require_uuid(uuid, uuid)
    require_uuid(uuid, None)
    with pytest.raises(ConfigurationError, match="belongs to database another"):
        require_uuid(uuid, "another")
    with pytest.raises(ConfigurationError, match="no schema of ours yet"):
        require_uuid(None, "another")


def test_a_claim_is_released_in_its_holder_s_place_only_while_it_is_the_one_that_was_seen(engine: Engine) -> None:
    take(engine, ME, alive=True)
    with writing(engine) as connection:
        seen = held_claim(connection)
        assert seen is not None
        assert (seen.host, seen.pid) == ("here", 100)
    take(engine, OTHER, alive=False)
    with writing(engine) as connection:
        assert not release_held(connection, seen, NOW)
        assert is_held(connection, OTHER)
        newer = held_claim(connection)
        assert newer is not None
        assert release_held(connection, newer, NOW)
        assert held_claim(connection) is None
    assert take(engine, replace(ME, host="elsewhere"), alive=True) is False
