# Everything from a bare machine with Python 3.11 and make: `make run`, `make test`, `make check`, `make bench`.
# Stamp files say what is already there, so a second start installs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(shell command -v python3.11 2>/dev/null) python3)
VENV := .venv
PEER := var/peers/label-studio
BIN := $(VENV)/bin
LOCK := $(wildcard requirements/lock.txt)
CONSTRAINTS := $(addprefix --constraint ,$(LOCK))
# torch and torchvision must come in one resolution, so that nothing replaces the pinned build.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet $(CONSTRAINTS)
PYTEST ?= $(BIN)/pytest
TESTS ?= tests
# One more than two cores: tests wait for servers and browsers now and then.
JOBS ?= 3

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: run
run: $(VENV)/.stamp-runtime ## Database, queue, web server and workers on this machine, until Ctrl-C
	@exec $(BIN)/python -m webapp.local

.PHONY: test
test: $(VENV)/.stamp-dev $(VENV)/.stamp-browser ## The whole suite on real PostgreSQL, Redis, workers and browser
	@OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(PYTEST) $(TESTS) -n $(JOBS) --dist loadgroup || [ $$? = 5 ]

.PHONY: check
check: $(VENV)/.stamp-dev ## Style, types, layers, migrations, templates, production settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --config pyproject.toml
	$(BIN)/mypy
	$(BIN)/djlint templates --lint
	$(BIN)/python manage.py check_everything

.PHONY: bench
bench: $(VENV)/.stamp-bench ## Our speed beside the peers' (table and JSON in var/bench)
	@$(MAKE) --no-print-directory bench-peer || echo "Label Studio is not installed: what it once reached stands in for it."
	$(BIN)/python -m benchmarks

.PHONY: bench-peer
bench-peer: $(PEER)/.stamp ## Label Studio for `make bench`, in an environment of its own under var/ (1 GB)

.PHONY: backup
backup: $(VENV)/.stamp-runtime ## Database and store into one file: make backup [TO=file.tar]
	@$(BIN)/python manage.py backup $(TO)

.PHONY: restore
restore: $(VENV)/.stamp-runtime ## Puts a backup in place of what is there: make restore FROM=file.tar YES=1
	@$(BIN)/python manage.py restore $(FROM) $(if $(YES),--yes)

.PHONY: clean
clean: ## Removes the virtual environment and what tests left; keeps var/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache test-results static-root var/test-*

$(VENV)/.stamp-python:
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 is needed: apt-get install python3.11 python3.11-venv"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed, $(PYTHON) is another. Set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making $(VENV) …"
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "Python's venv is missing: apt-get install python3.11-venv"; exit 1; }; \
	  apt-get update -qq && { apt-get install -y -qq python3.11-venv || apt-get install -y -qq python3-venv; } >/dev/null; }
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.stamp-runtime: $(VENV)/.stamp-python requirements/runtime.txt requirements/web.txt $(LOCK)
	@echo "Installing what Nearmiss needs (a few minutes the first time) …"
	@$(PIP) --requirement requirements/runtime.txt
	@touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-runtime requirements/dev.txt
	@echo "Installing what tests and checks need …"
	@$(PIP) --requirement requirements/runtime.txt --requirement requirements/dev.txt
	@touch $@

$(VENV)/.stamp-bench: $(VENV)/.stamp-dev requirements/bench.txt
	@echo "Installing the peers …"
	@$(PIP) --requirement requirements/runtime.txt --requirement requirements/bench.txt
	@touch $@

# Apart from ours, because their pins clash; never by `make test`.
$(PEER)/.stamp: requirements/label-studio.txt | $(VENV)/.stamp-python
	@echo "Installing Label Studio …"
	@rm -rf $(PEER) && "$(PYTHON)" -m venv $(PEER)
	@$(PEER)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --requirement requirements/label-studio.txt
	@touch $@

# Debian's Chromium where we may install it; else the one playwright brings.
$(VENV)/.stamp-browser: $(VENV)/.stamp-dev
	@if [ -x /usr/bin/chromium ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-cache policy chromium 2>/dev/null | grep -q 'Candidate: [0-9]'; then \
	  echo "Installing a browser …"; apt-get install -y -qq chromium >/dev/null; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null 2>&1 && [ -x /usr/bin/chromium ]; then :; \
	else echo "Installing playwright's browser …"; $(BIN)/playwright install $$([ "$$(id -u)" = 0 ] && echo --with-deps) chromium; fi
	@touch $@
