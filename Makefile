# botvisor: the few commands a person needs. `make help` lists them.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready
# Most tests wait for processes rather than compute, so more of them than cores run side by side.
PARALLEL ?= -n 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-all check lint types imports format bench chaos chaos-exchange soak docs wheel clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

setup: $(READY) ## virtual environment with everything in it

run: setup ## embedded database, three demo bots on a simulated market, and the supervisor (Ctrl-C stops it)
	$(BIN)/botctl init --demo
	$(BIN)/python -m supervisor

test: setup ## the test suite, on SQLite and PostgreSQL (some minutes)
	$(BIN)/python -m pytest -m "not slow" $(PARALLEL)

test-all: setup ## the test suite with the long tests
	BOTVISOR_TEST_THOROUGH=1 $(BIN)/python -m pytest $(PARALLEL)

check: setup lint types imports ## format, lint, types and import contracts

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy common supervisor worker
	$(BIN)/mypy scripts/bench.py scripts/soak.py

imports: setup
	$(BIN)/lint-imports

format: setup ## format and mend what the linter can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: setup ## measure; prints a table and writes JSON (see docs/benchmarks.md)
	$(BIN)/python scripts/bench.py

chaos: setup ## fault injection for five minutes, then every crash point (see docs/testing.md)
	$(BIN)/python scripts/chaos.py $(CHAOS)
	$(BIN)/python -m pytest $(PARALLEL) tests/acceptance/test_acceptance_crash_points.py

chaos-exchange: setup ## thousands of orders at the stand-in exchange under faults and kills
	$(BIN)/python scripts/chaos_exchange.py $(CHAOS)

soak: setup ## a hundred bots for ten minutes, watched
	$(BIN)/python scripts/soak.py $(SOAK)

docs: setup ## the generated reference pages
	$(BIN)/python scripts/settings_reference.py > docs/settings.md
	$(BIN)/python scripts/config_reference.py > docs/configuration.md
	$(BIN)/python scripts/mixins_reference.py > docs/mixins.md

wheel: setup ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean: ## remove what builds and tests leave behind
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
