# Two images of ClaimBench: "slim" talks to endpoints, "local" also runs models of its own (llama.cpp).
#   docker build --target slim -t claimbench .
#   docker run --rm -v "$PWD:/work" -e OPENAI_API_KEY claimbench run suites/tickets.yaml --max-cost 2
# Linted by tests/unit/test_container.py; not built by the tests.
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt requirements-demo.lock ./
COPY harness harness
COPY providers providers
COPY reports reports
COPY suites suites
RUN python -m venv /build \
 && grep -E '^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==' constraints.txt > build.txt \
 && /build/bin/pip install --no-cache-dir -r build.txt \
 && /build/bin/python -m hatchling build -t wheel -d /wheels
RUN python -m venv /opt/claimbench \
 && /opt/claimbench/bin/pip install --no-cache-dir -c constraints.txt /wheels/*.whl

FROM build AS build-local
COPY make make
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/*
# Without -march=native: the image runs on other machines than the one that built it.
RUN version=$(sed -n 's/^llama-cpp-python==//p' constraints.txt) \
 && wheel=$(CMAKE_ARGS="-DGGML_NATIVE=OFF" /opt/claimbench/bin/python make/llama_wheel.py "$version" | tail -n 1) \
 && /opt/claimbench/bin/pip install --no-cache-dir -c constraints.txt "$wheel" "$(ls /wheels/*.whl)[local]"

FROM python:${PYTHON} AS base
RUN useradd --create-home --uid 10001 bench \
 && install -d -o bench /work
ENV PATH=/opt/claimbench/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /work
USER 10001
ENTRYPOINT ["bench"]
CMD ["--help"]

FROM base AS local
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build-local /opt/claimbench /opt/claimbench
USER 10001

FROM base AS slim
COPY --from=build /opt/claimbench /opt/claimbench
