"""What is wrong with a strategy section, all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tape import a_spec

from common.spec import LogicSpec, Problem
from worker.strategies.validation import validate

ENTRY = {"name": "RSIBBVolumeEntryMixin", "params": {"e_rsi_period": 14}}
EXIT = {"name": "ATRExitMixin", "params": {"x_atr_period": 14}}

CHECKING = """
from common.spec import Problem
from worker.strategies.contract import BotStrategy

class Checking(BotStrategy):
    @classmethod
    def validate(cls, parameters):
        if "speed" not in parameters:
            where = "strategy.parameters.speed"
            yield Problem(severity="error", path=where, value="missing", rule="needed", message="speed?")

class Raising(BotStrategy):
    @classmethod
    def validate(cls, parameters):
        raise RuntimeError("no idea")

class Wordy(BotStrategy):
    @classmethod
    def validate(cls, parameters):
        return ["speed is missing"]

class Silent(BotStrategy):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checking.py").write_text(CHECKING)
    return tmp_path


def errors(problems: list[Problem]) -> list[str]:
    return [problem.path for problem in problems if problem.severity == "error"]


def test_a_good_strategy_has_no_problems() -> None:
    assert validate(a_spec(ENTRY, EXIT)) == []


def test_mistakes_of_both_logics_are_reported_together() -> None:
    spec = a_spec({"name": "NoEntryMixin"}, {"name": "ATRExitMixin", "params": {"x_sl_multiplier": -1}})
    assert errors(validate(spec)) == [
        "strategy.parameters.entry_logic.name",
        "strategy.parameters.exit_logic.params.x_sl_multiplier",
    ]


def test_a_missing_logic_is_an_error_that_lists_the_mixins() -> None:
    spec = a_spec(ENTRY, EXIT)
    spec = spec.model_copy(update={"strategy": spec.strategy.model_copy(update={"entry": None, "exit": None})})
    problems = validate(spec)
    assert errors(problems) == ["strategy.parameters.entry_logic", "strategy.parameters.exit_logic"]
    assert "RSIOrBBEntryMixin" in problems[0].message
    assert "TimeBasedExitMixin" in problems[1].message


def test_an_unknown_type_is_a_warning_and_then_the_rules_of_custom_strategy_hold(folder: Path) -> None:
    (folder / "broken.py").write_text("1 / 0")
    unknown, cause = validate(a_spec(ENTRY, EXIT, "GridStrategy"), [folder])
    assert (unknown.severity, unknown.path) == ("warning", "strategy.type")
    assert "GridStrategy" in unknown.message
    assert "CustomStrategy runs instead" in unknown.message
    assert "broken.py" in cause.message
    spec = a_spec(ENTRY, EXIT, "GridStrategy")
    bare = spec.strategy.model_copy(update={"entry": None, "exit": LogicSpec(name="RSIBBVolumeEntryMixin")})
    assert errors(validate(spec.model_copy(update={"strategy": bare}))) == [
        "strategy.parameters.entry_logic",
        "strategy.parameters.exit_logic.name",
    ]


def test_a_plugin_checks_its_own_parameters(folder: Path) -> None:
    assert errors(validate(a_spec(None, None, "Checking"), [folder])) == ["strategy.parameters.speed"]
    assert validate(a_spec(None, None, "Checking", speed=3), [folder]) == []
    assert validate(a_spec(None, None, "Silent"), [folder]) == []


@pytest.mark.parametrize(("name", "words"), [("Raising", "RuntimeError: no idea"), ("Wordy", "must return Problem")])
def test_a_plugin_whose_check_fails_is_an_error(folder: Path, name: str, words: str) -> None:
    (problem,) = validate(a_spec(None, None, name), [folder])
    assert problem.severity == "error"
    assert words in problem.message
