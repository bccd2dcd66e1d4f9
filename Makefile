# make demo   set up, run suites/support.yaml on two real local models, write the report
# make test   set up, then lint, types, import contracts, tests and docs checks
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

.PHONY: help setup models peers demo test long quick lint stats bench clean
help:
	@sed -n 's/^# //p' Makefile | head -3

setup: $(READY)

$(READY): pyproject.toml constraints.txt make/llama_wheel.py make/llama_core_only.cmake
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@echo "[setup] 1/3 virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -q --upgrade "pip>=25.1"
	@echo "[setup] 2/3 llama.cpp (needs a C and a C++ compiler)"
	@wheel=$$($(BIN)/python make/llama_wheel.py $(LLAMA_VERSION) $(if $(GPU),--gpu) | tail -1) && test -n "$$wheel" && \
	  $(PIP) install -q -c constraints.txt --force-reinstall --no-deps "$$wheel"
	@echo "[setup] 3/3 Python packages"
	@$(PIP) install -q -c constraints.txt -e ".[local]" --group dev
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

test: models peers lint
	@mkdir -p .cache
	@$(BIN)/pytest -q -m "not long and not full_stats" --hypothesis-profile=ci --junitxml=.cache/junit.xml

long: models
	@$(BIN)/pytest -q -m long

quick: $(READY)
	@$(BIN)/pytest -q -m "not model and not browser and not slow and not long and not full_stats"

stats: $(READY)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/pytest tests/stats -m full_stats -q -s

bench: models
	@$(BIN)/pytest tests/benchmarks --benchmark-enable -q -s

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
