# Each target builds .venv itself when it is missing or requirements changed.
PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.run-ready
DEV_READY := .venv/.dev-ready
EPISODES ?= 1000
SEED ?= 1
CODE := core database sender shorteners views monitoring schedulers user_bot admin_bot web_app sandbox scripts bench tests runtime config.py main.py

.PHONY: help demo test sweeps test-all test-mongo chaos lint check format bench run journeys proxies clean

help:
	@echo "make demo      try it in a local Telegram, nothing needed but Python"
	@echo "make test      the tests: about three minutes"
	@echo "make test-all  these and the sweeps: every fault at every call, every size, whole processes"
	@echo "make check     format, lint, strict types, then the tests (the import table is one of them)"
	@echo "make journeys  the ways through the sandbox page in a real browser (needs Debian's chromium)"
	@echo "make proxies   the web app behind nginx and Caddy (needs Debian's nginx-light and caddy)"
	@echo "make test-mongo the tests of what is stored, the jobs and kill -9 on the server of MONGO_URI (an empty one)"
	@echo "make chaos     the main job under fire: 1000 episodes, or EPISODES=20 SEED=1"
	@echo "make bench     the figures, with MONGO_URI those on that server beside them"
	@echo "make run       the real thing (needs .env)"

$(RUN_READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "building .venv (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt $(RUN_READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(RUN_READY)
	@exec $(BIN)/python -m scripts.demo

run: $(RUN_READY)
	@exec $(BIN)/python main.py

test: $(DEV_READY)
	@env -u MONGO_URI $(BIN)/python -m pytest -n 2 --dist loadfile -m "not sweep and not browser and not server and not proxy"

sweeps: $(DEV_READY)
	@env -u MONGO_URI $(BIN)/python -m pytest -n 2 --dist loadfile -m "sweep and not browser and not server and not proxy"

test-all: test sweeps

test-mongo: $(DEV_READY)
	@$(BIN)/python -m tests.emptiness
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/operations tests/jobs
	@$(BIN)/python -m pytest -m server tests/journeys

chaos: $(DEV_READY)
	@.ci/server install
	@$(BIN)/python -m tests.chaos --episodes $(EPISODES) --seed $(SEED)

lint: $(DEV_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)

check: lint test

format: $(DEV_READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

journeys: $(DEV_READY)
	$(BIN)/python -m pytest -m browser tests/journeys tests/sandbox

proxies: $(DEV_READY)
	$(BIN)/python -m pytest -m proxy tests/web/proxies

bench: $(DEV_READY)
	@$(BIN)/python -m bench

clean:
	rm -rf .venv .mypy_cache .ruff_cache
