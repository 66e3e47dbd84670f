# Every target sets up what it needs. PYTHON says with which Python (3.11 to 3.13).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NODE_SOAP := tests/interop/node/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help demo test test-interpreters node-soap bench soak lint docs clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: $(READY) ## Gateway, zaakmagazijn and zaaksysteem with a conversation; ONCE=1 ends by itself
	$(BIN)/stuf-klantcontact demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(READY) ## The whole test suite
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-interpreters: $(READY) ## The SOAP door's tests on every other supported Python that is found
	bash tests/interpreters.sh $(BIN)/python

node-soap: $(NODE_SOAP) ## What the interoperability tests need from npm; without it they skip

bench: $(READY) ## The benchmarks, as ratios
	$(BIN)/python -m benchmarks

soak: $(READY) ## The promises held for hours, kill -9 and all; SOAK=short for a minute, NAME=kills for one
	SOAK=$(SOAK) $(BIN)/python -m soak $(NAME)

lint: $(READY) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(READY) ## Rewrite the tables in README.md and docs/ that come from the code
	$(BIN)/python docs/tables.py

clean: ## Remove the virtual environments and the npm packages
	rm -rf $(VENV) .venv-3.* tests/interop/node/node_modules

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

$(NODE_SOAP): tests/interop/node/package-lock.json
	cd tests/interop/node && npm ci --ignore-scripts --no-audit --no-fund
	touch $@
