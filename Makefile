# Everything that is done with the repository. `make help` lists the targets.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# PyTorch's small CPU build, where your package index gives the CUDA build: see README, "Install".
TORCH_INDEX ?=
# TORCH=cuda takes the CUDA build, several gigabytes, on purpose.
TORCH ?= cpu
# What `make evaluate` measures on: a folder with eval/, train/ and lexicons/.
DATA ?= data

PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
PINNED = --constraint constraints.txt
INDEX = $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))

.DEFAULT_GOAL := help
.PHONY: help install install-dev run daemon test evaluate lint clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: $(VENV)/installed ## Prepare .venv with the atbalss command

install-dev: $(VENV)/installed-dev

$(VENV)/installed: pyproject.toml constraints.txt deploy/torch_build.py
	$(PYTHON) -c 'import sys; sys.exit("Atbalss needs Python 3.11 or newer: make install PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install $(PINNED) --upgrade pip
	$(BIN)/python deploy/torch_build.py --allow $(TORCH) $(INDEX)
	$(PIP) install $(PINNED) $(INDEX) torch
	$(PIP) install $(PINNED) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install $(PINNED) --group test --group lint
	touch $@

run: install ## Run the main job once on the built-in demo feed
	$(BIN)/atbalss demo

daemon: install ## Start the daemon: on atbalss.toml if there is one, else on the demo feed
	$(BIN)/atbalss $(if $(wildcard atbalss.toml),,--demo) run

test: install-dev ## Run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal

evaluate: install-dev ## Measure the model on labelled sets and write docs/quality.md: make evaluate DATA=folder
	$(PIP) install $(PINNED) --group training
	$(BIN)/python -m nlp.evaluation.quality --data $(DATA) --out docs/quality.md

lint: install-dev ## Lint, check the format and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests

clean: ## Remove what was built; var/ with its data stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
