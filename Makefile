# Each target builds .venv itself when it is missing or requirements changed. The real bots get requirements.txt alone.
PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.run-ready
DEMO_READY := .venv/.demo-ready
DEV_READY := .venv/.dev-ready
# an environment of its own: what makes and checks the files of requirements may need other versions
TOOLS := .venv/tools/bin
TOOLS_READY := .venv/tools/.ready
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes
EPISODES ?= 1000
# of the sweeps those that need a server; ON_SERVER="server or not server" runs all of them there, too
ON_SERVER ?= server or not sweep
SEED ?= 1
CODE := core database sender shorteners views monitoring schedulers user_bot admin_bot web_app sandbox scripts bench tests runtime config.py main.py

.PHONY: help demo test sweeps test-all test-mongo chaos lint check format bench run journeys proxies clean \
  requirements audit sbom digests

help:
	@echo "make demo      try it in a local Telegram, nothing needed but Python"
	@echo "make test      the tests: five to eight minutes on two cores"
	@echo "make test-all  these and the sweeps: every fault at every call, every size, whole processes"
	@echo "make check     format, lint, strict types, then the tests (the import table is one of them)"
	@echo "make journeys  the ways through the sandbox page in a real browser (needs Debian's chromium)"
	@echo "make proxies   the web app behind nginx and Caddy (needs Debian's nginx-light and caddy)"
	@echo "make test-mongo the tests of what is stored, the jobs and kill -9 on the server of MONGO_URI (an empty one)"
	@echo "make chaos     the main job under fire: 1000 episodes, or EPISODES=20 SEED=1"
	@echo "make bench     the figures, with MONGO_URI those on that server beside them"
	@echo "make run       the real thing (needs .env)"
	@echo "make requirements  requirements/*.in into requirements*.txt, with every hash (UPGRADE=NAME: the newest of one)"
	@echo "make audit     known weaknesses of what is installed; fails when it cannot ask (SERVICE=osv: another service)"
	@echo "make sbom      the bill of materials (CycloneDX) into dist/"
	@echo "make digests   asks for the digests of the images in deploy/ (needs docker)"

$(RUN_READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "building .venv (once, about a minute)"
	@$(BIN)/python $(INSTALL) -r requirements.txt
	@touch $@

$(DEMO_READY): requirements-demo.txt $(RUN_READY)
	@$(BIN)/python $(INSTALL) -r requirements-demo.txt
	@touch $@

$(DEV_READY): requirements-dev.txt $(DEMO_READY)
	@$(BIN)/python $(INSTALL) -r requirements-dev.txt
	@touch $@

$(TOOLS_READY): requirements-tools.txt
	@test -x $(TOOLS)/python || $(PYTHON) -m venv .venv/tools
	@$(TOOLS)/python $(INSTALL) -r requirements-tools.txt
	@touch $@

demo: $(DEMO_READY)
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
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "$(ON_SERVER)" tests/operations tests/jobs
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

requirements: $(TOOLS_READY)
	@$(TOOLS)/python -m scripts.supply.lock --uv $(TOOLS)/uv --upgrade "$(UPGRADE)"

audit: $(TOOLS_READY)
	@$(TOOLS)/python -m scripts.supply.audit --pip-audit $(TOOLS)/pip-audit $(if $(SERVICE),--vulnerability-service $(SERVICE))

sbom: $(TOOLS_READY) $(RUN_READY)
	@$(BIN)/python -m scripts.supply.sbom dist/tollgate.cdx.json
	@$(TOOLS)/python -c "import pathlib, sys; from cyclonedx.schema import SchemaVersion; \
	  from cyclonedx.validation.json import JsonStrictValidator; \
	  sys.exit(JsonStrictValidator(SchemaVersion.V1_6).validate_str(pathlib.Path('dist/tollgate.cdx.json').read_text()))"

digests:
	@$(PYTHON) -m scripts.supply.digests

clean:
	rm -rf .venv .mypy_cache .ruff_cache dist
