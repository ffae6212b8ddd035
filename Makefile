# Two commands do everything on a fresh Debian or Ubuntu with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The zone of the dashboards: the exporter's own, if it is configured here.
CONFIG ?= /etc/pop3-exporter/config.yaml
ZONE ?= $(or $(shell sed -n 's/^time_zone: *\([^ \#]*\).*/\1/p' $(CONFIG) 2>/dev/null),UTC)

.PHONY: run test test-all check format dashboards stack packages try-packages clean help

help:  ## what there is to make
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

run: $(VENV)/.installed  ## the exporter at work on this machine's POP3 log or journal, else on a demo's
	@$(BIN)/python -m exporter.demo

test: $(VENV)/.installed-dev  ## install what tests need, lint, type-check, test
	@sh tests/tools.sh
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest

test-all: $(VENV)/.installed-dev  ## also the slow tests
	@sh tests/tools.sh
	$(BIN)/pytest -m "not browser"

check: $(VENV)/.installed-dev  ## ruff, mypy, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m dashboards --check

format: $(VENV)/.installed-dev  ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

dashboards: $(VENV)/.installed-dashboards  ## generate deploy/grafana/dashboards for the configured time zone, or ZONE=Europe/Berlin
	$(BIN)/python -m dashboards --time-zone "$(ZONE)"

stack:  ## exporter, Prometheus and Grafana in Docker, filled with the demo
	@docker compose version >/dev/null 2>&1 || { \
	  echo "make stack needs Docker with its compose plugin, which is not installed here:"; \
	  echo "    Debian 13:     sudo apt-get install docker.io docker-cli docker-compose"; \
	  echo "    Ubuntu 24.04:  sudo apt-get install docker.io docker-compose-v2"; \
	  echo "    others:        https://docs.docker.com/engine/install/"; exit 1; }
	docker compose -f deploy/compose.yaml up --build

packages:  ## Debian packages and rpms, in dist/; needs debhelper and rpm
	deploy/debian/build
	deploy/rpm/build

try-packages:  ## as root: install, upgrade, remove and purge the Debian packages in booted systems
	deploy/debian/try-all

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pop3-exporter needs Python 3.11 or newer; this is $$($(PYTHON) --version)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "no venv: sudo apt-get install python3-venv"; exit 1; }
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dashboards: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dashboards]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist var .mypy_cache .pytest_cache .ruff_cache .hypothesis
