# make demo   set up, run suites/support.yaml on two real local models, write the report
# make test   set up, then lint, types, import contracts and every test: the gate (about 20 minutes)
# make quick  unit, report and simulation tests alone, side by side on two cores: the daily loop (about 5 minutes)
# make setup [GPU=1] [PYTHON=python3.12]   only the set-up (GPU=1: llama.cpp with CUDA)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GPU ?=
READY := $(VENV)/.ready$(if $(GPU),-gpu)
PEERS := $(VENV)/peers/.ready
MODELS := smollm2-135m-instruct-q4_1 qwen2.5-coder-0.5b-instruct-q4_k_m
# Modules side by side, each in one worker, in the order of tests/conftest.py: the longest first.
BESIDE := -n 2 --dist loadfile --no-loadscope-reorder
GATE := --hypothesis-profile=ci --durations=20
# Workers share the cores: threads of OpenBLAS that wait for one another only spin (a fit of small matrices: 4 times as long).
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/pytest

# Compiled once, not by every command that a test starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup models peers demo test long quick lint stats lock sbom bench clean
help:
	@sed -n 's/^# //p' Makefile | head -4

setup: $(READY)

# make/setup.py does the work: one at a time, nothing twice, with lines of progress.
$(READY): pyproject.toml constraints.txt requirements.lock make/setup.py make/llama_wheel.py make/llama_core_only.cmake
	@$(PYTHON) make/setup.py dev $(if $(GPU),--gpu) && touch $@

models: $(READY)
	@$(BIN)/bench models pull $(MODELS)

peers: $(PEERS)

# The LiteLLM proxy, which the contract tests talk to; it wants other versions than ours, so it lives apart.
$(PEERS): constraints-peers.txt | $(READY)
	@echo "[setup] the LiteLLM proxy, for contract tests, in $(VENV)/peers"
	@$(PYTHON) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip --disable-pip-version-check install -q --no-deps -r constraints-peers.txt
	@touch $@

# Only what a run needs: 76 packages at most, none of the tests'. What `make setup` has installed serves too.
demo:
	@$(PYTHON) make/setup.py demo $(if $(GPU),--gpu)
	@$(BIN)/bench demo --limit $(or $(LIMIT),120)

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

# Two parts, each with its report for .ci/check_skips.py: what may run side by side, then what needs the machine for itself
# (tests/conftest.py says which), whatever the first has found.
test: models peers lint
	@mkdir -p .cache; rm -f .cache/junit*.xml; failed=0; \
	$(PYTEST) -q $(GATE) --junitxml=.cache/junit-beside.xml $(BESIDE) -m beside || failed=1; \
	$(PYTEST) -q $(GATE) --junitxml=.cache/junit-alone.xml -m "(alone or gpu) and not long" tests/contract tests/e2e || failed=1; \
	exit $$failed

# Fuzzing among it: BENCH_FUZZ_S seconds for each of the readers of foreign bytes (600); the report says how many inputs.
long: models
	@mkdir -p .cache; $(BIN)/pytest -q -m long -o junit_family=xunit1 --junitxml=.cache/junit-long.xml

quick: $(READY)
	@$(PYTEST) -q $(BESIDE) -m quick tests/unit tests/reports tests/stats tests/fuzz

stats: $(READY)
	@$(PYTEST) tests/stats -m full_stats -q -s

# The versions of constraints.txt with the hashes of every file of them; no address of a registry is written.
lock:
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install -q "uv>=0.9,<1"
	@$(VENV)/lock/bin/uv pip compile -q pyproject.toml --extra local --group dev -c constraints.txt \
	  --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements.lock
	@printf 'hatchling>=1.27,<2\neditables>=0.5,<1\n' | $(VENV)/lock/bin/uv pip compile -q pyproject.toml - --extra local \
	  -c constraints.txt --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  -o requirements-demo.lock

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
