"""Usage normalisation: one invariant per protocol - the buckets are disjoint and add up to the
provider's totals.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from claimbench.errors import MalformedStream
from claimbench.provider import usage as u
from claimbench.types import Outcome, Usage

TOKENS = st.integers(min_value=0, max_value=2_000_000)


@settings(max_examples=60, deadline=None)
@given(
    fresh=TOKENS,
    cached=TOKENS,
    written=TOKENS,
    visible=TOKENS,
    reasoning=TOKENS,
    responses=st.booleans(),
)
def test_openai_buckets_sum_to_prompt_and_completion(
    fresh, cached, written, visible, reasoning, responses
):
    prompt, completion = fresh + cached + written, visible + reasoning
    i, o = ("input", "output") if responses else ("prompt", "completion")
    raw = {
        f"{i}_tokens": prompt,
        f"{o}_tokens": completion,
        "total_tokens": prompt + completion,
        f"{i}_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        f"{o}_tokens_details": {"reasoning_tokens": reasoning},
    }
    assume(prompt or completion)
    got = u.normalise_openai(raw)
    assert (got.input_total, got.output_total) == (prompt, completion)
    assert (got.input_fresh, got.cache_read, got.cache_write_5m) == (fresh, cached, written)
    assert (got.output_visible, got.output_reasoning) == (visible, reasoning)
    assert got.source == "provider"


@settings(max_examples=60, deadline=None)
@given(fresh=TOKENS, read=TOKENS, short=TOKENS, long=TOKENS, visible=TOKENS, thinking=TOKENS)
def test_anthropic_input_excludes_caches_and_output_includes_thinking(
    fresh, read, short, long, visible, thinking
):
    raw = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": visible + thinking,
        "output_tokens_details": {"thinking_tokens": thinking},
    }
    assume(any((fresh, read, short, long, visible, thinking)))
    got = u.normalise_anthropic(raw)
    assert got.input_total == fresh + read + short + long
    assert (got.input_fresh, got.cache_write_5m, got.cache_write_1h) == (fresh, short, long)
    assert (got.output_visible, got.output_reasoning) == (visible, thinking)


@settings(max_examples=60, deadline=None)
@given(
    fresh=TOKENS,
    cached=TOKENS,
    answer=TOKENS,
    thoughts=TOKENS,
    tool=TOKENS,
    tool_in_total=st.booleans(),
)
def test_gemini_prompt_includes_cache_and_candidates_exclude_thoughts(
    fresh, cached, answer, thoughts, tool, tool_in_total
):
    raw = {
        "promptTokenCount": fresh + cached,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": answer,
        "thoughtsTokenCount": thoughts,
        "toolUsePromptTokenCount": tool,
        "totalTokenCount": fresh + cached + answer + thoughts + (tool if tool_in_total else 0),
    }
    assume(any((fresh, cached, answer, thoughts, tool)))
    got = u.normalise_gemini(raw)
    assert (got.input_fresh, got.cache_read, got.tool_use_input) == (fresh, cached, tool)
    assert (got.output_visible, got.output_reasoning) == (answer, thoughts)
    assert got.input_total == fresh + cached + tool
    assert got.output_total == answer + thoughts


@pytest.mark.parametrize(
    "normalise",
    [u.normalise_openai, u.normalise_anthropic, u.normalise_gemini],
)
@pytest.mark.parametrize("raw", [None, {}, {"service_tier": "default"}])
def test_absent_usage_is_unknown_never_zero(normalise, raw):
    got = normalise(raw)
    assert got == Usage(source="unknown")
    assert got.input_total is None
    assert got.output_total is None


@pytest.mark.parametrize(("normalise", "raw"), [
    (u.normalise_openai, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
    (u.normalise_openai, {"input_tokens": 0, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 0}),
    (u.normalise_anthropic, {"input_tokens": 0, "output_tokens": 0}),
    (u.normalise_gemini, {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}),
])  # fmt: skip
def test_counts_of_nothing_are_unknown(normalise, raw):
    assert normalise(raw) == Usage(source="unknown")


def test_unreported_details_are_none_not_zero():
    got = u.normalise_openai({"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17})
    assert (got.cache_read, got.output_reasoning, got.image, got.audio) == (None, None, None, None)
    assert (got.input_total, got.output_total) == (12, 5)


def test_deepseek_hit_and_miss():
    raw = {
        "prompt_tokens": 100,
        "completion_tokens": 7,
        "prompt_cache_hit_tokens": 64,
        "prompt_cache_miss_tokens": 36,
    }
    got = u.normalise_openai(raw)
    assert (got.input_fresh, got.cache_read) == (36, 64)
    with pytest.raises(MalformedStream, match=r"cache hit 64 \+ miss 30 is not prompt 100"):
        u.normalise_openai(raw | {"prompt_cache_miss_tokens": 30})
    with pytest.raises(MalformedStream, match=r"two different counts of cached tokens: \[60, 64\]"):
        u.normalise_openai(raw | {"prompt_tokens_details": {"cached_tokens": 60}})


def test_moonshot_top_level_cached_tokens():
    got = u.normalise_openai({"prompt_tokens": 50, "completion_tokens": 1, "cached_tokens": 20})
    assert (got.input_fresh, got.cache_read) == (30, 20)


def test_xai_completion_excludes_reasoning_and_the_total_tells():
    raw = {
        "prompt_tokens": 10,
        "completion_tokens": 3,
        "total_tokens": 113,
        "completion_tokens_details": {"reasoning_tokens": 100},
    }
    got = u.normalise_openai(raw)
    assert (got.output_visible, got.output_reasoning, got.output_total) == (3, 100, 103)


def test_gemini_compat_gap_is_reasoning_only_where_the_endpoint_is_known():
    """mozilla-ai/any-llm#1290: prompt 20 + completion 198 != total 623, the rest is thinking."""
    raw = {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}
    with pytest.raises(MalformedStream, match="total 623 is not prompt 20"):
        u.normalise_openai(raw)
    hidden = u.hides_reasoning("https://generativelanguage.googleapis.com/v1beta/openai/")
    got = u.normalise_openai(raw, hidden_reasoning=hidden)
    assert (got.output_visible, got.output_reasoning) == (198, 405)
    assert u.hides_reasoning("https://europe-west1-aiplatform.googleapis.com/v1/x")
    assert not u.hides_reasoning("https://api.openai.com/v1")
    assert not u.hides_reasoning("https://evil-generativelanguage.googleapis.com.example.org")
    assert not u.hides_reasoning(None)


def test_gemini_thinking_without_visible_candidate():
    """router-for-me/CLIProxyAPI#5733: no candidatesTokenCount at all when thinking ate the budget."""
    got = u.normalise_gemini(
        {"promptTokenCount": 21, "thoughtsTokenCount": 60, "totalTokenCount": 81}
    )
    assert (got.output_visible, got.output_reasoning) == (0, 60)
    assert u.normalise_gemini({"promptTokenCount": 21}).output_total is None


@pytest.mark.parametrize(
    "raw",
    [
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 99},
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 11},
        },
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "completion_tokens_details": {"reasoning_tokens": 6},
        },
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": True, "completion_tokens": 5},
        {"prompt_tokens": "ten", "completion_tokens": 5},
        {"prompt_tokens": 10.5, "completion_tokens": 5},
        {"prompt_tokens": float("nan"), "completion_tokens": 5},
        {"prompt_tokens": float("inf"), "completion_tokens": 5},
        {"prompt_tokens": 10, "total_tokens": 5},
        {"total_tokens": 23},
        [1, 2],
    ],
)
def test_contradictory_openai_usage_is_an_error_on_that_call(raw):
    with pytest.raises(MalformedStream) as caught:
        u.normalise_openai(raw)
    assert caught.value.outcome is Outcome.MALFORMED_STREAM
    assert caught.value.billable == "yes"


@pytest.mark.parametrize(
    ("normalise", "raw"),
    [
        (
            u.normalise_anthropic,
            {
                "input_tokens": 1,
                "output_tokens": 1,
                "cache_creation_input_tokens": 10,
                "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 4},
            },
        ),
        (
            u.normalise_anthropic,
            {
                "input_tokens": 1,
                "output_tokens": 3,
                "output_tokens_details": {"thinking_tokens": 4},
            },
        ),
        (
            u.normalise_gemini,
            {"promptTokenCount": 5, "candidatesTokenCount": 5, "totalTokenCount": 12},
        ),
        (
            u.normalise_gemini,
            {"promptTokenCount": 5, "cachedContentTokenCount": 6, "candidatesTokenCount": 1},
        ),
        (u.normalise_gemini, {"promptTokenCount": 9, "totalTokenCount": 5}),
    ],
)
def test_contradictory_usage_of_other_protocols(normalise, raw):
    with pytest.raises(MalformedStream, match="contradicts itself"):
        normalise(raw)


def test_anthropic_stream_merge_takes_the_final_output_count():
    start = {"input_tokens": 25, "cache_read_input_tokens": 10, "output_tokens": 1}
    delta = {"output_tokens": 15, "cache_read_input_tokens": None}
    got = u.normalise_anthropic(u.merge_anthropic(start, delta))
    assert (got.input_fresh, got.cache_read, got.output_total) == (25, 10, 15)


def test_server_tools_become_fees():
    raw = {
        "input_tokens": 5,
        "output_tokens": 5,
        "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 0},
    }
    assert u.normalise_anthropic(raw).fees == (("web_search_requests", 3),)


def test_audio_and_image_leave_the_fresh_bucket():
    raw = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "prompt_tokens_details": {"audio_tokens": 30, "image_tokens": 10},
        "completion_tokens_details": {"audio_tokens": 5},
    }
    got = u.normalise_openai(raw)
    assert (got.input_fresh, got.audio, got.image, got.input_total) == (60, 30, 10, 100)
    assert (got.output_visible, got.fees) == (15, (("output_audio_tokens", 5),))
    cached = raw | {"prompt_tokens_details": {"audio_tokens": 30, "cached_tokens": 40}}
    assert u.normalise_openai(cached).input_fresh is None


def test_gemini_modalities():
    raw = {
        "promptTokenCount": 300,
        "candidatesTokenCount": 4,
        "totalTokenCount": 304,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 42},
            {"modality": "IMAGE", "tokenCount": 258},
        ],
    }
    got = u.normalise_gemini(raw)
    assert (got.input_fresh, got.image, got.audio) == (42, 258, None)


def test_billed_cost_openrouter():
    """preloop/preloop#224: the same figure twice on a normal request; inspect_ai #4739: BYOK adds
    the upstream.
    """
    same = {"cost": 0.000001979964, "cost_details": {"upstream_inference_cost": 0.000001979964}}
    assert u.billed_usd(same) == Decimal("0.000001979964")
    byok = {"cost": 0.0001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.002}}
    assert u.billed_usd(byok) == Decimal("0.0021")
    assert u.billed_usd({"cost": 0.0001, "is_byok": True}) is None
    assert u.billed_usd({"prompt_tokens": 1}) is None
    assert u.billed_usd(None) is None
    assert u.billed_usd({"cost": 0}) == 0
    for bad in ("abc", -1, float("nan")):
        with pytest.raises(MalformedStream):
            u.billed_usd({"cost": bad})


def test_sdk_objects_are_read_through_model_dump():
    class Sdk:
        def model_dump(self):
            return {
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "total_tokens": 5,
                "prompt_tokens_details": None,
            }

    assert u.normalise_openai(Sdk()).input_total == 3
