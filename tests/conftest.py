"""What tests of several folders share: the small model, multiple choice by llama-cpp-python alone,
and which of them may run side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench_providers.models import catalogue as models

SMALL = "smollm2-135m-instruct-q4_1"


SIDE_BY_SIDE = tuple(Path(__file__).with_name(name) for name in ("unit", "reports", "stats"))
"""Tests of these folders wait for nothing that another test could take from them."""

ALONE = frozenset({"alone", "model", "browser", "gpu", "slow", "long", "full_stats"})
"""Marks of tests that need the whole machine, wherever they stand."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what may run beside others (``make quick``, the first part of ``make test``)."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if not marks & ALONE and any(item.path.is_relative_to(home) for home in SIDE_BY_SIDE):
            item.add_marker("parallel")


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
