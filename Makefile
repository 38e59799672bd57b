# The commands that people type. Each target first installs its requirements into .venv.
# It needs Python 3.11 or newer.

# The first Python that is new enough. To choose one: make demo PYTHON=/path/to/python3.12
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
SETUP = "$(PYTHON)" -B local/bootstrap.py
PYTEST = .venv/bin/python -m pytest

.PHONY: help demo test check bench chaos lock clean has-python installed installed-for-development

help:
	@echo "make demo    set everything up and run the whole system with a local Kick; Ctrl-C stops it"
	@echo "make test    set everything up and run the tests, on PostgreSQL and on SQLite"
	@echo "make chaos   the fault test, which kills every process; N=2000 SEED=1 MINUTES=2"
	@echo "make check   formatting, lint, types, import rules, migrations, deployment, locks, prose"
	@echo "make bench   compare the product's speed with the limits of this machine"
	@echo "make lock    update the lock files from pyproject.toml"
	@echo "make clean   delete everything the other targets made, including the demo's data"

demo: installed
	@.venv/bin/python manage.py demo $(ARGS)

test: installed-for-development
	@.venv/bin/python -m tests.engines

# Variables: N claims, the SEED of random choices, MINUTES of faults, the SPEED, SWEEPS=0.
chaos: N = 2000
chaos: SEED = 1
chaos: MINUTES = 2
chaos: SPEED = 6
chaos: installed-for-development
	@.venv/bin/python -m tests.chaos --claims $(N) --seed $(SEED) --minutes $(MINUTES) \
		--speed $(SPEED) $(if $(filter 0,$(SWEEPS)),--no-sweeps)

check: installed-for-development
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	.venv/bin/mypy --config-file local/kick/mypy.ini
	.venv/bin/lint-imports --no-logo
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	.venv/bin/python manage.py makemigrations --check --dry-run
	@echo "check --deploy, with production settings"
	@$(PRODUCTION) .venv/bin/python manage.py check --deploy --fail-level WARNING
	TEST_DATABASE=sqlite $(PYTEST) --quiet tests/test_locks.py tests/test_architecture.py \
		tests/test_prose.py

# ONLY selects goals or the surge (make bench ONLY="W1 R3"); QUICK=1 is a two-minute sanity check.
bench: installed-for-development
	.venv/bin/python -m tests.bench $(if $(QUICK),--quick) $(ONLY)

lock: has-python
	@$(SETUP) lock

clean:
	rm -rf .venv var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov

installed: has-python
	@$(SETUP) run

installed-for-development: has-python
	@$(SETUP) develop

has-python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found in PATH. Install one, or name" \
		"it: make demo PYTHON=/path/to/python3.12" >&2; exit 1; }

# Valid production settings for `check --deploy`. They are samples and give access to nothing.
PRODUCTION = env DEBUG=0 VAR_DIR=var/check \
	SECRET_KEY=a-sample-of-a-secret-key-that-is-long-enough-and-is-never-used \
	ALLOWED_HOSTS=drops.example.com PUBLIC_URL=https://drops.example.com GAME_NAME=sample \
	TOKEN_KEYS=c2FtcGxlLXRva2VuLWtleS0zMi1ieXRlcy1sb25nLi4= \
	KICK_CLIENT_ID=sample KICK_CLIENT_SECRET=sample \
	OIDC_ISSUER=https://login.example.com OIDC_CLIENT_ID=sample OIDC_CLIENT_SECRET=sample
