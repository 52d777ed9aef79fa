# make demo: a real differential diagnosis.  make test: the whole suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-long lint types imports unit notebooks bench priors lock clean

demo: $(VENV)/.runtime
	$(BIN)/python -m benchmarks.demo

test: lint types imports unit notebooks

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/pytest -n 2 -m "not slow" --cov --cov-report=term

# the same with what takes minutes
test-long: $(VENV)/.dev
	$(BIN)/pytest -n 2

notebooks: $(VENV)/.dev
	$(BIN)/pytest -p no:randomly --nbmake --nbmake-timeout=300 --allow-hosts=127.0.0.1 notebooks

bench: $(VENV)/.runtime
	$(BIN)/python -m benchmarks

# rewrite the schemas and checksums in priors/datapackage.json after an edit
priors: $(VENV)/.runtime
	$(BIN)/legache describe priors

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --group build pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --group build --group dev pyproject.toml -c requirements.txt -o requirements-dev.txt

$(VENV)/.runtime: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(PIP) install --require-hashes -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
