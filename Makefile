# On a machine with Python 3 and make, each target does everything that it needs.
PYTHON ?= python3
BIN := .venv/bin

# What is tested, and in how many processes: make test TESTS=tests/face WORKERS=0
TESTS ?= tests examples
# Many tests wait for real time, a child process or a browser: twice as many processes as processors.
WORKERS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN || echo 2))
PYTEST_ARGS = $(TESTS) -n $(WORKERS) --dist worksteal --durations=20

# Compiled files are wanted: without them every start compiles the SDK anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test cover nightly lint bench docs site matrix models clean
.DEFAULT_GOAL := test

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: .venv/installed ## A handler, a failure and its story, the examples; in a minute
	@$(BIN)/python tools/demo

test: .venv/installed ## Every test, in random order, on all processors
	$(BIN)/python -m pytest $(PYTEST_ARGS)

nightly: export HYPOTHESIS_PROFILE = nightly
nightly: test ## The same with all sizes whole: takes hours

# A sixth of the time, and no line or branch that the others do not reach. The examples are left out for the same reason.
NOT_MEASURED = tests/docs tests/model

cover: TESTS = tests
cover: .venv/installed ## A demand of complete branch coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(PYTEST_ARGS) $(NOT_MEASURED:%=--ignore=%)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

lint: .venv/installed ## Style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate_capabilities.py --check
	$(BIN)/codespell
	$(BIN)/python tools/check_words.py *.md docs/*.md docs/*/*.md pytest_ecsevents

matrix: .venv/installed ## Every test against floors and newest versions
	$(BIN)/python -m pip install --quiet --disable-pip-version-check nox
	PYENV_VERSION=$$(pyenv versions --bare 2>/dev/null | sort -rV | paste -sd: -) $(BIN)/nox

docs: .venv/installed ## The pages of what the fake can do and of what is a guess, from its tables
	$(BIN)/python tools/generate_capabilities.py

site: .venv/installed docs ## The manual as a site, in site/; every warning and every dead link is an error
	$(BIN)/python -m sphinx -W --keep-going -n -q -E -d .sphinx_cache docs site
	$(BIN)/python tools/check_links.py site *.md docs/*.md docs/*/*.md

models: .venv/installed ## What the newest SDKs' models and texts have that the fake lacks
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target build/models \
		alibabacloud-ecs20140526 alibabacloud-cms20190101
	PYTHONPATH=build/models $(BIN)/python tools/compare_models.py

.venv/bench-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

# All rows, or some: make bench BASE=v0.1.0 ROWS="growth story" ROUNDS=5; PAGE=1 writes them to docs/what-it-costs.md
bench: .venv/bench-installed ## Ratios of speed and size; with BASE=REV those of that revision beside them
	$(BIN)/python benchmarks/run.py $(if $(BASE),--base $(BASE)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(PAGE),--page) $(ROWS)

clean:
	rm -rf .venv dist build site .sphinx_cache .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
