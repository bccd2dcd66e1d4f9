"""Providers' token counts, put into disjoint buckets.

Every protocol counts differently, and summing the wrong fields is the commonest money bug of the
field: OpenAI's ``prompt_tokens`` *includes* cached tokens and its ``completion_tokens`` *includes*
reasoning; Anthropic's ``input_tokens`` *excludes* cache reads and writes; Gemini's
``promptTokenCount`` includes cached tokens while ``candidatesTokenCount`` excludes thoughts. One
function per protocol turns the raw object into :class:`claimbench.types.Usage`, whose buckets never
overlap, and checks it against every total the provider states.

Rules common to all:

* absent usage (``None``, ``{}``, or no token field at all) is ``Usage(source="unknown")``: unknown,
  never 0; so is one whose counts are all 0, which no request can have: gateways send it where they
  did not count;
* a field the provider did not report is ``None`` in its bucket; its tokens, if any, are then inside
  the wider bucket (fresh input, visible output), which prices it at the dearer, undiscounted rate;
* usage that contradicts itself raises :class:`claimbench.errors.MalformedStream`. Readers of
  answers catch it: the answer stands, its usage is unknown, and it is said;
* a count that cannot be (no prompt has 0 tokens) is unknown:
  :mod:`claimbench.provider.believable` compares counts with what was sent and received.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from claimbench.errors import MalformedStream
from claimbench.provider.plain_usage import plain_openai
from claimbench.types import Json, Usage

UNKNOWN = Usage(source="unknown")
"""What absent usage means."""

HOSTS_HIDING_REASONING = ("generativelanguage.googleapis.com", "aiplatform.googleapis.com")
"""OpenAI-compatible endpoints that leave thinking out of ``completion_tokens`` but in
``total_tokens``.
"""


def normalise_openai(raw: Json, *, hidden_reasoning: bool = False) -> Usage:
    """Put chat-completions or Responses usage of OpenAI and compatible servers into disjoint
    buckets.

    Understands ``prompt_tokens``/``completion_tokens`` and ``input_tokens``/``output_tokens`` with
    their ``_details``; DeepSeek's ``prompt_cache_hit_tokens``/``_miss_``; OpenRouter's and Azure's
    ``cache_write_tokens`` (inside the prompt tokens; priced as a 5-minute write, the only kind
    these report); Qwen's explicit caches (``cache_creation_input_tokens``, ``cache_creation`` by
    lifetime, reads under ``cache_type: ephemeral`` as a fee of their own: their rate is not that of
    implicit hits); Moonshot's top-level ``cached_tokens``; and servers (xAI, several Gemini
    gateways) whose completion excludes reasoning, told by ``total = prompt + completion +
    reasoning``.

    Args:
        raw: the provider's object: a mapping, an SDK model with ``model_dump()``, or None.
        hidden_reasoning: the endpoint is known (:func:`hides_reasoning`) to count thinking in
            ``total_tokens`` only; the gap is then reasoning. Without this a gap is a contradiction.

    Raises:
        MalformedStream: the numbers contradict each other.
    """
    plain = plain_openai(raw)
    if plain is not None:
        return plain
    data = _mapping(raw)
    prompt = _first(data, "prompt_tokens", "input_tokens")
    completion = _first(data, "completion_tokens", "output_tokens")
    if data is None or _says_nothing(data):
        return UNKNOWN
    if prompt is None and completion is None:
        if _count(data, "total_tokens"):
            raise _contradiction(data, "it states a total, and neither input nor output tokens")
        return UNKNOWN
    details_in = _sub(data, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    details_out = _sub(
        data, "completion_tokens_details", "output_tokens_details", "output_token_details"
    )
    total = _count(data, "total_tokens")
    reasoning = _agreed(
        data,
        (_count(details_out, "reasoning_tokens"), _count(data, "reasoning_tokens")),
        "reasoning",
    )
    completion = _derive(data, completion, total, prompt)
    visible, reasoning = _openai_output(
        data, prompt, completion, reasoning, total, hidden_reasoning
    )
    audio_out = _count(details_out, "audio_tokens")
    cached = _openai_cached(data, details_in, prompt)
    written, written_1h, explicit = _openai_written(data, details_in)
    image, audio = _count(details_in, "image_tokens"), _count(details_in, "audio_tokens")
    # Which modality was cached decides the price; chat completions do not say, so the split is
    # unknown.
    mixed = cached and (image or audio)
    parts = (cached, written, written_1h, image, audio)
    fresh = None if mixed else _minus(data, "prompt tokens", prompt, *parts)
    fees: list[tuple[str, int]] = []
    if audio_out:
        fees.append(("output_audio_tokens", audio_out))
    if explicit and cached:
        fees.append(("explicit_cache_read_tokens", cached))
        cached = None
    return Usage(
        input_fresh=fresh,
        cache_read=cached,
        cache_write_5m=written,
        cache_write_1h=written_1h,
        output_visible=_minus(data, "output tokens", visible, audio_out),
        output_reasoning=reasoning,
        image=image,
        audio=audio,
        fees=tuple(fees),
    )


def normalise_anthropic(raw: Json) -> Usage:
    """Put Anthropic Messages usage into disjoint buckets: ``input_tokens`` excludes both cache
    classes, thinking is inside ``output_tokens``.

    ``cache_creation`` splits writes by lifetime; without the split they are 5-minute writes, the
    API's default. ``server_tool_use`` counts become fees. In a stream, merge the ``message_start``
    and ``message_delta`` usages first (:func:`merge_anthropic`): the output count of the former is
    a placeholder.

    Raises:
        MalformedStream: the numbers contradict each other.
    """
    data = _mapping(raw)
    if (
        data is None
        or (data.get("input_tokens") is None and data.get("output_tokens") is None)
        or _says_nothing(data)
    ):
        return UNKNOWN
    written = _count(data, "cache_creation_input_tokens")
    split = _sub(data, "cache_creation")
    short, long = (
        _count(split, "ephemeral_5m_input_tokens"),
        _count(split, "ephemeral_1h_input_tokens"),
    )
    if short is None and long is None:
        short = written
    elif written is not None and written != (short or 0) + (long or 0):
        raise _contradiction(
            data,
            f"cache writes {written} are not the sum of {short or 0} (5m) and {long or 0} (1h)",
        )
    fresh = _count(data, "input_tokens")
    cached = _count(data, "cache_read_input_tokens")
    output = _count(data, "output_tokens")
    thinking = _count(_sub(data, "output_tokens_details"), "thinking_tokens")
    tools = _sub(data, "server_tool_use") or {}
    fees = tuple((name, count) for name in sorted(tools) if (count := _count(tools, name)))
    return Usage(
        input_fresh=fresh,
        cache_read=cached,
        cache_write_5m=short,
        cache_write_1h=long,
        output_visible=_minus(data, "output tokens", output, thinking),
        output_reasoning=thinking,
        fees=fees,
    )


def merge_anthropic(start: Json, delta: Json) -> dict[str, Json]:
    """Merge into one the usages of a stream's ``message_start`` and ``message_delta``: later
    non-null fields win (cumulative).
    """
    merged = dict(_mapping(start) or {})
    merged.update({k: v for k, v in (_mapping(delta) or {}).items() if v is not None})
    return merged


def normalise_gemini(raw: Json) -> Usage:
    """Put Gemini ``usageMetadata`` into disjoint buckets: the prompt includes cached tokens,
    candidates exclude thoughts, tool use is extra.

    Protocol buffers drop zeros: with a ``totalTokenCount`` a missing ``candidatesTokenCount`` is
    what remains of it.

    Raises:
        MalformedStream: the numbers contradict each other.
    """
    data = _mapping(raw)
    if data is None or (
        data.get("promptTokenCount") is None and data.get("totalTokenCount") is None
    ):
        return UNKNOWN
    if _says_nothing(data):
        return UNKNOWN
    prompt = _count(data, "promptTokenCount")
    cached = _count(data, "cachedContentTokenCount")
    thoughts, tool = _count(data, "thoughtsTokenCount"), _count(data, "toolUsePromptTokenCount")
    candidates, total = _count(data, "candidatesTokenCount"), _count(data, "totalTokenCount")
    if candidates is None and total is not None and prompt is not None:
        candidates = _minus(data, "total tokens", total, prompt, thoughts, tool)
    elif total is not None and prompt is not None and candidates is not None:
        known = prompt + candidates + (thoughts or 0)
        # Tool-use tokens are in the total at one of Google's two endpoints and not at the other;
        # both are consistent.
        if total not in (known, known + (tool or 0)):
            raise _contradiction(
                data, f"total {total} is not the sum of its parts, {known + (tool or 0)}"
            )
    image, audio = _gemini_modalities(data, "promptTokensDetails")
    # Which modality was cached decides the price.
    known_split, image, audio = _gemini_fresh(data, cached, image, audio)
    fresh = _minus(data, "prompt tokens", prompt, cached, image, audio) if known_split else None
    out_image, out_audio = _gemini_modalities(data, "candidatesTokensDetails")
    fees = tuple(
        (n, c)
        for n, c in (("output_audio_tokens", out_audio), ("output_image_tokens", out_image))
        if c
    )
    return Usage(
        input_fresh=fresh,
        cache_read=cached,
        output_visible=_minus(data, "candidate tokens", candidates, out_image, out_audio),
        output_reasoning=thoughts,
        image=image,
        audio=audio,
        tool_use_input=tool,
        fees=fees,
    )


def hides_reasoning(base_url: str | None) -> bool:
    """Return True if the OpenAI-compatible endpoint is known to count thinking in ``total_tokens``
    only.
    """
    host = urlsplit(base_url or "").hostname or ""
    return any(host == known or host.endswith("-" + known) for known in HOSTS_HIDING_REASONING)


LONGEST_AMOUNT = 400
"""Characters of an amount that are read."""
LARGEST_AMOUNT = Decimal(10) ** 30
"""What is larger counts as this, with which one can still reckon; nobody believes either."""
TICKS_PER_USD = Decimal(10) ** 10
"""xAI bills in ticks: https://docs.x.ai/developers/cost-tracking."""


def billed_usd(raw: Json) -> Decimal | None:
    """Read the dollars that the provider says it charged; None where it does not say.

    OpenRouter's ``cost`` is the whole charge; ``cost_details.upstream_inference_cost`` is part of
    it - except with one's own key (``is_byok``), where ``cost`` is OpenRouter's fee alone and the
    upstream charge comes on top (inspect_ai #4739, preloop #224). Perplexity's ``cost`` is an
    object with a ``total_cost``; xAI counts ``cost_in_usd_ticks``.

    Raises:
        MalformedStream: an amount that is negative or no number.
    """
    data = _mapping(raw)
    if data is None:
        return None
    stated = _stated_usd(data)
    return Decimal(0) if stated is not None and stated < LEAST_USD else stated


LEAST_USD = 1 / TICKS_PER_USD
"""A smaller charge is none: no vendor counts in a smaller unit."""


def _stated_usd(data: Mapping[str, Json]) -> Decimal | None:
    if data.get("cost_in_usd_ticks") is not None:
        return _amount(data, data["cost_in_usd_ticks"]) / TICKS_PER_USD
    cost = data.get("cost")
    if isinstance(cost, Mapping):
        total = next((cost[key] for key in ("total_cost", "total") if cost.get(key)), None)
        return None if total is None else _amount(data, total)
    if cost is None:
        return None
    amount = _amount(data, cost)
    if data.get("is_byok") is not True:
        return amount
    upstream = (_sub(data, "cost_details") or {}).get("upstream_inference_cost")
    return None if upstream is None else amount + _amount(data, upstream)


def _openai_output(
    data: Mapping[str, Json],
    prompt: int | None,
    completion: int | None,
    reasoning: int | None,
    total: int | None,
    hidden_reasoning: bool,
) -> tuple[int | None, int | None]:
    """Return (visible, reasoning) output; decide whether ``completion`` holds the reasoning by the
    stated total.
    """
    if completion is None:
        return None, reasoning
    gap = total - prompt - completion if total is not None and prompt is not None else 0
    if gap == 0:
        return _minus(data, "completion tokens", completion, reasoning), reasoning
    if gap == reasoning:
        return completion, reasoning
    if hidden_reasoning and reasoning is None and gap > 0:
        return completion, gap
    raise _contradiction(
        data,
        f"total {total} is not prompt {prompt} + completion {completion}"
        + (f" (+ reasoning {reasoning})" if reasoning is not None else ""),
    )


def _openai_cached(
    data: Mapping[str, Json], details: Mapping[str, Json] | None, prompt: int | None
) -> int | None:
    hit, miss = _count(data, "prompt_cache_hit_tokens"), _count(data, "prompt_cache_miss_tokens")
    if hit is not None and miss is not None and prompt is not None and hit + miss != prompt:
        raise _contradiction(data, f"cache hit {hit} + miss {miss} is not prompt {prompt}")
    return _agreed(
        data, (_count(details, "cached_tokens"), hit, _count(data, "cached_tokens")), "cached"
    )


def _openai_written(
    data: Mapping[str, Json], details: Mapping[str, Json] | None
) -> tuple[int | None, int | None, bool]:
    """Return (5-minute writes, 1-hour writes, whether the cache is an explicit one)."""
    stated = _first(
        details, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"
    )
    if stated is None:
        stated = _count(data, "cache_creation_input_tokens")
    split = _sub(details, "cache_creation") or _sub(data, "cache_creation")
    short = _count(split, "ephemeral_5m_input_tokens")
    long = _count(split, "ephemeral_1h_input_tokens")
    kind = (details or {}).get("cache_type") or data.get("cache_type")
    explicit = isinstance(kind, str) and kind.lower() in ("ephemeral", "explicit")
    if short is None and long is None:
        return stated, None, explicit
    if stated is not None and stated != (short or 0) + (long or 0):
        raise _contradiction(data, f"cache writes {stated} are not the sum of their lifetimes")
    return short, long, explicit


def _gemini_modalities(data: Mapping[str, Json], key: str) -> tuple[int | None, int | None]:
    """Return (image, audio) tokens of a modality list; documents and video frames are billed as
    images.
    """
    rows = data.get(key)
    if not isinstance(rows, list):
        return None, None
    sums = {"image": 0, "audio": 0}
    for row in rows:
        modality = str(row.get("modality", "")).upper()
        bucket = {"AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "image"}.get(
            modality
        )
        if bucket:
            sums[bucket] += _count(row, "tokenCount") or 0
    return sums["image"] or None, sums["audio"] or None


def _gemini_fresh(
    data: Mapping[str, Json], cached: int | None, image: int | None, audio: int | None
) -> tuple[bool, int | None, int | None]:
    """Return whether the uncached tokens are known by modality, and those of images and audio.

    ``cacheTokensDetails`` says what was cached. Cached images or audio may have rates of their own,
    so that only a cache of text leaves the split known.
    """
    if not cached or not (image or audio):
        return True, image, audio
    rows = data.get("cacheTokensDetails")
    if not isinstance(rows, list) or not rows:
        return False, image, audio
    stated = 0
    for row in rows:
        stated += _count(row, "tokenCount") or 0
    cached_image, cached_audio = _gemini_modalities(data, "cacheTokensDetails")
    return stated == cached and not (cached_image or cached_audio), image, audio


def _derive(
    data: Mapping[str, Json], completion: int | None, total: int | None, prompt: int | None
) -> int | None:
    """Infer the completion where only prompt and total are stated; unknown where the total is
    missing too.
    """
    if completion is None and total is not None and prompt is not None:
        return _minus(data, "total tokens", total, prompt)
    return completion


def _agreed(data: Mapping[str, Json], values: tuple[int | None, ...], what: str) -> int | None:
    """Return the one number that several fields state; two different ones are a contradiction."""
    known = sorted({v for v in values if v is not None})
    if len(known) > 1:
        raise _contradiction(data, f"two different counts of {what} tokens: {known}")
    return known[0] if known else None


def _minus(
    data: Mapping[str, Json], what: str, whole: int | None, *parts: int | None
) -> int | None:
    """Return ``whole`` less its parts; unknown stays unknown, and a part larger than the whole is a
    contradiction.
    """
    if whole is None:
        return None
    rest = whole - sum(p or 0 for p in parts)
    if rest < 0:
        raise _contradiction(
            data, f"{what} {whole} are fewer than their parts, {sum(p or 0 for p in parts)}"
        )
    return rest


def _says_nothing(data: Mapping[str, Json]) -> bool:
    """Return True if every count that is stated is 0."""
    for value in data.values():
        if isinstance(value, str):
            if value.strip().isdigit() and int(value[:20]):
                return False
        elif value and isinstance(value, int | float) and not isinstance(value, bool):
            return False
    return True


def _mapping(raw: Json) -> Mapping[str, Json] | None:
    if raw is None:
        return None
    if hasattr(raw, "model_dump"):
        raw = raw.model_dump()
    if not isinstance(raw, Mapping):
        raise MalformedStream(f"usage is not an object: {raw!r:.200}", billable="yes")
    return raw


def _sub(data: Mapping[str, Json] | None, *keys: str) -> Mapping[str, Json] | None:
    for key in keys:
        found: Any = None if data is None else data.get(key)
        if found is not None and isinstance(found, Mapping):
            return found
    return None


def _first(data: Mapping[str, Json] | None, *keys: str) -> int | None:
    for key in keys:
        value = _count(data, key)
        if value is not None:
            return value
    return None


def _count(data: Mapping[str, Json] | None, key: str) -> int | None:
    value: Any = None if data is None else data.get(key)
    if value is None or (type(value) is int and value >= 0):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value[:20])
    whole = type(value) is int or (type(value) is float and value.is_integer())
    if not whole or value < 0:
        raise MalformedStream(
            f"usage field {key!r} is not a token count: {value!r:.100}", billable="yes"
        )
    return int(value)


def _amount(data: Mapping[str, Json], value: Json) -> Decimal:
    try:
        amount = Decimal(str(value)[:LONGEST_AMOUNT])
    except InvalidOperation:
        raise _contradiction(data, f"cost {value!r:.100} is not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise _contradiction(data, f"cost {value!r:.100} is not an amount")
    return min(amount, LARGEST_AMOUNT)


def _contradiction(data: Mapping[str, Json], what: str) -> MalformedStream:
    return MalformedStream(
        f"the provider's usage contradicts itself: {what}; raw usage {dict(data)!r:.500}",
        hint=(
            "The answer is kept, but its cost is unknown. Report this usage object to the provider."
        ),
        billable="yes",
    )
