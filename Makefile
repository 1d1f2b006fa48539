# From a fresh clone, with only Python 3.11: `make run`, `make test`.  Everything is installed into .venv, once.

# Byte code has to be written: without it every start compiles NumPy, Numba and SymPy again.
export PYTHONDONTWRITEBYTECODE =

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt
PINS := pyproject.toml constraints.txt

# Test processes: one a processor, at most eight; PARALLEL=0 runs them in one, as a debugger needs.
# A file's tests stay in one process: two would compile its kernels twice.
PARALLEL ?= $(shell n=`nproc 2>/dev/null || echo 2`; echo $$((n < 8 ? n : 8)))

.PHONY: run run-and-validate draw test test-fast test-all lint bench figures generate docs calibrate

# Derive, run and validate the PEGR experiment on its published parameters, and write its figures: each of the two takes
# a processor, and most of their time is for kernels that the other does not compile.
run: .venv/for-run
	$(BIN)/gammarho derive pegr
	@$(MAKE) --no-print-directory -j 2 run-and-validate draw
	@grep '^wrote' build/figures.txt

run-and-validate:
	$(BIN)/gammarho run pegr --preset paper
	$(BIN)/gammarho validate pegr --preset paper
	@echo "the figures are next; build/figures.txt says how far they are"

draw:
	@mkdir -p build
	$(BIN)/gammarho figures pegr > build/figures.txt 2>&1 || { cat build/figures.txt; exit 1; }

test: .venv/for-test
	$(BIN)/python -m pytest -q -n $(PARALLEL) --dist loadfile -m "not slow"

# The tests that a change concerns: of what differs from the last commit, or of WHAT=simulate/phase (a folder or module).
test-fast: .venv/for-test
	$(BIN)/python -m pytest -q -n $(PARALLEL) -m "not slow" `$(BIN)/python -m tests.helpers.concerned $(WHAT)`

test-all: .venv/for-test
	$(BIN)/python -m pytest -q -n $(PARALLEL)

lint: .venv/for-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

bench: .venv/for-test
	$(BIN)/python -m benchmarks.run

figures: .venv/for-run
	$(BIN)/gammarho figures pegr

# Seed 100 errors into correct formulas and statements, and count those that are found.
calibrate: .venv/for-test
	$(BIN)/python -m benchmarks.calibrate --errors 100 --seed 0

# Write the shipped kernels again from the models, and the list of what a declaration may say; git stays clean unless a
# model, a declaration's word or the generator changed.
generate: .venv/for-run
	$(BIN)/python -m derivations.generate
	$(BIN)/python -m derivations.listing
	$(BIN)/python -m derivations.coverage

# The site, into build/docs: the papers' pages are made by the program, which holds their statements against runs (some
# minutes), and show the pictures that `gammarho figures` has left in out/.  Nothing is fetched.
docs: .venv/for-docs
	$(BIN)/python -m docs.making
	$(BIN)/python -m sphinx -W -q -b html -d build/doctrees docs build/docs
	@echo "open build/docs/index.html"

.venv/for-run: .venv/bin/python $(PINS)
	$(PIP) -e '.[torch]'
	@touch $@

.venv/for-test: .venv/bin/python $(PINS)
	$(PIP) -e '.[test]'
	@touch $@

.venv/for-docs: .venv/bin/python $(PINS)
	$(PIP) -e '.[docs]'
	@touch $@

.venv/for-dev: .venv/bin/python $(PINS)
	$(PIP) -e '.[dev]'
	@touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv
