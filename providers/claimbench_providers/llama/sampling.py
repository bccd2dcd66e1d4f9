"""Choosing the next token: greedy or by temperature and top-p, inside a grammar if there is one.

A grammar is applied to the tokens that would be chosen, best first, and to the whole vocabulary
only if none of them fits: the same choice as applying it to all 50,000 to 150,000 tokens each step,
at a fraction of the time.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimbench.errors import BadRequest

Logits = NDArray[np.float32]
CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama.cpp's ``llama_token_data``."""

_FIRST_LOOK = 64


class GrammarCache:
    """Compiled grammars of one model, by their text; compiling one takes longer than sampling a
    label with it.
    """

    def __init__(self, low: Any, vocab: Any) -> None:
        self._low = low
        self._vocab = vocab
        self._compiled: dict[str, Any] = {}

    def clone(self, grammar: str) -> Any:
        """A fresh state of ``grammar``; the caller frees it.

        Raises:
            BadRequest: llama.cpp does not accept the grammar.
        """
        compiled = self._compiled.get(grammar)
        if compiled is None:
            compiled = self._low.llama_sampler_init_grammar(
                self._vocab, grammar.encode("utf-8"), b"root"
            )
            if not compiled:
                raise BadRequest(
                    "llama.cpp does not accept the grammar of this answer space", billable="no"
                )
            self._compiled[grammar] = compiled
        return self._low.llama_sampler_clone(compiled)

    def close(self) -> None:
        """Free every compiled grammar."""
        for compiled in self._compiled.values():
            self._low.llama_sampler_free(compiled)
        self._compiled.clear()


class Sampler:
    """One answer's sampler; ``close`` it.

    Args:
        low: the ``llama_cpp.llama_cpp`` bindings.
        temperature: 0 is greedy; else softmax temperature.
        top_p: nucleus; 1 keeps everything.
        top_k: keeps the k likeliest; 0 keeps everything.
        min_p: keeps what has at least this share of the likeliest's probability; 0 keeps
            everything.
        seed: of the draw; the same seed on the same logits draws the same token.
        grammar: a grammar state from :meth:`GrammarCache.clone`, owned from here on, or None.
    """

    def __init__(
        self,
        low: Any,
        *,
        temperature: float,
        top_p: float,
        top_k: int,
        min_p: float,
        seed: int,
        grammar: Any,
    ) -> None:
        self._low = low
        self._grammar = grammar
        self._greedy = temperature <= 0
        self._chain: Any = None
        if not self._greedy:
            chain = low.llama_sampler_chain_init(low.llama_sampler_chain_default_params())
            if top_k > 0:
                low.llama_sampler_chain_add(chain, low.llama_sampler_init_top_k(top_k))
            if top_p < 1:
                low.llama_sampler_chain_add(chain, low.llama_sampler_init_top_p(top_p, 1))
            if min_p > 0:
                low.llama_sampler_chain_add(chain, low.llama_sampler_init_min_p(min_p, 1))
            low.llama_sampler_chain_add(chain, low.llama_sampler_init_temp(temperature))
            low.llama_sampler_chain_add(chain, low.llama_sampler_init_dist(seed))
            self._chain = chain

    def sample(self, logits: Logits) -> int | None:
        """The next token; None if the grammar allows no token at all."""
        token = self._best(logits) if self._greedy else self._draw(logits)
        if token is not None and self._grammar is not None:
            self._low.llama_sampler_accept(self._grammar, token)
        return token

    def _best(self, logits: Logits) -> int | None:
        best = int(logits.argmax())
        if self._grammar is None or self._allowed(logits, np.array([best])).size:
            return best
        if logits.size > _FIRST_LOOK:
            top = np.argpartition(logits, logits.size - _FIRST_LOOK)[-_FIRST_LOOK:]
            allowed = self._allowed(logits, top)
            if allowed.size:
                # Of equal logits the lowest id, as argmax over everything would choose.
                return int(allowed[np.lexsort((allowed, -logits[allowed]))[0]])
        allowed = self._allowed(logits, np.arange(logits.size))
        return int(allowed[logits[allowed].argmax()]) if allowed.size else None

    def _draw(self, logits: Logits) -> int | None:
        token = self._from_chain(logits, np.arange(logits.size))
        if self._grammar is None or self._allowed(logits, np.array([token])).size:
            return token
        # Rejection followed by one draw inside the grammar has the distribution of drawing inside
        # it at once.
        allowed = self._allowed(logits, np.arange(logits.size))
        return self._from_chain(logits, allowed) if allowed.size else None

    def _allowed(self, logits: Logits, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        rows, array = self._array(logits, ids)
        self._low.llama_sampler_apply(self._grammar, ctypes.byref(array))
        kept = rows[: array.size]
        chosen: NDArray[np.int64] = kept["id"][kept["logit"] > -np.inf].astype(np.int64)
        return chosen

    def _from_chain(self, logits: Logits, ids: NDArray[np.int64]) -> int:
        _, array = self._array(logits, ids)
        self._low.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _array(self, logits: Logits, ids: NDArray[np.int64]) -> tuple[NDArray[np.void], Any]:
        rows: NDArray[np.void] = np.zeros(ids.size, CANDIDATE)
        rows["id"] = ids
        rows["logit"] = logits[ids]
        array = self._low.llama_token_data_array()
        array.data = rows.ctypes.data_as(ctypes.POINTER(self._low.llama_token_data))
        array.size = ids.size
        array.selected = -1
        array.sorted = False
        return rows, array

    def close(self) -> None:
        """Free the native samplers; idempotent."""
        for sampler in (self._chain, self._grammar):
            if sampler is not None:
                self._low.llama_sampler_free(sampler)
        self._chain = self._grammar = None
