# The newcomer's commands are `make serve` and `make test`; `make help` lists the others.
.DEFAULT_GOAL := help
.PHONY: help setup web serve test bench bench-sends soak faults fuzz audit check format lock migration clean

# Where there is no Node, two of these would install into .venv at once.
.NOTPARALLEL:

PYTHON ?= python3
BIN := .venv/bin

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

serve: setup ## start the server on embedded parts, with two demo users in an empty database
	@$(BIN)/python server.py serve

setup: .venv/runtime web ## install the pinned dependencies and build what is JavaScript; quick when nothing changed

web: web/dist/.built ## build the TypeScript client and the pages, with npm alone, or without any Node

test: setup .venv/dev tests/npm/node_modules/.installed ## run all tests, against SQLite, a real PostgreSQL and a real Valkey
	$(BIN)/python -m pytest

check: .venv/dev ## the laws of the house: lint, format, types, layers, schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python server.py export-schema | diff schema/schema.graphql -

bench: .venv/bench benchmarks/peers/node_modules/.installed ## polls and sends against the floor and other servers; two cores, wrk, half an hour (benchmarks/README.md)
	$(BIN)/python -m benchmarks.polls

bench-sends: .venv/dev ## group commit beside one transaction a message; a minute
	$(BIN)/python -m benchmarks.group_commit

soak: .venv/bench ## two processes under 70 % load for MINUTES (30): memory, tasks, connections, bloat and latency, plotted
	$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),30)

faults: .venv/dev ## writers and pollers while parts are killed, stopped and flushed; judged by a history checker; 12 minutes
	$(BIN)/python -m tests.faults.history

fuzz: .venv/dev ## made-up requests to a server, for MINUTES (10)
	$(BIN)/python -m tests.attacks.fuzz $(or $(MINUTES),10)

audit: .venv/dev .venv/audit/.installed ## known weaknesses of what is pinned, and secrets that were ever committed; says what it could not ask
	$(BIN)/python -m tests.attacks.audit .venv/audit/bin/pip-audit

format: .venv/dev ## format the code and write schema/schema.graphql
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
	$(BIN)/python server.py export-schema > schema/schema.graphql

lock: .venv/dev ## pin every dependency, with hashes and without the address of an index
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -o requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -c requirements/runtime.txt --group dev --group otel -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -c requirements/dev.txt --group bench -o requirements/bench.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -c requirements/dev.txt --group otel -o requirements/otel.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -c requirements/dev.txt --group audit -o requirements/audit.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group web -o requirements/web.txt

migration: .venv/dev ## write a migration for changed models: make migration NAME=what_it_does
	$(BIN)/tortoise -c models.migrate.CONFIG makemigrations -n $(NAME)

clean: ## remove what was installed and built; the data in var/ stays
	rm -rf .venv web/dist web/node_modules tests/npm/node_modules clients/typescript/dist clients/typescript/node_modules

.venv/made:
	$(PYTHON) -m venv .venv
	@touch $@

.venv/runtime: .venv/made requirements/runtime.txt
	@echo "installing dependencies"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/runtime.txt
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt
	@echo "installing what tests need"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

# In an environment of its own: it brings another pip.
.venv/audit/.installed: .venv/made requirements/audit.txt
	@echo "installing pip-audit"
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/audit.txt
	@touch $@

tests/npm/node_modules/.installed: .venv/runtime tests/npm/package.json tests/npm/package-lock.json
	@echo "installing the npm clients of the tests"
	@cd tests/npm && sh ../../web/node.sh "$(CURDIR)/$(BIN)" npm ci --silent --no-audit --no-fund
	@touch $@

.venv/bench: .venv/dev requirements/bench.txt
	@echo "installing what plots need"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/bench.txt
	@touch $@

# Where this fails, the measurement goes on and says which servers it leaves out.
benchmarks/peers/node_modules/.installed: .venv/runtime benchmarks/peers/package-lock.json
	@echo "installing the servers that Pollux is measured beside"
	@-cd benchmarks/peers && sh ../../web/node.sh "$(CURDIR)/$(BIN)" npm ci --silent --no-audit --no-fund && touch node_modules/.installed

CLIENT_SOURCES := schema/schema.graphql $(shell find clients/typescript/src clients/typescript/scripts -type f -not -path '*/generated/*') \
	$(wildcard clients/typescript/*.json)

clients/typescript/dist/.built: $(CLIENT_SOURCES)
	@sh clients/typescript/build.sh "$(CURDIR)/$(BIN)"
	@touch $@

WEB_SOURCES := $(shell find web/src web/chat web/graphiql -type f) $(wildcard web/*.json web/*.ts)

web/dist/.built: clients/typescript/dist/.built $(WEB_SOURCES)
	@sh web/build.sh "$(CURDIR)/$(BIN)"
	@touch $@
