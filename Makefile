PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: demo test test-faults test-interop mutate lint check format bench docs clean

demo: $(READY)  ## the whole way, on bundled data
	$(BIN)/textwright demo

test: $(READY)  ## every test
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m "not faults and not interop"

test-faults: $(READY)  ## kills, corruption and races in full, each told in one line of counts
	$(BIN)/python -m pytest -q -m faults

test-interop: $(READY)  ## MLflow and its like, each in an environment of its own
	$(BIN)/python -m pytest -q -m interop

mutate: $(READY)  ## flip every comparison of rollout, gates and guards; a test must fail for each
	$(BIN)/python tests/lifecycle/mutate.py

lint: $(READY)  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint  ## and fast tests
	$(BIN)/python -m pytest -q --numprocesses 2 --dist worksteal -m "not slow and not faults and not interop"

format: $(READY)  ## put the code into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)  ## render the benchmark results into docs/benchmarks.md
	$(BIN)/python bench/render.py

docs: $(READY)  ## write the reference pages from the code
	$(BIN)/python docs/write_reference.py

clean:  ## take away what `make` installed
	rm -rf .venv

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "textwright needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
