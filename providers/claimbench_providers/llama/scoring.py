"""Log-probabilities of continuations after one shared prefix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claimbench.errors import BadRequest
from claimbench.provider.contract import ContinuationScore
from claimbench_providers.llama.engine import Engine
from claimbench_providers.llama.prefix import common_length
from claimbench_providers.llama.sampling import Logits

SLOT_KEY = "\x00loglikelihood"


def encode_pair(engine: Engine, prefix: str, continuation: str) -> tuple[list[int], int]:
    """Tokens of ``prefix + continuation``, and how many of them come before the first scored one.

    The texts are tokenized together, as the model would have seen them in training; white space at
    the end of the prefix goes to the continuation (lm-eval's rule), because tokens carry the space
    before a word. Where a token straddles the border it is scored. At least one token always
    precedes: the model's opening token if need be.
    """
    body = prefix.rstrip()
    context = engine.tokenize(body, add_special=True, parse_special=False)
    whole = engine.tokenize(
        body + prefix[len(body) :] + continuation, add_special=True, parse_special=False
    )
    border = common_length(context, whole)
    if border == 0:
        start = engine.bos if engine.bos >= 0 else engine.eos
        return [start, *whole], 1
    return whole, border


def score(engine: Engine, prefix: str, continuations: Sequence[str]) -> list[ContinuationScore]:
    """Sum of natural-log probabilities of each continuation, and whether greedy decoding would
    write it.

    The shared beginning is evaluated once, in one piece, and each continuation after it in one
    piece: the result does not depend on the other continuations or on earlier calls.

    Raises:
        BadRequest: a continuation adds no token.
        ContextOverflow: prefix and continuation do not fit the context.
    """
    pairs = [encode_pair(engine, prefix, text) for text in continuations]
    if not pairs:
        return []
    for (tokens, border), text in zip(pairs, continuations, strict=True):
        if len(tokens) <= border:
            raise BadRequest(
                f"the continuation {text!r} adds no token to the prefix", billable="no"
            )
        engine.check_room(len(tokens), 0)
    shared = min(border for _, border in pairs)
    beginning = pairs[0][0][:shared]
    engine.slots.declare(SLOT_KEY, [])
    evaluated = engine.evaluate(SLOT_KEY, beginning)
    after_beginning = evaluated.logits.copy()
    scores = []
    for tokens, border in pairs:
        rest = tokens[shared:]
        if len(evaluated.slot.tokens) > shared and not engine.cut(evaluated.slot, shared):
            evaluated = engine.evaluate(SLOT_KEY, beginning)  # recurrent models cannot step back
        rows = [after_beginning]
        if len(rest) > 1:
            rows += engine.decode_rows(evaluated.slot, rest[:-1])
        skip = border - shared
        scores.append(_sum(rows[skip:], rest[skip:]))
    return scores


def _sum(rows: Sequence[Logits], tokens: Sequence[int]) -> ContinuationScore:
    total, greedy = 0.0, True
    for row, token in zip(rows, tokens, strict=True):
        logits = row.astype(np.float64)
        top = logits.max()
        total += float(logits[token] - top - np.log(np.exp(logits - top).sum()))
        greedy = greedy and int(logits.argmax()) == token
    return ContinuationScore(logprob=total, is_greedy=greedy, tokens=len(tokens))
