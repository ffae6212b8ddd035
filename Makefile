# Two commands do everything on a fresh Debian or Ubuntu with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The time zone of the dashboards: that of the exporter, if it is configured on this machine.
CONFIG ?= /etc/pop3-exporter/config.yaml
ZONE ?= $(or $(shell sed -n 's/^time_zone: *\([^ \#]*\).*/\1/p' $(CONFIG) 2>/dev/null),UTC)

.PHONY: run test test-all check lint docs format dashboards stack packages try-packages clean help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

run: $(VENV)/.installed  ## run the exporter on this machine's POP3 log or journal, or on a demo
	@$(BIN)/python -m exporter.demo

test: $(VENV)/.installed-dev  ## lint, type checks and tests; as root, first install what the tests need
	@sh tests/tools.sh
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest -n auto --dist loadfile

test-all: $(VENV)/.installed-dev  ## all tests, including slow ones
	@sh tests/tools.sh
	$(BIN)/pytest -m "not browser" -n auto --dist loadfile

check: $(VENV)/.installed-dev  ## ruff, mypy, and whether generated files are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m dashboards --check

lint: $(VENV)/.installed-dev  ## lint the prose and the workflows; needs Go for vale and actionlint
	@sh .ci/lint

docs: $(VENV)/.installed-dev  ## build the documentation site in var/site
	@sh .ci/docs

format: $(VENV)/.installed-dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

dashboards: $(VENV)/.installed-dashboards  ## generate deploy/grafana/dashboards for the configured time zone, or ZONE=Europe/Berlin
	$(BIN)/python -m dashboards --time-zone "$(ZONE)"

stack:  ## run the exporter, Prometheus and Grafana in Docker, with the demo
	@docker compose version >/dev/null 2>&1 || { \
	  echo "make stack needs Docker with its compose plugin. To install it:"; \
	  echo "    Debian 13:     sudo apt-get install docker.io docker-cli docker-compose"; \
	  echo "    Ubuntu 24.04:  sudo apt-get install docker.io docker-compose-v2"; \
	  echo "    others:        https://docs.docker.com/engine/install/"; exit 1; }
	docker compose -f deploy/compose.yaml up --build

packages:  ## build Debian packages in dist/; needs debhelper. With rpm installed, also rpms
	deploy/debian/build
	@if command -v rpmbuild >/dev/null; then echo deploy/rpm/build; deploy/rpm/build; \
	else echo "no rpms were built; for those: sudo apt-get install rpm"; fi

try-packages:  ## as root: test the Debian packages in booted systems
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
