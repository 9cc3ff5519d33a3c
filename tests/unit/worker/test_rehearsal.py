"""A strategy rehearsed over a few bars, as the tests of plugins do."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from worker.rehearsal import bars_of, plugin, rehearse
from worker.strategies.contract import BotStrategy
from worker.strategies.parameters import Parameter


class BuysOnce(BotStrategy):
    """Buys at bar `at`."""

    parameters = (Parameter(name="at", kind="integer", default=1, minimum=0, meaning="bar"),)

    def on_bar(self) -> None:
        if self.desk.bar_number == self.values["at"]:
            self.desk.enter("now")


class Forgetful(BotStrategy):
    """Buys at the third bar it has seen, and forgets how many that were."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0

    def on_bar(self) -> None:
        self._seen += 1
        if self._seen == 3:
            self.desk.enter("third")


def test_an_entry_is_filled_at_the_next_open_and_stays_open_at_the_end() -> None:
    done = rehearse(BuysOnce, bars_of([10, 10, 20, 30]), {"at": 1, "position_size": 0.5})
    (trade,) = done.trades
    assert (done.bar_of(trade.entry_time), trade.entry_price, trade.size) == (2, Decimal(10), Decimal(500))
    assert (trade.status, done.bar_of(trade.exit_time)) == ("open", None)


def test_other_sections_of_the_config_count() -> None:
    bars = [(10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 8, 9, 5)]
    stopped = rehearse(BuysOnce, bars, config={"risk_management": {"stop_loss_pct": 10}})
    assert [trade.exit_reason for trade in stopped.trades] == ["stop_loss"]
    refused = rehearse(BuysOnce, bars, config={"risk_management": {"max_position_size": 0}})
    assert (refused.trades, refused.denials) == ((), {"max_position_size": 1})


def test_a_restart_shows_an_incomplete_state() -> None:
    bars = bars_of([10.0] * 8)
    (whole,) = rehearse(Forgetful, bars).trades
    (torn,) = rehearse(Forgetful, bars, restart_after=1).trades
    assert whole.entry_time != torn.entry_time
    for bar in range(7):
        assert rehearse(BuysOnce, bars, restart_after=bar).trades == rehearse(BuysOnce, bars).trades


def test_a_faulty_config_and_a_failing_strategy_are_told() -> None:
    with pytest.raises(ConfigurationError, match="at least 0"):
        rehearse(BuysOnce, bars_of([1.0]), {"at": -1})
    with pytest.raises(TypeError, match="defines no on_bar"):
        rehearse(type("Empty", (BotStrategy,), {}), bars_of([1.0, 2.0]))


def test_a_plugin_is_found_as_a_worker_finds_it_or_the_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from worker.strategies.contract import BotStrategy\n\nclass Mine(BotStrategy):\n    pass\n"
    )
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    assert plugin("Mine", tmp_path).__name__ == "Mine"
    with pytest.raises(
        ConfigurationError, match=r"no strategy type Yours; known: CustomStrategy, Mine; .*no_such_module"
    ):
        plugin("Yours", tmp_path)
