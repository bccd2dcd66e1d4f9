"""Tokens of classes that a request cannot have: marked as its answer comes, and read both ways as
it is priced.

A vendor says itself in which class each token stands, and some classes are cheaper than others. A
request of text alone has no tokens of pictures or sound, and one that asks for no cache writes
none; where its vendor says otherwise, the total stands and its parting does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from claimbench.pricing.bounds.request_bound import added_classes
from claimbench.types import DOUBTED, INPUT_FEES, OUTPUT_FEES, Arm, Attempt, Cost, Usage

TEXT_ALONE = frozenset({
    "anthropic", "azure", "bedrock", "cohere", "compatible", "dashscope", "deepseek", "fireworks",
    "gemini", "groq", "huggingface", "litellm", "llama_server", "mistral", "moonshot", "ollama",
    "openai", "openrouter", "qianfan", "sglang", "tgi", "together", "vertex", "vllm", "volcengine",
    "xai",
})  # fmt: skip
"""Providers of ours that send text and tools, and beside them what their arm adds; others may send
what they like.
"""
WRITES = ("cache_write_5m", "cache_write_1h")
INPUT = ("image", "audio", "tool_use_input", *WRITES)
_CLASS_OF = {name: name.removesuffix("_tokens") for name in OUTPUT_FEES}
OUTPUT = "output"


def doubt(arm: Arm, attempt: Attempt) -> tuple[Attempt, str | None]:
    """Mark what of an attempt's usage no request of the arm has, and return what is to be said of
    it; cache writes are marked alone, for most vendors write caches by themselves and ask more.
    """
    usage = attempt.usage
    if usage is None or usage.source != "provider" or arm.provider not in TEXT_ALONE:
        return attempt, None
    found = _unasked(arm, usage)
    if not found:
        return attempt, None
    marks = tuple((f"{DOUBTED}{name}", n) for name, n in found.items())
    marked = replace(attempt, usage=replace(usage, fees=(*usage.fees, *marks)))
    told = [f"{n} tokens of {name}" for name, n in found.items() if name not in WRITES]
    if not told:
        return marked, None
    return marked, (
        f"usage that cannot be: {' and '.join(told)} for a request that has none; where they have"
        " a price of their own, the bill has two ends"
    )


def _unasked(arm: Arm, usage: Usage) -> dict[str, int]:
    stated = {name: getattr(usage, name) or 0 for name in INPUT}
    fees = dict(usage.fees)
    stated |= {name: fees.get(name, 0) for name in (*INPUT_FEES, *OUTPUT_FEES)}
    if not any(stated.values()):
        return {}
    added = added_classes(arm)
    if added.open:
        return {}
    asked = {name for name in stated if _CLASS_OF.get(name, name) in added.classes}
    if added.caches:
        asked |= {*WRITES, *INPUT_FEES}
    return {name: n for name, n in stated.items() if n and name not in asked}


def cost_of_doubted(usage: Usage, price: Callable[[Usage], Cost]) -> Cost:
    """Price a usage of which classes are in doubt: the amount where it is the same for every
    reading, else what it lies between. ``price``: of a usage without doubts.
    """
    writes = [name for name in usage.doubted if name in WRITES]
    found: list[Cost] = []
    for reading in _readings(usage):
        stated = price(reading)
        plain = price(_fresh(reading, writes)) if writes else stated
        found.append(stated)
        if not _no_dearer(plain, stated):
            found.append(plain)
    first = found[0]
    amounts = {one.amount for one in found}
    if len(amounts) == 1 and None not in amounts:
        return first
    unknown = next((one for one in found if one.amount is None and one.high is None), None)
    if unknown is not None:
        return unknown
    low, high = min(_ends(found, 0)), max(_ends(found, 1))
    names = ", ".join(usage.doubted)
    why = f"the usage puts tokens into classes that the request cannot have ({names})"
    if usage.doubted == (OUTPUT,):
        why = "the usage parts visible output and reasoning as the texts cannot be"
    return replace(first, amount=None, low=low, high=high, components={}, why_unknown=why)


def _readings(usage: Usage) -> Iterator[Usage]:
    """Yield the usage as it is stated, and in each other way but those of cache writes; without
    marks.
    """
    doubts = [name for name in usage.doubted if name not in WRITES]
    told = replace(usage, fees=tuple(fee for fee in usage.fees if not fee[0].startswith(DOUBTED)))
    readings = [told]
    for name in doubts:
        if name == OUTPUT:
            readings += [other for one in readings for other in _other_outputs(one)]
        else:
            readings += [_fresh(one, [name]) for one in readings]
    yield from readings


def _other_outputs(usage: Usage) -> tuple[Usage, ...]:
    total = usage.output_total
    return (
        replace(usage, output_visible=total, output_reasoning=0),
        replace(usage, output_visible=0, output_reasoning=total),
    )


def _fresh(usage: Usage, names: Iterable[str]) -> Usage:
    """Return the usage with the tokens of these classes as plain input, or as visible output."""
    fees = dict(usage.fees)
    for name in names:
        if name in INPUT:
            moved = getattr(usage, name) or 0
            gone: dict[str, Any] = {name: None}
            usage = replace(usage, **gone)
        else:
            moved = fees.pop(name, 0)
            usage = replace(usage, fees=tuple(fees.items()))
        if name in OUTPUT_FEES:
            visible = usage.output_visible
            usage = replace(usage, output_visible=None if visible is None else visible + moved)
        elif usage.input_fresh is not None:
            usage = replace(usage, input_fresh=usage.input_fresh + moved)
    return usage


def _no_dearer(plain: Cost, stated: Cost) -> bool:
    return plain is stated or (
        plain.amount is not None and stated.amount is not None and plain.amount <= stated.amount
    )


def _ends(costs: Iterable[Cost], end: int) -> list[Decimal]:
    found = (
        cost.amount if cost.amount is not None else (cost.low, cost.high)[end] for cost in costs
    )
    return [one for one in found if one is not None]
