# The two commands for a fresh machine with python3, git and make: `make demo` and
# `make test`. Both set up what is missing first; see `make help`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test lint format types setup setup-demo setup-checks clean

VENV ?= .venv
export VENV PYTHON

# Qt is needed only where there is a screen to show it.
SCREEN := $(DISPLAY)$(WAYLAND_DISPLAY)

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) \
	    | while IFS='|' read -r target text; do printf '%-14s %s\n' "$$target" "$$text"; done
	@echo '  make demo VIDEO=path BOX=x,y,w,h     the same on your own video'

demo: setup-demo ## Track the sample: in napari where there is a screen, else headless
	@"$(VENV)/bin/fcot" demo $(if $(VIDEO),"$(VIDEO)") $(if $(BOX),--box "$(BOX)")

test: setup ## Run all checks: lint, types, tests, window tests on a virtual screen
	@"$(VENV)/bin/python" scripts/run_checks.py

lint: setup-checks ## Check style and format
	@"$(VENV)/bin/python" scripts/run_checks.py lint format

format: setup-checks ## Rewrite the code in our format
	@"$(VENV)/bin/ruff" check --fix --quiet . ; "$(VENV)/bin/ruff" format .

types: setup-checks ## Check types
	@"$(VENV)/bin/python" scripts/run_checks.py types

setup: ## Install everything that development needs, and nothing twice
	@scripts/setup_system.sh qt screen
	@scripts/setup_python.sh dev

setup-checks:
	@scripts/setup_python.sh dev

setup-demo:
	@$(if $(SCREEN),scripts/setup_system.sh qt || { \
	    echo 'Or run it without a screen:  make demo DISPLAY= WAYLAND_DISPLAY='; exit 1; })
	@scripts/setup_python.sh all

clean: ## Remove the environment and everything that was built
	rm -rf "$(VENV)" build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find fcot_engine napari_fcot scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
