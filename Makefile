# make run    set up, then the demo with made-up customers
# make test   set up, then every test: unit, integration, end to end
# make check  the inner loop: format, lint, types, import contracts, unit tests

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSOLE := contactd/agent_ui/web
WIDGET := contactd/channels/chat/web
CONSOLE_OUT := contactd/agent_ui/static
WIDGET_OUT := contactd/channels/chat/static
SOURCES_OF = $(shell find $(1) -name node_modules -prune -o -type f -print 2>/dev/null)

SLOW := integration or postgres or database or promise
UNIT := not ($(SLOW) or browser)
INTEGRATION := ($(SLOW)) and not browser

# Every server the tests start would translate the whole program anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup build run test check unit integration e2e web-test bench docs pictures lock system clean

help:
	@sed -n 's/^# make/make/p' $(firstword $(MAKEFILE_LIST))
	@echo "also: setup build unit integration e2e bench docs pictures lock clean"

# --- set-up: each step leaves a stamp, so that nothing is done twice ---

setup: $(VENV)/.stamp build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "contactd needs Python 3.11 or later; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

build: $(CONSOLE_OUT)/.stamp $(WIDGET_OUT)/.stamp

$(CONSOLE)/node_modules/.stamp: $(CONSOLE)/package-lock.json
	cd $(CONSOLE) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WIDGET)/node_modules/.stamp: $(WIDGET)/package-lock.json
	cd $(WIDGET) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CONSOLE_OUT)/.stamp: $(CONSOLE)/node_modules/.stamp $(call SOURCES_OF,$(CONSOLE))
	cd $(CONSOLE) && npm run --silent build
	@touch $@

$(WIDGET_OUT)/.stamp: $(WIDGET)/node_modules/.stamp $(call SOURCES_OF,$(WIDGET))
	cd $(WIDGET) && npm run --silent build
	@touch $@

# A browser and a font with Chinese characters, for the journeys, an IMAP server and a mail server; without the right to install them those
# tests are skipped.
system:
	@need=""; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || need="chromium"; \
	fc-list :lang=zh 2>/dev/null | grep -q . || need="$$need fonts-noto-cjk"; \
	command -v dovecot >/dev/null || test -x /usr/sbin/dovecot || need="$$need dovecot-imapd"; \
	test -x /usr/lib/dovecot/pop3 || need="$$need dovecot-pop3d"; \
	test -x /usr/sbin/postfix || need="$$need postfix"; \
	test -n "$$need" || exit 0; \
	sudo=""; test "$$(id -u)" = 0 || sudo="sudo -n"; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null \
	  && $$sudo apt-get update -qq </dev/null \
	  && $$sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need </dev/null >/dev/null; \
	then echo "installed:$$need"; \
	else echo "cannot install:$$need; browser journeys will be skipped"; fi

# --- run ---

run: setup
	$(BIN)/contactd demo $(ARGS)

# --- tests ---

test: setup system
	@status=0; \
	$(MAKE) --no-print-directory web-test || status=1; \
	$(MAKE) --no-print-directory unit || status=1; \
	$(MAKE) --no-print-directory integration || status=1; \
	$(MAKE) --no-print-directory e2e || status=1; \
	test $$status = 0 && echo "make test: all passed" || echo "make test: FAILED"; \
	exit $$status

unit: $(VENV)/.stamp
	$(BIN)/pytest -n auto --dist worksteal -m "$(UNIT)" $(ARGS)

integration: setup
	$(BIN)/pytest -n 2 --dist worksteal -m "$(INTEGRATION)" $(ARGS)

e2e: setup
	$(BIN)/pytest -m browser $(ARGS)

web-test: build
	cd $(CONSOLE) && npm test --silent
	cd $(WIDGET) && npm test --silent

check: $(VENV)/.stamp $(CONSOLE)/node_modules/.stamp $(WIDGET)/node_modules/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(CONSOLE) && npm run --silent check
	cd $(WIDGET) && npm run --silent check
	$(BIN)/pytest -q -n auto --dist worksteal -m "$(UNIT)"

bench: setup
	@for program in bench/[a-z]*.py; do echo "== $$program"; $(BIN)/python $$program $(ARGS) || exit 1; done

# --- what is generated and kept in git ---

# The pictures of README and docs/screens.md, from the demo's shop; needs a browser.
pictures: setup
	$(BIN)/python -m tests.e2e.pictures $(ARGS)

docs: $(VENV)/.stamp
	$(BIN)/python docs/states.py

lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(BIN)/pip-compile --quiet --extra dev --all-build-deps --allow-unsafe --strip-extras --generate-hashes \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header \
	  --output-file requirements.lock pyproject.toml
	cd $(CONSOLE) && npm run --silent lock
	cd $(WIDGET) && npm run --silent lock

clean:
	rm -rf $(VENV) $(CONSOLE)/node_modules $(WIDGET)/node_modules $(CONSOLE_OUT) $(WIDGET_OUT) build dist demo-data
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find contactd tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +
