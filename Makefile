# The two commands that people type are `make run` and `make test`; each does all the set-up that it needs.
# On Windows without make: see "Without make" in README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(if $(filter Windows_NT,$(OS)),$(VENV)/Scripts,$(VENV)/bin)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=
# A file's tests stay together and in order: they share servers and trained models. The browser's files, which take
# longest, come early by their names.
SIDE_BY_SIDE := --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

.PHONY: run test check format benchmark clean

run: $(VENV)/installed-run  ## Open the dashboard at http://127.0.0.1:7860; ARGS="--demo" plays the demo
	$(BIN)/python app.py $(ARGS)

test: $(VENV)/installed-test check  ## Everything that must hold before a change lands
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest -m "not benchmark and not gpu" $(SIDE_BY_SIDE) $(ARGS)

check: $(VENV)/installed-test  ## Formatting, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: $(VENV)/installed-test  ## Ratios against a peer in the same run; takes minutes
	$(BIN)/python -m pytest -m benchmark -s tests/benchmarks $(ARGS)

clean:
	$(PYTHON) -c "import shutil; shutil.rmtree('$(VENV)', ignore_errors=True)"

$(VENV)/created:
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Fewtune needs Python 3.11 or newer: make PYTHON=python3.11 run')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -c "open('$@', 'w')"

# torch first and by its exact version: the build that fits the machine is then the one that is kept.
$(VENV)/installed-run: $(VENV)/created pyproject.toml constraints.txt
	$(PIP) torch==2.13.0
	$(PIP) --editable .
	$(BIN)/python -c "open('$@', 'w')"

$(VENV)/installed-test: $(VENV)/installed-run
	$(PIP) --editable ".[dev]"
	$(BIN)/python -c "open('$@', 'w')"
