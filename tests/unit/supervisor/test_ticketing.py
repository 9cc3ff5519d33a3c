"""Tickets: all that a life is born with, and a secret that no other life has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builders import a_bot
from fleet_world import UUID, Fleet

from common.identity import bot_uid, install_tag
from common.wire.ticket import Ticket


def issued(fleet: Fleet, **row: Any) -> Ticket:
    fleet.add(**row)
    fleet.start()
    return fleet.launcher.tickets[0]


def test_a_ticket_names_bot_life_and_installation(fleet: Fleet) -> None:
    ticket = issued(fleet)
    uid = bot_uid(UUID, 7, fleet.row().created_at)
    assert (ticket.bot_uid, ticket.install_tag) == (uid, install_tag(UUID))
    assert ticket.incarnation == fleet.life().incarnation
    assert ticket.mode == "trade"
    assert ticket.process_title == "botvisor: bot 7 Dip buyer"


def test_every_place_is_absolute_and_the_bots_own(fleet: Fleet) -> None:
    places = issued(fleet).places
    assert all(path.is_absolute() for path in (places.state_dir, places.pid_file, places.log_file, places.output_file))
    assert places.state_dir.name.startswith("7-")
    assert places.state_dir.is_dir()
    assert places.pid_file == fleet.settings.runtime_dir / "bots" / "7.pid"


def test_no_two_lives_share_a_secret_and_the_router_knows_each(fleet: Fleet) -> None:
    issued(fleet)
    for _ in range(5):
        fleet.born().dies(signal=9)
    tokens = [ticket.link.token for ticket in fleet.launcher.tickets]
    assert len(set(tokens)) == len(tokens) == 6
    assert all(len(token) >= 32 for token in tokens)
    assert fleet.wire.admitted[tokens[-1]] == (7, fleet.life().incarnation)


def test_settings_of_the_link_and_the_log_reach_the_worker(make_fleet: Any) -> None:
    fleet = make_fleet(
        heartbeat_interval=2, credit=9, orphan_grace=77, log_level="DEBUG", log_keep=2, checkpoint_bars=5
    )
    ticket = issued(fleet)
    link = ticket.link
    assert (link.heartbeat_interval, link.credit, link.orphan_grace, link.lease) == (2, 9, 77, 77)
    assert (ticket.log_level, ticket.log_keep, ticket.checkpoint_bars) == ("DEBUG", 2, 5)


def test_a_long_name_makes_no_long_title(fleet: Fleet) -> None:
    ticket = issued(fleet, config=a_bot(name="x" * 200))
    assert len(ticket.process_title) <= 60
    assert ticket.process_title.startswith("botvisor: bot 7 x")


def test_a_ticket_survives_its_way_as_json(fleet: Fleet) -> None:
    ticket = issued(fleet, description="d")
    assert Ticket.model_validate_json(ticket.model_dump_json()) == ticket


def test_a_paused_row_gives_a_paused_life(fleet: Fleet) -> None:
    assert issued(fleet, status="paused").paused


def test_the_secret_is_in_no_log_line_of_the_supervisor(fleet: Fleet, capfd: Any) -> None:
    ticket = issued(fleet)
    fleet.born().dies(signal=9)
    shown = capfd.readouterr()
    assert ticket.link.token not in shown.out + shown.err


class Walls:
    """Control groups that only note what is wanted."""

    def __init__(self) -> None:
        self.wanted: list[tuple[int, int | None, float | None]] = []

    def group_of(self, bot_id: int, *, memory: int | None, cpu_percent: float | None) -> Path:
        self.wanted.append((bot_id, memory, cpu_percent))
        return Path("/groups") / str(bot_id)


def test_the_limits_of_the_config_or_else_of_the_service_are_those_of_the_control_group(make_fleet: Any) -> None:
    fleet = make_fleet(bot_memory_limit_mb=500, bot_cpu_limit_percent=80)
    walls = Walls()
    fleet.office.groups = walls
    ticket = issued(fleet, config=a_bot(limits={"memory_mb": 100}))
    assert walls.wanted == [(7, 100_000_000, 80)]
    assert ticket.places.control_group == Path("/groups/7")
    assert Ticket.model_validate_json(ticket.model_dump_json()).places.control_group == Path("/groups/7")
