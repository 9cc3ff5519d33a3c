"""Rules about the product's text that no linter knows."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from source_tree import PACKAGES, PURE, ROOT, calls, modules, options, product_modules, shown, tree_of

CLOCK_CALLS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
}
OUTSIDE_CALLS = {"open", "print", "input", "exec", "eval", "pathlib.Path.cwd", "pathlib.Path.home"}
FILE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "is_file", "exists", "stat", "iterdir", "glob"}


def test_pure_packages_never_ask_what_time_it_is() -> None:
    asked = [shown(path, call) for path in modules(*PURE) for name, call in calls(path) if name in CLOCK_CALLS]
    assert asked == []


def test_pure_packages_touch_neither_files_nor_terminals() -> None:
    touched = [
        shown(path, call)
        for path in modules(*PURE)
        for name, call in calls(path)
        if name in OUTSIDE_CALLS or (isinstance(call.func, ast.Attribute) and call.func.attr in FILE_METHODS)
    ]
    assert touched == []


LATE_ON_PURPOSE = {"worker/exchange_sim/desk.py", "worker/exchange_sim/server.py"}
"""The stand-in exchange: an answer that comes late and a market that trades at its times are what it is for."""


def test_nobody_sleeps_to_wait_for_something() -> None:
    sleepers = [(shown(path), name) for path in product_modules() for name, _ in calls(path)]
    found = {path for path, name in sleepers if name in ("time.sleep", "asyncio.sleep")}
    assert found <= LATE_ON_PURPOSE


def test_wall_time_is_asked_of_a_clock_or_by_an_operators_command() -> None:
    asked = {
        shown(path)
        for path in product_modules()
        for name, _ in calls(path)
        if name in CLOCK_CALLS - {"time.monotonic", "time.monotonic_ns"}
    }
    assert asked <= {"common/clock.py", "supervisor/cli/status.py", "supervisor/store/console.py"}


def test_every_package_says_what_lives_in_it() -> None:
    silent = [
        shown(path)
        for path in modules(*PACKAGES)
        if path.name == "__init__.py" and len(ast.get_docstring(tree_of(path)) or "") < 20
    ]
    assert silent == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in modules(*PACKAGES)}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [shown(path) for path in product_modules() if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_setup_cfg_names_every_package_of_the_tree() -> None:
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in modules(*PACKAGES) if path.name == "__init__.py"}
    migrations = {"supervisor.store.migrations", "supervisor.store.migrations.versions"}
    assert set(options()["packages"].split()) == found | migrations


def test_the_migrations_folder_does_not_hide_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


STRANGE_PLACES = re.compile(
    r"(?<![\w.])/(?:work|root|home|Users|opt/(?:pypi|wheels))(?:/|\b)|pypi\.|/simple\b|\.internal\b"
)
SCRIPTS = ("setup.cfg", "pyproject.toml", "alembic.ini", "Makefile", ".ci/run", "README.md")


def product_texts() -> list[str]:
    pages = [path for folder in ("docs", "scripts", "alembic") for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [*product_modules(), *pages, *(ROOT / name for name in SCRIPTS)]
    return sorted({str(path.relative_to(ROOT)) for path in texts if path.suffix not in (".pyc", ".png", ".svg")})


def test_no_file_holds_a_path_or_a_host_of_the_machine_it_was_made_on() -> None:
    found = [
        f"{name}: {line}"
        for name in product_texts()
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if STRANGE_PLACES.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("page", "script"), [("settings.md", "settings_reference.py"), ("mixins.md", "mixins_reference.py")]
)
def test_a_generated_page_is_the_one_its_script_makes(page: str, script: str) -> None:
    made: dict[str, Any] = {"__name__": "reference"}
    exec(compile((ROOT / "scripts" / script).read_text(encoding="utf-8"), script, "exec"), made)  # noqa: S102
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == made["page"](), "run: make docs"
