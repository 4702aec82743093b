# Needs python3 (3.11 or newer), make and git. Everything else is installed into .venv, from the lock files.
#
#   make run      the product with an embedded database and a demonstration company (Ctrl-C stops it)
#   make tour     one order from its quote to its last payment, told as it happens (LANGUAGE=en)
#   make test     the tests
#   make check    format, lint, types, architecture, tests: what must be green before a change lands

PYTHON ?= python3
# `make PIP_PROGRESS=` shows what pip does
PIP_PROGRESS ?= -qq
# One part more than there are processors: many tests wait, for a browser, a process that starts, or a clock.
PYTEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# With it every process of ours would be compiled anew, and every test: half a minute for each worker of the tests, a second for each start.
unexport PYTHONDONTWRITEBYTECODE
PIP := .venv/bin/python -m pip install --disable-pip-version-check --no-input $(PIP_PROGRESS)

.DEFAULT_GOAL := help
.PHONY: help run tour test check format format-check lint types contracts check-long properties crash mutants bench bench-large assets assets-check lock clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo "make check-long    the tests that take minutes (crashes, races), and the built assets against their sources"
	@echo "make bench         measures; one figure a line with its goal and verdict, and build/bench.json (docs/benchmarks.md)"
	@echo "make bench-large   the same with ROWS=10000000 rows of history and TASKS=1000000 open tasks, filled once into build/bench-large"
	@echo "make properties    random processes through the kernel: N=2000 of them, from the seed FROM=1000 on"
	@echo "make crash         random processes while workers are killed and connections are lost: N=300 of them, from SEED=… on (docs/testing.md)"
	@echo "make mutants       small changes to the kernel that a test must notice: N=300 of them, drawn by SEED=1 (docs/testing.md)"
	@echo "make format        formats the code and mends what can be mended"
	@echo "make assets        builds web/static/dist from web/frontend (needs Node.js)"
	@echo "make lock          writes the lock files again from pyproject.toml"
	@echo "make clean         removes .venv and caches; the data folder stays"

.venv/run.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Bordereau needs Python 3.11 or newer; $(PYTHON) is older. Another one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv || { echo "This Python cannot make a virtual environment (on Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Installing what Bordereau needs into .venv (once; about a minute) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.lock
	@echo "Installing the tools of the tests into .venv (once) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

run: .venv/run.stamp
	@exec .venv/bin/bordereau run

LANGUAGE = fr
tour: .venv/run.stamp
	@.venv/bin/python -m handlers.demonstration.tour $(LANGUAGE)

test: .venv/dev.stamp
	.venv/bin/pytest -q -n $(PYTEST_WORKERS) --dist worksteal -m "not long"

check: format-check lint types contracts test

format: .venv/dev.stamp
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

format-check: .venv/dev.stamp
	.venv/bin/ruff format --check .

lint: .venv/dev.stamp
	.venv/bin/ruff check .

types: .venv/dev.stamp
	.venv/bin/mypy

contracts: .venv/dev.stamp
	.venv/bin/lint-imports

check-long: .venv/dev.stamp assets-check
	.venv/bin/pytest -q -n $(PYTEST_WORKERS) --dist worksteal -m long --timeout 1200

N ?= 2000
FROM ?= 1000
properties: .venv/dev.stamp
	PROPERTIES=$(N) PROPERTIES_FROM=$(FROM) .venv/bin/pytest -q -n $(PYTEST_WORKERS) --dist worksteal --timeout 0 -m long tests/engine/kernel/test_properties.py

crash: N = 300
crash: .venv/dev.stamp
	CRASH=$(N) $(if $(filter command,$(firstword $(origin SEED))),CRASH_FROM=$(SEED)) .venv/bin/pytest -q -s --timeout 0 -m long tests/crash/test_matrix.py

SEED ?= 1
mutants: N = 300
mutants: .venv/dev.stamp
	.venv/bin/python -m tests.mutation.run --number $(N) --seed $(SEED) $(if $(AGAIN),--again)

bench: .venv/dev.stamp
	.venv/bin/python -m tests.benchmarks.run --json build/bench.json

bench-large: TASKS = 1000000
bench-large: ROWS = 10000000
bench-large: .venv/dev.stamp
	BENCH_TASKS=$(TASKS) BENCH_ROWS=$(ROWS) .venv/bin/python -m tests.benchmarks.run --large --json build/bench-large.json

# Built beside the old ones and put in their place at once: a server or a browser test that runs meanwhile misses none.
assets:
	cd web/frontend && npm ci --no-audit --no-fund && npm run build -- --outDir ../static/dist.new
	@cd web/static && rm -rf dist.old && mv dist dist.old && mv dist.new dist && rm -rf dist.old

assets-check:
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory assets && git diff --exit-code --stat -- web/static/dist && test -z "$$(git status --porcelain -- web/static/dist)" \
		|| { echo "web/static/dist is not what web/frontend builds: run make assets and commit the result"; exit 1; }; \
	elif [ "$$CI" = true ]; then echo "npm is missing: the built assets cannot be checked"; exit 1; \
	else echo "npm is not installed: the built assets are not compared with their sources"; fi

lock:
	$(PIP) uv
	.venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	.venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate --extra build --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis mutants
