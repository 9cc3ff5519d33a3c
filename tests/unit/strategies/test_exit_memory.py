"""What exit rules remember of a trade: whole in their state, gone after the trade."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exit_rules import RULES, expected_trades
from tape import TapeDesk, a_spec, play, random_bars

from worker.strategies.custom import CustomStrategy

ALWAYS = {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_period": 1, "e_bb_period": 1, "e_rsi_oversold": 100}}
BARS = random_bars(57, 400, 0.006)
PARAMETERS: dict[str, dict[str, Any]] = {
    "AdvancedATRExitMixin": {"max_trail_freq": 3, "struct_buffer_atr": 1.0, "k_init": 3.0},
    "MultiLevelAtrExitMixin": {"use_dynamic_k": True, "vol_sma_period": 9},
    "TrailingStopExitMixin": {"use_atr": True, "activation_pct": 0.003},
}


class Forgetful(CustomStrategy):
    """Forgets the trade before every bar and takes it back from its state, as text."""

    def on_bar(self) -> None:
        written = json.dumps(self.state())
        self.on_exit("forgotten")
        self.restore(json.loads(written))
        super().on_bar()


class Oblivious(CustomStrategy):
    """Forgets the trade before every bar."""

    def on_bar(self) -> None:
        self.on_exit("forgotten")
        super().on_bar()


def trades(name: str, strategy: type[CustomStrategy]) -> list[tuple[int, int, str]]:
    desk = TapeDesk(BARS)
    play(a_spec(ALWAYS, {"name": name, "logic_params": PARAMETERS.get(name, {})}), desk, strategy)
    return [(entry, leave, why) for (entry, _), (leave, why) in zip(desk.entries, desk.exits, strict=False)]


@pytest.mark.parametrize("name", RULES)
def test_the_state_holds_all_that_the_trade_needs(name: str) -> None:
    assert trades(name, Forgetful) == expected_trades(name, BARS, PARAMETERS.get(name, {}))


@pytest.mark.parametrize(
    "name", ["SimpleATRExitMixin", "AdvancedATRExitMixin", "TrailingStopExitMixin", "MultiLevelAtrExitMixin"]
)
def test_after_the_trade_a_moving_stop_is_forgotten(name: str) -> None:
    assert trades(name, Oblivious) != expected_trades(name, BARS, PARAMETERS.get(name, {}))
