# Two commands do everything on a fresh machine: `make review` (the main job) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_TEST := $(VENV)/.ready-test
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: review test lab check lint lock clean

review: $(READY) ## check the records, run all syntheses and notebooks, write build/
	@$(BIN)/evidence build

test: $(READY_TEST) ## the whole test suite
	@$(BIN)/python -m pytest

lab: $(READY) ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab notebooks

check: $(READY) ## check the records only
	@$(BIN)/evidence check

lint: $(READY_TEST)
	@$(BIN)/ruff check .

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": run make PYTHON=/path/to/a/newer/python3")'
	@echo "Setting up $(VENV) from requirements.lock (once, about a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --require-hashes --only-binary :all: -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(READY_TEST): $(READY) requirements-test.lock
	@echo "Adding what the tests need from requirements-test.lock (once)"
	@$(INSTALL) --require-hashes --only-binary :all: -r requirements-test.lock
	@touch $(READY_TEST)

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" --group build pyproject.toml

lock: ## write the lock files anew from pyproject.toml (needs uv)
	$(LOCK) --output-file requirements.lock
	$(LOCK) --all-extras --constraint requirements.lock --output-file requirements-test.lock

clean: ## remove what was built; the records stay
	rm -rf build $(VENV)
