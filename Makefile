# `make help` explains every target. Each one sets up what it needs by itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The Python that makes the virtual environment (3.11 or newer), the port of the local API, its bus (sqs or
# kafka), and a single benchmark or campaign.
PYTHON ?= python3
PORT ?= 8095
BUS ?= sqs
ONLY ?=
TENANT ?= demo
ROLE ?= analyst
ARGS ?=

BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: # List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {gsub(/\$$\(PORT\)/, "$(PORT)"); printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  variables: PORT=$(PORT) BUS=$(BUS) TENANT=$(TENANT) ROLE=$(ROLE) ONLY=<name> PYTHON=$(PYTHON) ARGS=<pytest arguments>"

##@ Set up

.PHONY: setup
setup: ## Make .venv from the locked requirements (done by every other target)
	@$(PYTHON) tools/environment.py

# What `make up` and the like need: all but the environments of checks alone.
.PHONY: to-run
to-run:
	@$(PYTHON) tools/environment.py --to-run

.PHONY: lock
lock: ## Lock the requirements anew after editing an .in file: make lock ARGS=--upgrade
	@$(PYTHON) tools/environment.py --lock $(ARGS)

.PHONY: clean
clean: ## Forget the local system's state and everything generated, but .venv
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m local clean; fi
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis cdk.out build demo-output

##@ Run it

.PHONY: demo
demo: to-run ## Run three scenarios end to end on a local system, show the results, stop again
	@$(BIN)/python -m local demo

.PHONY: demo-operations
demo-operations: to-run ## Let a worker's vendor fail; show the incident, the decisions, the actions and the recovery
	@$(BIN)/python -m local.demo_operations

.PHONY: up
up: to-run ## Run the whole system at http://127.0.0.1:$(PORT) until Ctrl-C
	@SEXTANT_BUS=$(BUS) $(BIN)/python -m local up --port $(PORT)

.PHONY: down
down: to-run ## Stop a system that `make up` started elsewhere
	@$(BIN)/python -m local down

.PHONY: status
status: to-run ## Say what of the local system runs and where its logs are
	@$(BIN)/python -m local status || true

.PHONY: token
token: to-run ## Print a bearer token for the local system: make token TENANT=demo ROLE=analyst
	@$(BIN)/python -m local token --tenant $(TENANT) --role $(ROLE)

##@ Check a change

.PHONY: test
test: setup ## Run the tests, two side by side: make test ARGS="tests/unit -k ids" runs some, one by one
	@$(BIN)/python -m pytest $(or $(ARGS),-n 2 --dist loadscope --no-loadscope-reorder)

.PHONY: check-engines
check-engines: setup ## Have Spark read the table we write, and Trino run Athena's SQL: needs Java 17, Maven, 700 MB once
	@$(BIN)/python -m pytest tests/engines $(ARGS)

.PHONY: check
check: setup ## Format, lint, types, import contracts, tenant lint; everything a commit must pass
	@$(BIN)/python tools/check.py

.PHONY: format
format: setup ## Format the code and fix what lint can fix
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: console-shots
console-shots: setup ## Take a picture of every page of the console in both themes: make console-shots ONLY=compare
	@$(BIN)/python -m tests.console.shots $(ONLY)

##@ Measure

.PHONY: chaos
chaos: setup ## Kill parts at random and count what is lost: make chaos ONLY=main
	@$(BIN)/python -m tests.chaos $(ONLY)

.PHONY: bench
bench: setup ## Measure against what one would use instead: make bench ONLY=engine
	@$(BIN)/python -m bench $(ONLY)

.PHONY: second-opinion
second-opinion: setup ## Hold the market model against PyPSA: fetches 1 GB once
	@$(BIN)/python bench/second_opinion/compare.py

##@ Deploy

.PHONY: synth
synth: setup ## Synthesise the CloudFormation templates into cdk.out, offline
	@$(BIN)/python -m infra.synth

.PHONY: deploy-local
deploy-local: setup ## Deploy the stacks onto the local AWS stand-in
	@$(BIN)/python -m infra.deploy_local
