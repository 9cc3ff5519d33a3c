"""The table of parameters that a strategy declares: validation, the catalogue and the strategy read the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tape import TapeDesk, a_spec, closes_to_bars, play

from common.errors import ConfigurationError
from common.spec import Problem
from worker.strategies.catalogue import catalogue
from worker.strategies.registry import everything, load
from worker.strategies.validation import validate

PLUGIN = '''
from worker.strategies.contract import BotStrategy
from worker.strategies.parameters import Parameter

class Tabled(BotStrategy):
    """Has a table."""

    parameters = (
        Parameter(name="bars", kind="integer", default=5, minimum=1, plausible_maximum=50, synonyms=("length",),
                  meaning="bars looked at"),
        Parameter(name="mode", kind="choice", default="slow", choices=("slow", "fast"), meaning="pace"),
        Parameter(name="model", kind="integer", meaning="which one"),
        Parameter(name="old", kind="number", meaning="", unused="nothing reads it"),
    )
    seen = []

    def on_bar(self):
        self.seen.append(dict(self.values))
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tabled.py").write_text(PLUGIN)
    return tmp_path


def problems(folder: Path, **parameters: Any) -> list[Problem]:
    return validate(a_spec(None, None, "Tabled", **parameters), [folder])


def test_the_strategy_reads_its_values_and_defaults(folder: Path) -> None:
    strategy: Any = load("Tabled", [folder]).cls
    play(a_spec(None, None, "Tabled", length=7, mode="FAST", model=2), TapeDesk(closes_to_bars([1.0, 2.0])), strategy)
    assert strategy.seen[0] == {"bars": 7, "mode": "fast", "model": 2}


def test_a_sound_config_has_no_problem_and_common_keys_are_known(folder: Path) -> None:
    assert problems(folder, bars=5, model=1, position_size=0.2, min_order_value=5) == []


@pytest.mark.parametrize(
    ("given", "severity", "path", "words"),
    [
        ({"model": 1, "bars": 0}, "error", "bars", "at least 1"),
        ({"model": 1, "bars": "many"}, "error", "bars", "whole number"),
        ({"model": 1, "mode": "quick"}, "error", "mode", "slow, fast"),
        ({}, "error", "model", "Tabled needs it"),
        ({"model": 1, "bars": 51}, "warning", "bars", "usually at most 50"),
        ({"model": 1, "bars": 5, "length": 6}, "warning", "length", "not used"),
        ({"model": 1, "old": 6}, "warning", "old", "nothing reads it"),
        ({"model": 1, "barz": 6}, "warning", "barz", "it knows bars, mode, model"),
    ],
)
def test_each_mistake_is_told_with_its_place(
    folder: Path, given: dict[str, Any], severity: str, path: str, words: str
) -> None:
    (problem,) = problems(folder, **given)
    assert (problem.severity, problem.path) == (severity, f"strategy.parameters.{path}")
    assert words in problem.message


def test_a_life_with_a_faulty_parameter_does_not_begin(folder: Path) -> None:
    strategy = load("Tabled", [folder]).cls
    with pytest.raises(ConfigurationError, match="bars"):
        play(a_spec(None, None, "Tabled", model=1, bars=-2), TapeDesk(closes_to_bars([1.0])), strategy)


def test_the_catalogue_shows_the_table(folder: Path) -> None:
    entry = catalogue([folder])["strategies"][1]
    bars, _, model, old = entry["parameters"]
    assert (bars["default"], bars["minimum"], bars["spellings"]) == (5, 1, ["bars", "length"])
    assert model["default"] is None
    assert old["unused"] == "nothing reads it"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('("bars",)', "must be a tuple of"),
        ('(Parameter(name="b", kind="integer", default=0, minimum=1, meaning=""),)', "has the default 0, but must be"),
        ('(Parameter(name="position_size", kind="number", meaning=""),)', "means the same for every strategy type"),
        ('(Parameter(name="b", kind="flag", meaning=""), Parameter(name="b", kind="flag", meaning=""))', "twice"),
    ],
)
def test_an_unsound_table_leaves_the_plugin_out_and_says_why(tmp_path: Path, table: str, reason: str) -> None:
    head = "from worker.strategies.contract import BotStrategy\nfrom worker.strategies.parameters import Parameter\n"
    (tmp_path / "unsound.py").write_text(f"{head}\nclass Unsound(BotStrategy):\n    parameters = {table}\n")
    discovery = everything([tmp_path])
    assert [found.name for found in discovery.found] == ["CustomStrategy"]
    assert reason in discovery.faults[0].reason
