# make demo: a real differential diagnosis.  make test: the whole suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-long lint types imports unit notebooks bench priors validate lock clean

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

# also: make bench BENCH=--quick
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(BENCH)

# compute the numbers from the claims, and rewrite schemas and checksums
priors: $(VENV)/.dev
	$(BIN)/legache describe priors
	$(BIN)/legache derive priors
	$(BIN)/legache describe priors

# compare the network with published figures that set none of its numbers
validate: $(VENV)/.dev
	$(BIN)/legache validate --out build/validation --cases tests/data/vignettes_dev.jsonl \
	  --before tests/data/ranks_of_first_priors.json

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --group build pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --group build --group dev pyproject.toml -c requirements.txt -o requirements-dev.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --group bench pyproject.toml -c requirements-dev.txt -o benchmarks/requirements.txt

# the install compiles the kernel; without a C compiler, numpy does its work
KERNEL := $(wildcard legache/inference/kernel/*.[ch]) .ci/build_kernel.py

$(VENV)/.runtime: requirements.txt pyproject.toml $(KERNEL)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(PIP) install --require-hashes -r requirements-dev.txt
	touch $@

$(VENV)/.bench: benchmarks/requirements.txt $(VENV)/.runtime
	$(PIP) install --require-hashes -r benchmarks/requirements.txt
	touch $@

clean:
	rm -rf legache/inference/kernel/libkernel.so $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
