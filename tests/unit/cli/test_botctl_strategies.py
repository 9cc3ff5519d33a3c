"""`botctl strategies`: what there is, how one of them works, and how to begin another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botctl_here import Botctl

IDLE = '''from worker.strategies.contract import BotStrategy
from worker.strategies.parameters import Parameter


class Idle(BotStrategy):
    """Never trades.

    Not even once.
    """

    parameters = (Parameter(name="hours", kind="number", default=1.5, maximum=24, meaning="length of a nap"),)
'''


@pytest.fixture
def plugins(nowhere: Botctl, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = nowhere.folder / "plugins"
    folder.mkdir()
    (folder / "idle.py").write_text(IDLE)
    monkeypatch.setenv("BOTVISOR_PLUGIN_DIRS", str(folder))
    return folder


def names(botctl: Botctl, *arguments: str) -> list[str]:
    return [strategy["name"] for strategy in botctl.ask("strategies", "list", *arguments)["strategies"]]


def test_the_list_has_kind_name_source_and_first_sentence(nowhere: Botctl, plugins: Path) -> None:
    text = nowhere("strategies", "list").said
    assert f"strategy Idle {plugins.resolve() / 'idle.py'} Never trades. entry mixin RSIBBEntryMixin built in" in text
    assert "exit mixin ATRExitMixin built in" in text
    assert "indicator MACD built in" in text
    assert "Not even once" not in text


def test_the_list_follows_what_is_added_and_removed(nowhere: Botctl, plugins: Path, tmp_path: Path) -> None:
    assert names(nowhere) == ["CustomStrategy", "Idle"]
    (tmp_path / "other.py").write_text(IDLE.replace("Idle", "Other"))
    assert names(nowhere, "--plugin-dir", str(tmp_path)) == ["CustomStrategy", "Idle", "Other"]
    (plugins / "idle.py").unlink()
    assert names(nowhere) == ["CustomStrategy"]


def test_a_plugin_that_is_left_out_is_listed_with_the_reason(nowhere: Botctl, plugins: Path) -> None:
    (plugins / "broken.py").write_text("import no_such_module\n")
    shown = nowhere("strategies", "list")
    assert shown.code == 0
    assert "1 plugins are left out" in shown.said
    assert "No module named 'no_such_module'" in shown.said


def test_a_plugin_that_ends_the_process_is_one_clear_error(nowhere: Botctl, plugins: Path) -> None:
    (plugins / "quits.py").write_text("import os\nos._exit(4)\n")
    shown = nowhere("strategies", "list")
    assert shown.code == 1
    assert "exit code 4" in shown.err
    assert "quits.py" in shown.err


def test_show_tells_description_parameters_bounds_and_spellings(nowhere: Botctl, plugins: Path) -> None:
    idle = nowhere("strategies", "show", "Idle").said
    assert "Not even once." in idle
    assert "hours number 1.5 ≤ 24" in idle
    ratio = nowhere("strategies", "show", "FixedRatioExitMixin").said
    assert "x_take_profit_pct (÷ 100)" in ratio
    band = nowhere("strategies", "show", "BBVolumeSupertrendEntryMixin").said
    assert "BBVolumeSuperTrendEntryMixin: entry mixin, built in" in band
    assert "upperband → entry_bb_upper" in band
    assert "outputs: macd, macdsignal (also signal), macdhist (also hist)" in nowhere("strategies", "show", "MACD").said
    entry = nowhere.ask("strategies", "show", "Idle")
    assert (entry["kind"], entry["parameters"][0]["maximum"]) == ("strategy", 24)


def test_an_unknown_name_is_an_error_with_a_suggestion(nowhere: Botctl) -> None:
    shown = nowhere("strategies", "show", "atrexitmixin")
    assert shown.code == 1
    assert "did you mean ATRExitMixin?" in shown.err
    assert nowhere("strategies", "show", "qqq", "--json").json["suggestion"] is None
    gone = nowhere("strategies", "show", "HMMLSTMEntryMixin")
    assert "is not available in this version" in gone.err


def test_a_new_plugin_is_discovered_and_its_test_passes(nowhere: Botctl) -> None:
    written = nowhere.ask("strategies", "new", "RSIBreakout")
    assert written["plugin"] == str(nowhere.folder / "plugins" / "rsi_breakout.py")
    assert names(nowhere, "--plugin-dir", "plugins") == ["CustomStrategy", "RSIBreakout"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", written["test"]]
    done = subprocess.run(run, cwd=nowhere.folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 passed" in done.stdout


def test_the_documented_plugin_is_the_one_that_is_written(nowhere: Botctl) -> None:
    written = nowhere.ask("strategies", "new", "Breakout")
    page = Path(__file__).parents[3] / "docs" / "strategies.md"
    assert f"```python\n{Path(written['plugin']).read_text()}```" in page.read_text()


def test_the_test_of_a_new_plugin_fails_when_the_plugin_is_broken(nowhere: Botctl) -> None:
    written = nowhere.ask("strategies", "new", "Broken", "--into", "mine")
    plugin = Path(written["plugin"])
    plugin.write_text(
        plugin.read_text()
        .replace('return {"highs"', 'return {"none": 1, "highs"')
        .replace("[repr(high) for high in self._highs]", "[]")
    )
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", written["test"]]
    done = subprocess.run(run, cwd=nowhere.folder, capture_output=True, text=True, check=False)
    assert "test_a_restart_after_any_bar_changes_nothing" in done.stdout
    assert done.returncode == 1, done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rsi_breakout", "did you mean RsiBreakout?"),
        ("2Fast", "must be a class name"),
        ("../Escape", "must be a class name"),
        ("", "must be a class name"),
        ("CustomStrategy", "is taken"),
        ("BotStrategy", "is taken"),
        ("Class", "a word of the language"),
        ("TestMe", "must not begin with Test"),
        ("A" * 101, "no longer than 100"),
    ],
)
def test_a_name_that_cannot_be_a_type_is_refused(nowhere: Botctl, name: str, words: str) -> None:
    refused = nowhere("strategies", "new", name, "--into", "plugins")
    assert refused.code == 1
    assert words in refused.err
    assert not (nowhere.folder / "plugins").exists()


def test_files_that_exist_are_left_as_they_are(nowhere: Botctl, plugins: Path) -> None:
    refused = nowhere("strategies", "new", "Idle")
    assert refused.code == 1
    assert "exists already" in refused.err
    assert (plugins / "idle.py").read_text() == IDLE
    assert not (plugins / "tests").exists()


def test_a_folder_that_cannot_be_made_is_told(nowhere: Botctl) -> None:
    (nowhere.folder / "file").write_text("")
    refused = nowhere("strategies", "new", "Idle", "--into", "file")
    assert refused.code == 1
    assert "cannot be written" in refused.err
