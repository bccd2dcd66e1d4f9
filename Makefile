# make demo   set up, run suites/support.yaml on two real local models, write the report
# make test   set up, then lint, types, import contracts and every test: the gate (below 20 minutes)
# make quick  unit, report and simulation tests alone, side by side on two cores: the daily loop (below 2 minutes)
# make setup [GPU=1] [PYTHON=python3.12]   only the set-up (GPU=1: llama.cpp with CUDA)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GPU ?=
LLAMA_VERSION := $(shell sed -n 's/^llama-cpp-python==//p' constraints.txt)
READY := $(VENV)/.ready$(if $(GPU),-gpu)
PEERS := $(VENV)/peers/.ready
MODELS := smollm2-135m-instruct-q4_1 qwen2.5-coder-0.5b-instruct-q4_k_m
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Tests that may run side by side (tests/conftest.py says which), and where they stand: the rest need not be collected.
PARALLEL := -n 2 --dist loadgroup -m parallel tests/unit tests/reports tests/stats
GATE := --hypothesis-profile=ci --durations=20

.PHONY: help setup models peers demo test long quick lint stats lock sbom bench clean
help:
	@sed -n 's/^# //p' Makefile | head -4

setup: $(READY)

$(READY): pyproject.toml constraints.txt requirements.lock make/llama_wheel.py make/llama_core_only.cmake
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@echo "[setup] 1/3 virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -q --upgrade "pip>=25.1"
	@echo "[setup] 2/3 llama.cpp (needs a C and a C++ compiler)"
	@wheel=$$($(BIN)/python make/llama_wheel.py $(LLAMA_VERSION) $(if $(GPU),--gpu) | tail -1) && test -n "$$wheel" && \
	  $(PIP) install -q -c constraints.txt --force-reinstall --no-deps "$$wheel"
	@echo "[setup] 3/3 Python packages"
	@$(PIP) install -q --require-hashes -r requirements.lock
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready*; touch $@

models: $(READY)
	@$(BIN)/bench models pull $(MODELS)

peers: $(PEERS)

# The LiteLLM proxy, which the contract tests talk to; it wants other versions than ours, so it lives apart.
$(PEERS): constraints-peers.txt | $(READY)
	@echo "[setup] the LiteLLM proxy, for contract tests, in $(VENV)/peers"
	@$(PYTHON) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip --disable-pip-version-check install -q --no-deps -r constraints-peers.txt
	@touch $@

demo: models
	@$(BIN)/bench run suites/support.yaml --limit $(or $(LIMIT),120) || { code=$$?; [ $$code -le 2 ] || exit $$code; }

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

# Two parts, each with its report for .ci/check_skips.py: what may run side by side, then the rest (models, browser,
# servers, real time) one by one. The second runs whatever the first has found.
test: models peers lint
	@mkdir -p .cache; rm -f .cache/junit*.xml; failed=0; \
	$(BIN)/pytest -q $(GATE) --junitxml=.cache/junit-parallel.xml $(PARALLEL) || failed=1; \
	$(BIN)/pytest -q $(GATE) --junitxml=.cache/junit-serial.xml \
	  -m "not parallel and not long and not full_stats" || failed=1; \
	exit $$failed

# Fuzzing among it: BENCH_FUZZ_S seconds for each of the readers of foreign bytes (600).
long: models
	@$(BIN)/pytest -q -m long

quick: $(READY)
	@$(BIN)/pytest -q $(PARALLEL)

stats: $(READY)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/pytest tests/stats -m full_stats -q -s

# The versions of constraints.txt with the hashes of every file of them; no address of a registry is written.
lock:
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install -q "uv>=0.9,<1"
	@$(VENV)/lock/bin/uv pip compile -q pyproject.toml --extra local --group dev -c constraints.txt \
	  --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements.lock

# What a release is made of, in CycloneDX: the package alone in an environment of its own, as a user installs it.
sbom:
	@$(PYTHON) -m venv $(VENV)/release $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip --disable-pip-version-check install -q "cyclonedx-bom>=7,<8"
	@$(VENV)/release/bin/python -m pip --disable-pip-version-check install -q -c constraints.txt .
	@mkdir -p dist; $(VENV)/sbom/bin/cyclonedx-py environment $(VENV)/release/bin/python --pyproject pyproject.toml \
	  --mc-type application --output-reproducible --sv 1.6 -o dist/claimbench.cdx.json

bench: models
	@$(BIN)/pytest tests/benchmarks --benchmark-enable -q -s

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
