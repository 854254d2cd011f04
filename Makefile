# Set up, open, test. Needs Python 3.11 to 3.13; everything else goes into .venv.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$name && exit; done; echo python3)
UV ?= uv
JOBS ?= 2
LAB_OPTIONS ?=

BIN := .venv/bin
RUN := $(BIN)/python -m
STAMP := .venv/.installed
NATIVE := tools/build_native.py $(wildcard lstmwidgets/model/native/*.[ch])
# Kernels, settings and extensions of this .venv come before those of the user.
export JUPYTER_PREFER_ENV_PATH = 1

.PHONY: help install lab test notebooks bench lock clean

help:
	@echo "make lab        set up, then open JupyterLab on notebooks/00_start_here.ipynb"
	@echo "make install    set up alone: the pinned packages and lstmwidgets into .venv"
	@echo "make test       set up, then every test"
	@echo "make notebooks  execute the committed notebooks again, in place"
	@echo "make bench      time trainer, explorer, batch and choice beside their peers, into benchmarks/README.md (a quiet machine; 90 minutes)"
	@echo "make lock       make requirements.lock and environment.yml again from pyproject.toml (needs uv)"
	@echo "make clean      remove .venv and everything else that was generated"

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml $(NATIVE)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else \
	"$(PYTHON) is Python %d.%d, and lstmwidgets needs 3.11, 3.12 or 3.13: make install PYTHON=python3.12" % v)'
	@$(RUN) pip --version >/dev/null 2>&1 || { echo "Making .venv with $$($(PYTHON) --version)"; \
	$(PYTHON) -m venv --clear .venv; }
	@echo "Installing the pinned packages into .venv; the first time takes some minutes"
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p .venv/share/jupyter/lab/settings
	@cp tools/lab_settings.json .venv/share/jupyter/lab/settings/overrides.json
	@touch $(STAMP)
	@echo "Installed. Next: make lab, or make test"

lab: install
	$(RUN) jupyterlab $(LAB_OPTIONS) notebooks/00_start_here.ipynb

test: install
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder --durations=10

notebooks: install
	$(BIN)/python tools/notebooks.py

bench: install
	$(BIN)/python benchmarks/train.py --install --write
	$(BIN)/python benchmarks/memory.py --write
	$(BIN)/python benchmarks/cost.py --write
	$(BIN)/python benchmarks/explore.py --write
	$(BIN)/python benchmarks/batch.py --install --write
	$(BIN)/python benchmarks/choose.py --write

lock:
	$(PYTHON) tools/lock.py --uv $(UV)

clean:
	rm -rf .venv .bench artifacts build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .matrix
	find lstmwidgets tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
