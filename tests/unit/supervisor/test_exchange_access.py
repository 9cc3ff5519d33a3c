"""Credentials on their way from where they are kept to the one life that trades with them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from builders import a_bot
from fleet_world import Fleet
from pydantic import SecretStr

from common import logs
from common.errors import ConfigurationError
from common.spec import BotSpec, read_spec
from common.wire.ticket import Credentials, ExchangeTicket, RowFacts
from supervisor.fleet.exchange_access import ExchangeAccess, merged
from supervisor.host.exchange_environment import ExchangeEnvironment
from supervisor.host.secret_keys import secret_keys
from supervisor.settings import load_settings
from supervisor.store.events import BotsRead
from supervisor.store.secrets import OpenedSecret, Secrets

MARK = "hunter2hunter2"


def credentials(key: str = MARK) -> Credentials:
    return Credentials(api_key=SecretStr(key), secret=SecretStr(key + "s"))


def stored(version: int = 1, key: str = MARK) -> Secrets:
    return {"main": OpenedSecret(version=version, credentials=credentials(key))}


def live(**broker: Any) -> dict[str, Any]:
    config = a_bot()
    config["broker"] = {
        "type": "binance",
        "trading_mode": "live",
        "live_trading_confirmed": True,
        "risk_management": {"max_position_size": 100, "max_daily_loss": 10},
        "credentials": "main",
    } | broker
    config["data"] = {"interval": "1m"}
    return config


def spec_of(config: dict[str, Any]) -> BotSpec:
    spec = read_spec(config, RowFacts(bot_id=7)).spec
    assert spec is not None
    return spec


def tell(fleet: Fleet, secrets: Secrets) -> None:
    fleet.database.tell(BotsRead(rows=(), first=False, secrets=secrets))
    fleet.settle()


def started(fleet: Fleet, config: dict[str, Any], secrets: Secrets) -> Fleet:
    fleet.add(config=config)
    fleet.database.start()
    fleet.database.tell(BotsRead(rows=tuple(fleet.database.rows.values()), first=True, secrets=secrets))
    return fleet.settle()


def test_a_live_bot_is_given_the_credentials_that_it_names(fleet: Fleet) -> None:
    started(fleet, live(), stored())
    (ticket,) = fleet.launcher.tickets
    assert ticket.exchange == ExchangeTicket(
        exchange="binance", mode="live", credentials=credentials(), bucket_dir=fleet.folder.rate_folder()
    )
    assert MARK not in str(ticket.config)


def test_a_paper_bot_on_an_exchange_is_given_none(fleet: Fleet) -> None:
    started(fleet, live(trading_mode="paper"), stored())
    (ticket,) = fleet.launcher.tickets
    assert ticket.exchange is not None
    assert (ticket.exchange.mode, ticket.exchange.credentials) == ("public", None)


def test_a_bot_without_an_exchange_is_given_no_access(fleet: Fleet) -> None:
    started(fleet, a_bot(), stored())
    assert fleet.launcher.tickets[0].exchange is None


def test_credentials_that_are_not_stored_stop_that_bot_alone_and_are_named(fleet: Fleet) -> None:
    fleet.add(8)
    started(fleet, live(), {})
    assert [ticket.row.bot_id for ticket in fleet.launcher.tickets] == [8]
    assert fleet.row().status == "error"
    assert 'broker.credentials is "main": no credentials of that name' in fleet.row().extra_metadata["last_error"]


def test_a_bot_in_error_starts_once_its_credentials_are_stored(fleet: Fleet) -> None:
    started(fleet, live(), {})
    tell(fleet, stored())
    assert [ticket.row.bot_id for ticket in fleet.launcher.tickets] == [7]


def test_a_bot_whose_credentials_could_not_be_opened_starts_once_they_can(fleet: Fleet) -> None:
    started(fleet, live(), {"main": OpenedSecret(version=1, credentials=None, fault="there is no key")})
    assert "there is no key" in fleet.row().extra_metadata["last_error"]
    tell(fleet, stored(version=1))
    assert len(fleet.launcher.tickets) == 1


def test_new_credentials_make_a_new_generation_and_the_life_is_replaced(fleet: Fleet) -> None:
    started(fleet, live(), stored(1)).born()
    before = fleet.bot().generation
    tell(fleet, stored(1))
    assert fleet.bot().generation == before
    assert fleet.life().worker.stop is None
    tell(fleet, stored(2, "another-key-is-here"))
    assert fleet.bot().generation != before
    assert fleet.life().worker.stop is not None


def test_a_paper_bot_that_names_credentials_is_left_alone_when_they_change(fleet: Fleet) -> None:
    started(fleet, live(trading_mode="paper"), stored(1)).born()
    tell(fleet, stored(2))
    assert fleet.life().worker.stop is None


def test_plain_keys_of_a_row_reach_the_ticket_and_not_its_config(fleet: Fleet) -> None:
    config = live(api_key=MARK, api_secret=MARK + "s")
    del config["broker"]["credentials"]
    started(fleet, copy.deepcopy(config), {})
    (ticket,) = fleet.launcher.tickets
    assert ticket.exchange is not None
    assert ticket.exchange.credentials == credentials()
    assert MARK not in str(ticket.config)
    assert MARK not in str(fleet.launcher.checks)


def test_without_any_credentials_a_live_bot_is_refused_and_told_where_they_may_be() -> None:
    config = live()
    del config["broker"]["credentials"]
    access = ExchangeAccess(ExchangeEnvironment(), Path("/b"))
    with pytest.raises(ConfigurationError, match="BINANCE_API_KEY and BINANCE_API_SECRET"):
        access.ticket(spec_of(config))


def test_credentials_may_come_from_the_supervisors_environment() -> None:
    environment = ExchangeEnvironment.of(
        {
            "BINANCE_API_KEY": MARK,
            "BINANCE_API_SECRET": MARK + "s",
            "BINANCE_TESTNET_API_KEY": "t",
            "BINANCE_TESTNET_API_SECRET": "ts",
            "KRAKEN_API_KEY": "alone",
        }
    )
    access = ExchangeAccess(environment, Path("/b"))
    config = live()
    del config["broker"]["credentials"]
    real = access.ticket(spec_of(config))
    config["broker"]["testnet"] = True
    test = access.ticket(spec_of(config))
    assert real is not None
    assert test is not None
    assert (real.mode, real.credentials) == ("live", credentials())
    assert (test.mode, test.credentials) == ("testnet", Credentials(api_key=SecretStr("t"), secret=SecretStr("ts")))
    assert environment.credentials("kraken", testnet=False) is None
    assert MARK not in repr(environment)


def test_options_of_the_service_are_below_those_of_the_bot() -> None:
    environment = ExchangeEnvironment.of({"BOTVISOR_CCXT_BINANCE": '{"timeout": 5, "urls": {"api": {"a": 1, "b": 2}}}'})
    access = ExchangeAccess(environment, Path("/b"))
    access.take(stored())
    ticket = access.ticket(spec_of(live(ccxt={"urls": {"api": {"b": 3}}})))
    assert ticket is not None
    assert ticket.options == {"timeout": 5, "urls": {"api": {"a": 1, "b": 3}}}


@pytest.mark.parametrize(
    ("text", "rule"),
    [("{", "is not JSON"), ("[1]", "no JSON object"), ('{"apiKey": "k"}', "credentials are no options")],
)
def test_options_that_are_none_are_refused_by_the_name_of_their_variable(text: str, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=f"BOTVISOR_CCXT_BINANCE .*{rule}"):
        ExchangeEnvironment.of({"BOTVISOR_CCXT_BINANCE": text})


def test_objects_are_merged_and_anything_else_is_replaced() -> None:
    assert merged({"a": {"b": 1}, "c": [1]}, {"a": {"d": 2}, "c": [2], "e": {}}) == {
        "a": {"b": 1, "d": 2},
        "c": [2],
        "e": {},
    }
    assert merged({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


def test_credentials_are_blanked_in_the_logs_from_the_moment_they_are_known() -> None:
    access = ExchangeAccess(ExchangeEnvironment(), Path("/b"))
    access.take(stored(key="only-in-this-test"))
    assert logs.scrub("a header with only-in-this-test in it") == "a header with [redacted] in it"


def test_keys_come_from_the_environment_else_a_file_read_anew_else_the_service_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "botvisor-secret-key").write_text("k3\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert secret_keys(load_settings()) == ("k3",)
    file = tmp_path / "keys"
    file.write_text("k2\nk1\n")
    monkeypatch.setenv("BOTVISOR_SECRET_KEY_FILE", str(file))
    settings = load_settings()
    assert secret_keys(settings) == ("k2", "k1")
    file.write_text("k4")
    assert secret_keys(settings) == ("k4",)
    file.unlink()
    with pytest.raises(ConfigurationError, match=r"BOTVISOR_SECRET_KEY_FILE=.*cannot be read"):
        secret_keys(settings)
    monkeypatch.setenv("BOTVISOR_SECRET_KEY", "k6, k5")
    assert secret_keys(load_settings()) == ("k6", "k5")
    assert "k6" not in repr(load_settings())


def test_a_life_outlives_the_removal_of_its_credentials_and_has_no_successor(fleet: Fleet) -> None:
    started(fleet, live(), stored()).born()
    tell(fleet, {})
    assert fleet.life().worker.stop is None
    assert "no credentials of that name" in (fleet.bot().error or "")
    fleet.dies(signal=9)
    assert len(fleet.launcher.tickets) == 1
    assert fleet.row().status == "error"
