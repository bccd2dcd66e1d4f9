"""What tests of several folders share: the small model, multiple choice by llama-cpp-python alone,
and which of them may run side by side.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from os.path import commonprefix
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench_providers.models import catalogue as models

SMALL = "smollm2-135m-instruct-q4_1"


QUICK = tuple(Path(__file__).with_name(name) for name in ("unit", "reports", "stats", "fuzz"))
"""Folders of the quick loop."""

ALONE = frozenset({"alone", "gpu", "long", "full_stats"})
"""Marks of tests that need the whole machine."""

PART_ALONE = frozenset({"alone", "gpu"})
"""Those of them that a part of ``make test`` runs."""

HOMES_ALONE = tuple(Path(__file__).with_name(name) for name in ("contract", "e2e"))
"""Where such tests of ``make test`` stand: the part that runs them collects no other folder."""

NOT_QUICK = ALONE | {"model", "browser", "slow"}
"""Marks of tests that the quick loop leaves out."""

SLOWEST = Path(__file__).with_name("slowest.txt")
"""Modules that take long, each with its seconds (.ci/slowest.py writes it)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what may run beside others, and what of it is quick; the modules that take longest go
    first, so that no worker is left alone with one of them at the end.
    """
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if not marks & ALONE:
            item.add_marker("beside")
        elif marks & PART_ALONE and not any(map(item.path.is_relative_to, HOMES_ALONE)):
            raise pytest.UsageError(f"{item.nodeid}: the part for tests alone does not look there")
        if not marks & NOT_QUICK and any(map(item.path.is_relative_to, QUICK)):
            item.add_marker("quick")
    seconds = _slowest()
    items.sort(key=lambda item: -seconds.get(item.path, 0))


def _slowest() -> dict[Path, int]:
    lines = map(str.split, SLOWEST.read_text(encoding="utf-8").splitlines())
    return {SLOWEST.parent / path: int(seconds) for seconds, path in lines}


STARTS = pytest.StashKey[dict[str, Any]]()


@pytest.fixture(autouse=True)
def same_draws(request: pytest.FixtureRequest) -> None:
    """Set a module's ``RNG`` back to where its import left it: what a test draws must not depend on
    which tests ran before it, which side by side is another order every time.
    """
    rng = getattr(request.module, "RNG", None)
    if isinstance(rng, np.random.Generator):
        starts = request.config.stash.setdefault(STARTS, {})
        rng.bit_generator.state = starts.setdefault(
            request.module.__name__, rng.bit_generator.state
        )


def _postgres_module() -> Any:
    """tests/postgres_server.py, by its path: the folder of the tests is no package."""
    name = "claimbench_tests_postgres_server"
    if name not in sys.modules:
        spec = spec_from_file_location(name, Path(__file__).with_name("postgres_server.py"))
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[..., Any]]:
    """What starts a PostgreSQL server with settings of one's own, or a standby of ``leader``; all
    end with the session.
    """
    pytest.importorskip("psycopg", reason="pip install 'claimbench[postgresql]'")
    module = _postgres_module()
    programs = module.find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    started = []

    def start(leader: Any = None, **settings: str) -> Any:
        started.append(module.PostgresServer(programs, settings, leader))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def postgres(new_postgres: Callable[..., Any]) -> Any:
    """The PostgreSQL server of this session of tests, which nobody stops."""
    return new_postgres()


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The small model's file, from the cache that `make models` fills."""
    files = models.cached_files(models.catalog()[SMALL], models.cache_dir())
    if not files:
        pytest.skip("model not pulled: run `make models`")
    return files[0]


class BareChoices:
    """Log-probabilities of continuations: a loop that evaluates each item's prefix once, and only
    needed logits.

    ``pieces``: True evaluates the prefix alone and each rest after it, which is what reuse means;
    False evaluates each text from its start in one piece, without any reuse.
    """

    def __init__(
        self, path: Path, *, flash_attn: bool, n_ctx: int = 1024, n_threads: int = 1
    ) -> None:
        from llama_cpp import Llama

        self._llm = Llama(
            str(path),
            n_ctx=n_ctx,
            n_threads=n_threads,
            n_threads_batch=n_threads,
            n_batch=512,
            flash_attn=flash_attn,
            verbose=False,
        )

    def score(
        self, prefix: str, choices: Sequence[str], *, pieces: bool = True
    ) -> list[tuple[float, bool]]:
        """Sum of natural-log probabilities and whether greedy decoding would write it, per choice."""
        llm, texts = (
            self._llm,
            [self._llm.tokenize((prefix + choice).encode()) for choice in choices],
        )
        head = llm.tokenize(prefix.encode())
        borders = [len(commonprefix([head, text])) for text in texts]  # noqa: RUF071 - of tokens, not of paths
        shared = min(borders)
        if pieces:
            last = self._eval(head[:shared], 0)[-1]
        found = []
        for text, border in zip(texts, borders, strict=True):
            if pieces:
                rows = [last, *self._eval(text[shared:-1], shared, every=True)][border - shared :]
            else:
                rows = self._eval(text[:-1], 0, every=True)[border - 1 :]
            total, greedy = 0.0, True
            for row, token in zip(rows, text[border:], strict=True):
                logits = row.astype(np.float64)
                top = logits.max()
                total += float(logits[token] - top - np.log(np.exp(logits - top).sum()))
                greedy = greedy and int(logits.argmax()) == token
            found.append((total, greedy))
        return found

    def _eval(self, tokens: Sequence[int], past: int, *, every: bool = False) -> list[Any]:
        if not tokens:
            return []
        llm = self._llm
        llm._ctx.kv_cache_seq_rm(-1, past, -1)
        llm._batch.set_batch(batch=tokens, n_past=past, logits_all=every)
        llm._ctx.decode(llm._batch)
        wanted = range(len(tokens)) if every else (-1,)
        return [
            np.ctypeslib.as_array(llm._ctx.get_logits_ith(i), shape=(llm.n_vocab(),)).copy()
            for i in wanted
        ]

    def close(self) -> None:
        """Free the model."""
        self._llm.close()


@pytest.fixture(scope="session")
def bare_choices() -> type[BareChoices]:
    """The class; test modules cannot import this one."""
    return BareChoices
