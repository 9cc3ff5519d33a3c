"""Mixins that plugins bring: used by CustomStrategy like built-in ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from tape import a_spec

from common.spec import LogicSpec
from worker.rehearsal import bars_of, rehearse
from worker.strategies.catalogue import catalogue
from worker.strategies.custom import CustomStrategy
from worker.strategies.logic import LogicReading, read_entry, read_exit
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.plugins import discover, seek
from worker.strategies.validation import validate

HEAD = """
from worker.strategies.mixins.mixin import EntryMixin, ExitMixin
from worker.strategies.parameters import Parameter
"""
ABOVE_MEAN = (
    HEAD
    + '''
class AboveMeanEntryMixin(EntryMixin):
    """Close above its mean by more than `margin`."""

    parameters = (
        Parameter(name="mean_period", kind="integer", default=3, minimum=1, meaning="bars of the mean"),
        Parameter(name="margin", kind="number", default=0.01, minimum=0, meaning="distance as a fraction"),
    )
    blueprint = ({"type": "SMA", "params": {"timeperiod": "mean_period"}, "fields_mapping": {"sma": "entry_mean"}},)

    @classmethod
    def required(cls, values):
        return ("entry_mean",)

    def should_enter(self, chart):
        return chart.now("close") > chart.now("entry_mean") * (1 + self.values["margin"])

    def get_entry_reason(self):
        return "above the mean"
'''
)
AFTER_TWO = {"name": "TimeBasedExitMixin", "params": {"max_bars": 2}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "means.py").write_text(ABOVE_MEAN)
    return tmp_path


def write(folder: Path, body: str) -> Path:
    (folder / "early.py").write_text(HEAD + body)
    return folder


def entry(name: str, folder: Path, **params: object) -> LogicReading[EntryMixin]:
    return read_entry(LogicSpec(name=name, params=params, logic_params={}), [folder])


def test_it_trades_in_custom_strategy_with_its_own_indicator(folder: Path) -> None:
    entry_logic = {"name": "AboveMeanEntryMixin", "params": {"e_margin": 0.05}}
    parameters = {"entry_logic": entry_logic, "exit_logic": AFTER_TWO}
    bars = bars_of([10.0] * 5 + [11.0] * 6)
    done = rehearse(CustomStrategy, bars, parameters, plugin_dirs=[folder])
    (trade,) = done.trades
    assert (done.bar_of(trade.entry_time), done.bar_of(trade.exit_time)) == (6, 9)
    assert trade.entry_logic_name == "AboveMeanEntryMixin"


def test_its_parameters_have_every_spelling_and_are_checked(folder: Path) -> None:
    reading = entry("AboveMeanEntryMixin", folder, entry_e_mean_period=9)
    assert reading.mixin is not None
    assert reading.mixin.values["mean_period"] == 9
    (problem,) = entry("AboveMeanEntryMixin", folder, margin=-1).problems
    assert problem.path == "strategy.parameters.entry_logic.params.margin"


def test_the_catalogue_lists_it_with_its_file(folder: Path) -> None:
    listed = catalogue([folder])["entry_mixins"][-1]
    assert (listed["name"], listed["source"]) == ("AboveMeanEntryMixin", str(folder.resolve() / "means.py"))
    assert listed["parameters"][0]["spellings"] == ["mean_period", "e_mean_period", "entry_e_mean_period"]


def test_an_unknown_name_suggests_it_and_tells_of_plugins_left_out(folder: Path) -> None:
    write(folder, "import no_such_module\n")
    error, suspect = entry("AboveMeansEntryMixin", folder).problems
    assert "did you mean AboveMeanEntryMixin?" in error.message
    assert (suspect.severity, "no_such_module" in suspect.message) == ("warning", True)


def test_it_is_refused_in_the_other_role(folder: Path) -> None:
    logic = LogicSpec(name="AboveMeanEntryMixin", params={}, logic_params={})
    (problem,) = read_exit(logic, [folder]).problems
    assert "an entry mixin, exit_logic needs an exit mixin" in problem.message


def test_built_in_mixins_need_no_plugins_and_cannot_be_replaced(tmp_path: Path) -> None:
    write(tmp_path, 'class ATRExitMixin(ExitMixin):\n    pass\nraise RuntimeError("imported")\n')
    assert entry("RSIBBEntryMixin", tmp_path).mixin is not None
    write(tmp_path, "class ATRExitMixin(ExitMixin):\n    pass\n")
    (fault,) = discover([tmp_path]).faults
    assert "ATRExitMixin is built in" in fault.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("class Half(EntryMixin):\n    pass\n", "defines no get_entry_reason, should_enter"),
        (
            "class NoDefault(EntryMixin):\n    parameters = (Parameter(name='a', kind='flag', meaning=''),)\n"
            "    should_enter = get_entry_reason = lambda *_: None\n",
            "has no default",
        ),
        (
            "class BadPlan(EntryMixin):\n    should_enter = get_entry_reason = lambda *_: None\n"
            "    @classmethod\n    def required(cls, values):\n        return (values['gone'],)\n",
            "cannot work with its defaults: KeyError",
        ),
    ],
)
def test_an_unsound_declaration_leaves_the_mixin_out_and_says_why(tmp_path: Path, body: str, reason: str) -> None:
    discovery = discover([write(tmp_path, body)])
    assert discovery.mixins == ()
    assert reason in discovery.faults[0].reason


def test_one_that_cannot_be_made_is_an_error_of_the_config(tmp_path: Path) -> None:
    body = (
        "class Stubborn(EntryMixin):\n    def __init__(self, values):\n        raise OSError('no model')\n"
        "    should_enter = get_entry_reason = lambda *_: None\n"
    )
    spec = a_spec({"name": "Stubborn", "params": {}}, AFTER_TWO)
    problems = validate(spec, [write(tmp_path, body)])
    assert [problem.path for problem in problems] == ["strategy.parameters.entry_logic.name"]
    assert "OSError: no model" in problems[0].message


def test_only_the_plugin_that_defines_the_name_is_imported(folder: Path) -> None:
    write(folder, "raise RuntimeError('imported')\n")
    discovery = seek("AboveMeanEntryMixin", [folder])
    assert ([found.name for found in discovery.mixins], discovery.faults) == (["AboveMeanEntryMixin"], ())
    assert [fault.source for fault in seek("Nowhere", [folder]).faults] == [str(folder.resolve() / "early.py")]


def test_a_name_that_a_plugin_makes_without_writing_its_class_is_still_found(folder: Path) -> None:
    write(
        folder,
        "def rule(name):\n    answers = {'should_enter': lambda *_: True, 'get_entry_reason': lambda _: ''}\n"
        "    return type(name, (EntryMixin,), {**answers, '__module__': __name__})\n"
        "Always = rule('Always')\n",
    )
    assert "Always" in [found.name for found in seek("Always", [folder]).mixins]
