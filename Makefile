# `make` alone lists what there is.
# HOST, MODE, PORTS and CONTAINERS are set here and not by the environment: some shells export a HOST of their own.
HOST = local
MODE = keys
PORTS = free
CONTAINERS = folders
ARGS =
# Tests that wait for a stack leave room for others: three processes keep two cores busy. AT_ONCE=0 for one after another.
AT_ONCE = 3
PY = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup up down status doctor reaper demo test test-clients test-containers
.PHONY: lint style format types layers check clean
.PHONY: bench-split bench-submit bench-poll bench-merge fuzz fuzz-http crash-matrix chaos load soak

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup: ## make .venv with everything in it (PYTHON=... picks the Python, 3.11 to 3.13)
	@PYTHON="$(PYTHON)" sh local/bootstrap.sh

up: setup ## run everything here until Ctrl-C (HOST=local|func|none MODE=keys|identity PORTS=free|standard CONTAINERS=folders|podman)
	@$(PY) -m local.stack up --host $(HOST) --mode $(MODE) --ports $(PORTS) --containers $(CONTAINERS)

down: setup ## stop what `make up` runs in another shell
	@$(PY) -m local.stack down

status: setup ## say whether `make up` runs, and where
	@$(PY) -m local.stack status

doctor: setup ## read settings and account, say what Azure is about to take away (ARGS="--settings FILE")
	@$(PY) -m local.doctor $(ARGS)

reaper: setup ## what the hourly reaper would delete, and why; deletes nothing (ARGS="--settings FILE")
	@$(PY) -m local.reaper $(ARGS)

demo: setup ## a whole job from drop to result, on a stack of its own
	@$(PY) -m local.demo $(ARGS)

test: setup ## all tests (ARGS="-k name" for some; ARGS=--hypothesis-profile=search draws new examples)
	@$(PY) -m pytest -n $(AT_ONCE) --dist loadfile $(ARGS)

test-clients: setup ## the Azure CLI and an older SDK against the Batch emulator (installs them below .tools)
	@BATCHDROP_TEST_CLIENTS=1 $(PY) -m pytest tests/batch_emulator/clients $(ARGS)

test-containers: setup ## the examples in real containers, by podman (installs it where it can; says why where it cannot)
	@sh local/podman.sh
	@$(PY) -m pytest tests/containers -rs $(ARGS)

lint: style format types layers ## all four of these gates

style: setup ## ruff's rules
	@$(PY) -m ruff check --quiet .

format: setup ## ruff's formatting, checked only
	@$(PY) -m ruff format --check --quiet . || { echo "run: $(PY) -m ruff format ."; exit 1; }

types: setup ## mypy, strict
	@$(PY) -m mypy

layers: setup ## who may import whom
	@.venv/bin/lint-imports --no-cache

check: lint test ## lint and test: what CI runs

fuzz: setup ## the manifest's parser against what atheris thinks of, where that can be had (ARGS=-max_total_time=60)
	@$(PY) -m pip install --quiet --disable-pip-version-check --target .tools/atheris 'atheris>=2.3,<4' \
		|| { echo "atheris cannot be installed here: nothing was tried"; exit 0; }; \
	PYTHONPATH=.tools/atheris $(PY) -m tests.fuzz $(or $(ARGS),-max_total_time=60)

fuzz-http: setup ## what is published of our HTTP, asked at length of a host with keys, and by Entra (ARGS="--examples 500")
	@$(PY) -m tests.http $(ARGS)

crash-matrix: setup ## the controller killed at every request, over the real SDKs (ARGS="--stack" for 40 points on Azurite)
	@$(PY) -m tests.crash $(ARGS)

chaos: setup ## lost hints, frozen workers, failing services; totals as a table and JSON (ARGS="--seed 7 --examples 500")
	@$(PY) -m tests.hostile $(ARGS)

load: setup ## 1,000 jobs that wait for four pools, 300 on one shared pool, in memory (ARGS="--jobs 100 --stack" on a stack)
	@$(PY) -m tests.load $(ARGS)

soak: setup ## 30 minutes of all kinds of jobs on a local stack under all kinds of trouble (ARGS="--minutes 5 --seed 7")
	@$(PY) -m tests.load.soak $(ARGS)

bench-split: setup ## figures: 2 GiB of lines into 2,000 tasks (ARGS="--scale 0.1" for a part, all four)
	@$(PY) -m benchmarks.split $(ARGS)

bench-submit: setup ## figures: 100,000 tasks, then 1,000,000 over many passes
	@$(PY) -m benchmarks.submit $(ARGS)

bench-poll: setup ## figures: a look at 100 and at 100,000 tasks; importing the app
	@$(PY) -m benchmarks.poll $(ARGS)

bench-merge: setup ## figures: 20,000 outputs into one result
	@$(PY) -m benchmarks.merge $(ARGS)

clean: ## remove local data, logs and caches (.venv and .tools stay)
	@if [ -x $(PY) ] && [ -d .batchdrop ]; then $(PY) -m local.stack down; fi
	@rm -rf .batchdrop .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +
