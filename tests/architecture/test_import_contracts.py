"""The import rules of the design, as contracts in setup.cfg."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from import_rules import ROOT, lint_imports

SECTION = "importlinter"


def test_every_import_contract_is_kept() -> None:
    done = lint_imports(ROOT / "setup.cfg")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def contracts() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    for section in list(config.sections()):
        if not section.startswith(SECTION):
            config.remove_section(section)
    return config


def words(text: str) -> set[str]:
    return set(text.split())


def contract(config: configparser.ConfigParser, name: str) -> configparser.SectionProxy:
    return config[f"{SECTION}:contract:{name}"]


@pytest.mark.parametrize(
    ("name", "libraries", "places"),
    [
        ("database", {"sqlalchemy", "psycopg2", "alembic"}, {"supervisor.store.**"}),
        ("link", {"zmq"}, {"supervisor.intake.**", "worker.link.**"}),
        ("exchanges", {"ccxt"}, {"worker.venue.**", "worker.feeds.**"}),
        ("backtrader", {"backtrader"}, {"worker.engine.**", "worker.strategies.**"}),
        ("processes", {"psutil", "subprocess"}, {"supervisor.processes.**"}),
        ("notifications", {"apprise"}, {"supervisor.notify.**"}),
    ],
)
def test_each_library_has_its_place(
    contracts: configparser.ConfigParser, name: str, libraries: set[str], places: set[str]
) -> None:
    rule = contract(contracts, name)
    assert words(rule["source_modules"]) == {"common", "supervisor", "worker"}
    assert libraries <= words(rule["forbidden_modules"])
    excepted = {line.split(" -> ")[0] for line in rule["ignore_imports"].strip().splitlines()}
    assert excepted == places


def test_the_pure_packages_are_named_and_kept_from_the_world(contracts: configparser.ConfigParser) -> None:
    rule = contract(contracts, "pure")
    assert words(rule["source_modules"]) == {
        "common.spec",
        "common.trading",
        "supervisor.reconcile",
        "worker.book",
        "worker.risk",
    }
    assert {"os", "time", "random", "socket", "zmq", "loguru", "sqlalchemy"} <= words(rule["forbidden_modules"])
    assert "ignore_imports" not in rule


@pytest.mark.parametrize(
    ("source", "forbidden"),
    [("common.clock", "time"), ("supervisor.store", "sqlalchemy"), ("worker.strategies", "worker.engine")],
)
def test_a_broken_contract_is_found(
    contracts: configparser.ConfigParser, tmp_path: Path, source: str, forbidden: str
) -> None:
    broken = configparser.ConfigParser()
    broken[SECTION] = dict(contracts[SECTION])
    broken[f"{SECTION}:contract:broken"] = {
        "name": "surely broken",
        "type": "forbidden",
        "source_modules": source,
        "forbidden_modules": forbidden,
    }
    config = tmp_path / "setup.cfg"
    with config.open("w") as sink:
        broken.write(sink)
    done = lint_imports(config)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "surely broken BROKEN" in " ".join(done.stdout.split())
