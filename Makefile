# Everything a newcomer needs: Python 3.11 and make. `make` alone lists the targets.

MAKEFLAGS += --no-builtin-rules
# Many processes start here, and the tests themselves are compiled with their assertions: once is
# enough. `make clean` removes what was compiled.
unexport PYTHONDONTWRITEBYTECODE
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# A name that exists is not yet a Python 3.11 (version managers leave shims): ask it.
PYTHON ?= $(shell for python in python3.11 python3 python; do \
	[ "$$($$python -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null)" = "3 11" ] \
	&& echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# As many processes as there are cores; `make test TESTS="tests/core -k net" WORKERS=0` for a few.
WORKERS ?= auto
# A browser is waited for, too: three for two cores.
BROWSER_WORKERS ?= $(shell echo $$((3 * $$(getconf _NPROCESSORS_ONLN) / 2)))
TESTS ?= tests

# What `check` reads settings with: production's, with values that open nothing.
CHECK_ENV := DJANGO_SETTINGS_MODULE=statusportal.settings PORTAL_DEMO=0 \
	PUBLIC_URL=https://status.example \
	SECRET_KEY=for-checks-only-mLw3Zq8Xv1Rt6Yb9Nk2Hj5Gf4Ds7Pa0Uc-QeWxOiTzBn \
	FIELD_ENCRYPTION_KEYS=Zm9yLWNoZWNrcy1vbmx5LTAxMjM0NTY3ODlhYmNkZWY= \
	DATABASE_URL=postgresql://nobody@127.0.0.1:1/nothing REDIS_URL=redis://127.0.0.1:1/0 \
	AUTHORITY_NAME_AR=هيئة AUTHORITY_NAME_EN=Authority CONTACT_PHONE=80000000 \
	SECURITY_CONTACT=mailto:security@status.example EMAIL_HOST=mail.status.example

.PHONY: help run test check bench chaos screenshots lock messages clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' \
	| while IFS="$$(printf '\t')" read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

run: $(VENV)/.run-stamp ## set up and run the whole portal on http://localhost:8000 (PORT=…)
	@$(BIN)/python manage.py up

test: $(VENV)/.dev-stamp ## set up and run every test
	@$(CHECK_ENV) $(BIN)/python manage.py compile_messages
ifeq ($(TESTS),tests)
	$(BIN)/python -m pytest -n $(WORKERS) tests --ignore tests/end_to_end --ignore tests/browser
	$(BIN)/python -m pytest -n $(BROWSER_WORKERS) --dist loadgroup tests/browser
	@# Two whole portals at a time, when nothing else wants the cores; one process for each file.
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/end_to_end
else
	$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)
endif

check: $(VENV)/.dev-stamp ## style, types, import rules, migrations, deployment, translations, weaknesses
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK_ENV) $(BIN)/mypy
	$(BIN)/lint-imports
	@$(CHECK_ENV) $(BIN)/python manage.py compile_messages
	$(CHECK_ENV) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(CHECK_ENV) $(BIN)/python manage.py messages --check
	find templates -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2 --check
	@# Known weaknesses of dependencies stop it; a network that tells nothing does not.
	$(CHECK_ENV) $(BIN)/python manage.py audit_packages

bench: $(VENV)/.dev-stamp ## measure every number that the portal promises (ONLY=probing,live for some)
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

chaos: $(VENV)/.dev-stamp ## kill, freeze and starve a whole portal for MINUTES (5) and see what holds
	@$(CHECK_ENV) $(BIN)/python manage.py compile_messages
	$(BIN)/python -m bench.chaos --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED))

screenshots: $(VENV)/.dev-stamp ## a picture of every page into var/screenshots (needs a Chromium)
	@$(CHECK_ENV) $(BIN)/python manage.py compile_messages
	REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q tests/screenshots.py
	@echo "Open var/screenshots/index.html."

messages: $(VENV)/.dev-stamp ## bring the Arabic catalogue up to date with the sources
	$(CHECK_ENV) $(BIN)/python manage.py messages

# No index, no links, no header: the locks name no host and no machine.
UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

lock: $(VENV)/.dev-stamp ## renew the locked versions of all dependencies (UPGRADE=--upgrade)
	$(UV_COMPILE) $(UPGRADE) -o requirements/production.lock
	$(UV_COMPILE) $(UPGRADE) --extra local -c requirements/production.lock -o requirements/local.lock
	$(UV_COMPILE) $(UPGRADE) --extra local --group dev -c requirements/production.lock -o requirements/dev.lock

clean: ## remove the environment, caches and the data of the local portal
	@if [ -e var/up.lock ] && ! $(or $(PYTHON),python3) -c \
	'import fcntl; fcntl.flock(open("var/up.lock"), fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null; \
	then echo "The portal runs in var/: stop it first."; exit 1; fi
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 is needed and was not found:" \
	"install it, or name it, as in: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up the Python environment in $(VENV) (once; about a minute) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is needed:" \
	"on Debian and Ubuntu it is in the package python3.11-venv."; rm -rf $(VENV); exit 1; }

$(VENV)/.run-stamp: requirements/local.lock | $(VENV)/bin/python
	@echo "Installing what the portal needs …"
	@$(PIP) install --require-hashes --no-deps -r $<
	@touch $@

$(VENV)/.dev-stamp: requirements/dev.lock | $(VENV)/bin/python
	@echo "Installing what the portal and its tests need …"
	@$(PIP) install --require-hashes --no-deps -r $<
	@touch $@ $(VENV)/.run-stamp
