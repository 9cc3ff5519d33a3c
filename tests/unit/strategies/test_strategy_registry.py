"""Strategy types: found, added and removed as plugins, listed; unknown ones replaced with two log lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from tape import TapeDesk, a_spec, closes_to_bars, play

from worker.strategies import plugin_sources
from worker.strategies.catalogue import catalogue
from worker.strategies.contract import BotStrategy
from worker.strategies.custom import CustomStrategy
from worker.strategies.registry import everything, find, load

EVERY_THIRD = '''
"""Buys at every third bar."""
from worker.strategies.contract import BotStrategy

class EveryThird(BotStrategy):
    """Buys at every third bar while flat."""

    def on_bar(self):
        if self.desk.position is None and not self.desk.pending and self.desk.bar_number % 3 == 0:
            self.desk.enter("third")
'''


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", level="DEBUG")
    yield lines
    logger.remove(sink)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "every_third.py").write_text(EVERY_THIRD)
    return tmp_path


def names(*folders: Path) -> list[str]:
    return [found.name for found in everything(folders).found]


def test_the_built_in_type_needs_no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_scan(name: str, folders: object) -> None:
        raise AssertionError("plugins were imported")

    monkeypatch.setattr("worker.strategies.registry.seek", no_scan)
    loaded = load("CustomStrategy")
    assert (loaded.cls, loaded.fallback, loaded.warnings) == (CustomStrategy, False, ())


def test_an_unknown_type_is_an_error_line_and_a_warning_line_and_custom_strategy(log: list[str]) -> None:
    loaded = load("GridStrategy")
    assert (loaded.cls, loaded.name, loaded.fallback) == (CustomStrategy, "CustomStrategy", True)
    error, warning = (line.strip() for line in log)
    assert error == "ERROR unknown strategy type GridStrategy; known: CustomStrategy"
    assert warning == "WARNING strategy type GridStrategy is replaced by CustomStrategy"
    assert loaded.warnings == ("unknown strategy type GridStrategy; known: CustomStrategy",)


def test_a_type_of_a_plugin_folder_decides_for_the_bot(folder: Path, log: list[str]) -> None:
    loaded = load("EveryThird", [folder])
    assert (loaded.name, loaded.fallback, log) == ("EveryThird", False, [])
    desk = TapeDesk(closes_to_bars([1.0] * 10))
    play(a_spec(None, None, "EveryThird"), desk, loaded.cls)
    assert desk.entries == [(0, "third")]


def test_a_type_comes_and_goes_with_its_file(folder: Path, tmp_path: Path) -> None:
    assert names(folder) == ["CustomStrategy", "EveryThird"]
    (folder / "every_fourth.py").write_text(EVERY_THIRD.replace("EveryThird", "EveryFourth"))
    assert names(folder) == ["CustomStrategy", "EveryFourth", "EveryThird"]
    (folder / "every_third.py").unlink()
    assert names(folder) == ["CustomStrategy", "EveryFourth"]
    assert find("EveryThird", [folder]).fallback


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_broken_plugin_is_reported_and_hides_no_other(folder: Path, content: str, reason: str) -> None:
    (folder / "broken.py").write_text(content)
    discovery = everything([folder])
    assert [found.name for found in discovery.found] == ["CustomStrategy", "EveryThird"]
    (fault,) = discovery.faults
    assert fault.source == str((folder / "broken.py").resolve())
    assert reason in fault.reason
    assert reason in str(find("GridStrategy", [folder]).warnings)


def test_modules_of_a_folder_may_import_each_other_and_packages_count(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "__init__.py").write_text("from .rules import Deep\n")
    (folder / "deep" / "rules.py").write_text(
        "from ..every_third import EveryThird\n\nclass Deep(EveryThird):\n    pass\n"
    )
    (folder / "_private.py").write_text(EVERY_THIRD.replace("EveryThird", "_Hidden"))
    assert names(folder) == ["CustomStrategy", "Deep", "EveryThird"]


def test_two_folders_may_hold_modules_of_one_name(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for place, name in ((first, "One"), (second, "Two")):
        place.mkdir()
        (place / "mine.py").write_text(EVERY_THIRD.replace("EveryThird", name))
    assert names(first, second) == ["CustomStrategy", "One", "Two"]


def test_the_first_of_a_name_wins_and_the_built_in_one_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(EVERY_THIRD)
    (tmp_path / "b.py").write_text(EVERY_THIRD)
    (tmp_path / "c.py").write_text(EVERY_THIRD.replace("EveryThird", "CustomStrategy"))
    discovery = everything([tmp_path])
    assert [found.name for found in discovery.found] == ["CustomStrategy", "EveryThird"]
    assert [fault.reason for fault in discovery.faults] == [
        f"EveryThird is already defined by {tmp_path.resolve() / 'a.py'}",
        "CustomStrategy is built in and cannot be replaced",
    ]
    assert load("CustomStrategy", [tmp_path]).cls is CustomStrategy


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (fault,) = everything([tmp_path / "gone"]).faults
    assert fault.reason == "the folder does not exist"


def test_installed_packages_add_types_by_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    points = [
        EntryPoint("third", "every_third:EveryThird", plugin_sources.ENTRY_POINT_GROUP),
        EntryPoint("whole", "every_third", plugin_sources.ENTRY_POINT_GROUP),
        EntryPoint("wrong", "every_third:__doc__", plugin_sources.ENTRY_POINT_GROUP),
        EntryPoint("gone", "not_there_at_all:Thing", plugin_sources.ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(
        plugin_sources, "entry_points", lambda group: points if group == plugin_sources.ENTRY_POINT_GROUP else []
    )
    try:
        loaded = find("EveryThird")
        discovery = everything()
    finally:
        sys.modules.pop("every_third", None)
    assert issubclass(loaded.cls, BotStrategy)
    assert [found.source for found in discovery.found] == ["built in", "third (every_third:EveryThird)"]
    assert [fault.reason.partition(":")[0] for fault in discovery.faults] == [
        "ModuleNotFoundError",
        "EveryThird is already defined by third (every_third",
        "TypeError",
    ]


def test_the_catalogue_lists_everything_as_json(folder: Path) -> None:
    listing: dict[str, Any] = json.loads(json.dumps(catalogue([folder])))
    assert [strategy["name"] for strategy in listing["strategies"]] == ["CustomStrategy", "EveryThird"]
    assert listing["strategies"][1]["description"] == "Buys at every third bar while flat."
    volume = next(mixin for mixin in listing["entry_mixins"] if mixin["name"] == "RSIBBVolumeEntryMixin")
    oversold = next(parameter for parameter in volume["parameters"] if parameter["name"] == "rsi_oversold")
    assert oversold["default"] == 30
    assert oversold["spellings"] == ["rsi_oversold", "oversold", "e_rsi_oversold", "entry_e_rsi_oversold"]
    assert {indicator["type"] for indicator in listing["indicators"]} == {
        *("ATR", "BBANDS", "EMA", "EOM", "ICHIMOKU", "MACD", "RSI", "SMA", "STOCH", "SUPERTREND", "SupportResistance")
    }
    macd = next(indicator for indicator in listing["indicators"] if indicator["type"] == "MACD")
    assert macd["outputs"] == ["macd", "macdsignal", "macdhist"]
    assert macd["output_synonyms"] == {"signal": "macdsignal", "hist": "macdhist"}
    assert listing["unavailable"] == {"entry_mixins": ["HMMLSTMEntryMixin"], "exit_mixins": []}
