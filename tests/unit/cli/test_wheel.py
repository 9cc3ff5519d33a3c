"""The wheel: built from the tree, installed into an empty environment, run from an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("common", "supervisor", "worker", "alembic", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in NEEDED:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, source / name)
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)])
    (built,) = folder.glob("*.whl")
    return built


def run(command: list[str], cwd: Path | None = None) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOTVISOR_", "PYTHONPATH"))}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of an environment with the wheel; what it depends on is lent by ours."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run([str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)])
    site = run([str(programs / "python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    # Plain paths: the .pth files of our environment, its editable install among them, are not read through them.
    lent = {str(Path(str(found.locate_file("")))) for found in distributions()} - {str(ROOT)}
    (Path(site) / "lent.pth").write_text("\n".join(sorted(lent)) + "\n")
    return programs


@pytest.mark.slow
def test_the_wheel_carries_every_module_and_the_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in ("common", "supervisor", "worker"):
        for path in (ROOT / package).rglob("*.py"):
            assert path.relative_to(ROOT).as_posix() in names
        assert f"{package}/py.typed" in names
    assert "supervisor/cli/backtest_page.html" in names
    for path in (ROOT / "alembic").rglob("*"):
        if path.suffix in (".py", ".mako"):
            assert f"supervisor/store/migrations/{path.relative_to(ROOT / 'alembic').as_posix()}" in names
    assert not [name for name in names if name.startswith(("alembic/", "tests/", "scripts/"))]


@pytest.mark.slow
def test_the_installed_wheel_works_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    where = run([str(installed / "python"), "-c", "import supervisor; print(supervisor.__file__)"], tmp_path)
    assert str(installed.parent) in where
    assert json.loads(run([str(installed / "botctl"), "init", "--demo", "--json"], tmp_path))["bots"] == 3
    version = json.loads(run([str(installed / "botctl"), "db", "version", "--json"], tmp_path))
    assert version["revision"] == version["needed"]
    assert len(json.loads(run([str(installed / "botctl"), "status", "--json"], tmp_path))) == 3
    assert json.loads(run([str(installed / "botctl"), "validate", "1", "--json"], tmp_path))["valid"] is True
    written = json.loads(run([str(installed / "botctl"), "strategies", "new", "HighBreakout", "--json"], tmp_path))
    pytest_command = [str(installed / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    assert "passed" in run([*pytest_command, written["test"]], tmp_path)
    shutil.rmtree(tmp_path / "plugins")
    helped = run([str(installed / "python"), "-m", "supervisor", "--help"], tmp_path)
    assert "--no-forkserver" in helped
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]
