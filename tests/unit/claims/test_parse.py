"""Sentences -> claims: the table of what can be read, and errors that name the nearest."""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.claims.language.nearest import UNDERSTOOD
from claimbench.claims.language.normal import light, plain
from claimbench.claims.parse import explain_text, parse_claim, parse_claims
from claimbench.claims.readings.rules import rules
from claimbench.errors import ClaimError
from claimbench.types import (
    AnswerSpec,
    Arm,
    BudgetSpec,
    Claim,
    ClaimSpec,
    ErrorPolicy,
    LoadSpec,
    Message,
    Sample,
    SamplingParams,
    Suite,
    Task,
)

QWEN = Arm("qwen-local", "llama_cpp", "qwen2.5-coder-0.5b-instruct-q4_k_m", weights="open")
SMOL = Arm("smol", "llama_cpp", "smollm2-135m", weights="open")
GPT = Arm("gpt-5-mini", "openai", "gpt-5-mini-2026-01-01", weights="proprietary")
CLAUDE = Arm("claude", "openai", "claude-x", weights="proprietary")
ARMS = (QWEN, SMOL, GPT, CLAUDE)
TASKS = tuple(
    Task(name, (Sample("1", {}, "x", "1", {"language": "de"}), Sample("2", {}, "x", "2", {"language": "en"})),
         (Message("user", ""),), (), AnswerSpec("label"), (), 4)
    for name in ("route", "extract")
)  # fmt: skip


def parse(text: str, arms: tuple[Arm, ...] = ARMS, **raw: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw, 12), arms, TASKS)


SENTENCES = [
    # text, kind, relation, threshold, precision
    ("90% cheaper", "cost", "less_by", 0.9, 0.005),
    ("is 12.5% cheaper", "cost", "less_by", 0.125, 0.0005),
    ("ninety-five per cent cheaper", "cost", "less_by", 0.95, 0.005),
    ("costs 90% less", "cost", "less_by", 0.9, 0.005),
    ("at 90% lower cost", "cost", "less_by", 0.9, 0.005),
    ("cuts costs by 90%", "cost", "less_by", 0.9, 0.005),
    ("saves 40%", "cost", "less_by", 0.4, 0.005),
    ("at a tenth of the price", "cost", "less_by", 0.9, 0.0),
    ("half the cost", "cost", "less_by", 0.5, 0.0),
    ("costs 10% of what the rival costs", "cost", "less_by", 0.9, 0.005),
    ("10x cheaper", "cost", "times_less", 10.0, 0.2),
    ("ten times cheaper", "cost", "times_less", 10.0, 0.2),
    ("2.5 times less expensive", "cost", "times_less", 2.5, 0.05),
    ("tenfold cheaper", "cost", "times_less", 10.0, 0.2),
    ("10-fold cheaper", "cost", "times_less", 10.0, 0.2),
    ("cheaper", "cost", "less", None, None),
    ("as cheap as", "cost", "as", None, None),
    ("the cheapest", "cost", "less", None, None),
    ("cheap", "cost", "at_most", None, None),
    ("under $0.50 per 1,000 requests", "cost", "at_most", 0.5, 0.0),
    ("under $0.002 per request", "cost", "at_most", 2.0, 0.0),
    ("30% more accurate", "accuracy", "more_by", 0.3, 0.005),
    ("30% better", "accuracy", "more_by", 0.3, 0.005),
    ("5 percentage points better", "accuracy", "more_by", 0.05, 0.005),
    ("20% fewer errors", "accuracy", "more_by", 0.2, 0.005),
    ("twice more accurate", "accuracy", "times_more", 2.0, 0.0),
    ("more accurate", "accuracy", "more", None, None),
    ("beats", "accuracy", "more", None, None),
    ("as accurate as", "accuracy", "as", None, None),
    ("just as good", "accuracy", "as", None, None),
    ("on par with", "accuracy", "as", None, None),
    ("no worse than", "accuracy", "as", None, None),
    ("caught up", "accuracy", "caught_up", None, None),
    ("caught up with or surpassed", "accuracy", "caught_up", None, None),
    ("closed the gap", "accuracy", "caught_up", None, None),
    ("the best", "accuracy", "more", None, None),
    ("good", "accuracy", "at_least", None, None),
    ("at least 80% accurate", "accuracy", "at_least", 0.8, 0.0),
    ("faster", "latency", "less", None, None),
    ("faster at p95", "latency", "less", None, None),
    ("30% faster", "latency", "less_by", 0.3, 0.005),
    ("30% lower latency", "latency", "less_by", 0.3, 0.005),
    ("2x faster", "latency", "times_less", 2.0, 0.04),
    ("twice as fast", "latency", "times_less", 2.0, 0.0),
    ("as fast as", "latency", "as", None, None),
    ("the fastest", "latency", "less", None, None),
    ("fast", "latency", "at_most", None, None),
    ("low latency", "latency", "at_most", None, None),
    ("ttft p95 under 450 ms", "latency", "at_most", 0.45, 0.0),
    ("answers within 2 seconds", "latency", "at_most", 2.0, 0.0),
]


@pytest.mark.parametrize(("text", "kind", "relation", "threshold", "precision"), SENTENCES)
def test_sentences(
    text: str, kind: str, relation: str, threshold: float | None, precision: float | None
) -> None:
    claim = explain_text(text)
    assert (claim.kind, claim.relation) == (kind, relation)
    assert claim.threshold == (None if threshold is None else pytest.approx(threshold))
    assert claim.quoted_precision == (None if precision is None else pytest.approx(precision))


@pytest.mark.parametrize(("text", "modifier", "precision"), [
    ("about 90% cheaper", "about", 0.005),
    ("nearly 10x cheaper", "about", 0.2),
    ("up to 90% cheaper", "up_to", 0.005),
    ("sometimes faster", "sometimes", None),
    ("can be 90% cheaper", "sometimes", 0.005),
    ("more than 90% cheaper", None, 0.0),
    ("at least 10x cheaper", None, 0.0),
    ("the fastest model", "best", None),
])  # fmt: skip
def test_modifiers(text: str, modifier: str | None, precision: float | None) -> None:
    claim = explain_text(text)
    assert claim.modifier == modifier
    assert claim.quoted_precision == (None if precision is None else pytest.approx(precision))


@pytest.mark.parametrize(("text", "metric", "quantile", "reading"), [
    ("faster than gpt-5-mini", "latency", 0.5, None),
    ("faster at p95 than gpt-5-mini", "latency", 0.95, None),
    ("faster to the first token at the 99th percentile than gpt-5-mini", "ttft", 0.99, None),
    ("30% lower ttft than gpt-5-mini", "ttft", 0.5, "time_cut"),
    ("20% higher throughput than gpt-5-mini", "tpot", 0.5, "rate_up"),
    ("fast", "latency", 0.95, None),
])  # fmt: skip
def test_latency_metric_and_quantile(
    text: str, metric: str, quantile: float, reading: str | None
) -> None:
    claim = parse(text, arm="qwen-local")
    assert (claim.metric, claim.quantile, claim.reading) == (metric, quantile, reading)


@pytest.mark.parametrize(("text", "ours", "theirs"), [
    ("qwen-local is 90% cheaper than gpt-5-mini", ("qwen-local",), ("gpt-5-mini",)),
    ("Qwen local is 90% cheaper than GPT-5 mini", ("qwen-local",), ("gpt-5-mini",)),
    ("Compared with gpt-5-mini, qwen-local is 90% cheaper", ("qwen-local",), ("gpt-5-mini",)),
    ("smol costs half the price of claude", ("smol",), ("claude",)),
    ("smol is cheaper than gpt-5-mini and claude", ("smol",), ("gpt-5-mini", "claude")),
    ("qwen-local and smol are cheaper than claude", ("qwen-local", "smol"), ("claude",)),
    ("qwen-local is the cheapest", ("qwen-local",), ("smol", "gpt-5-mini", "claude")),
    ("gpt-5-mini is more expensive than smol", ("smol",), ("gpt-5-mini",)),
    ("claude is slower than gpt-5-mini-2026-01-01", ("gpt-5-mini",), ("claude",)),
])  # fmt: skip
def test_who_against_whom(text: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    claim = parse(text)
    assert (claim.treatments, claim.baselines) == (ours, theirs)


def test_two_arms_need_one_name() -> None:
    claim = parse("90% cheaper than gpt-5-mini", (QWEN, GPT))
    assert (claim.treatments, claim.baselines) == (("qwen-local",), ("gpt-5-mini",))


def test_structured_fields_override_the_text() -> None:
    claim = parse(
        "30% more accurate than GPT-4o, they say",
        arm="qwen-local",
        than="gpt-5-mini",
        task="route",
        reading="points",
        margin=0.05,
        slice={"language": "de"},
        threshold=0.2,
    )
    assert (claim.treatments, claim.baselines, claim.task) == (
        ("qwen-local",),
        ("gpt-5-mini",),
        "route",
    )
    assert (claim.reading, claim.margin, claim.slice, claim.threshold) == (
        "points",
        0.05,
        ("language", "de"),
        0.2,
    )


def test_structure_without_words() -> None:
    claim = parse("", kind="cost", relation="less_by", threshold=0.9, arm="smol", than="claude")
    assert (claim.kind, claim.relation) == ("cost", "less_by")
    assert claim.quoted_precision == pytest.approx(0.005)
    claim = parse(
        "Our model is a dream",
        kind="faster",
        metric="ttft",
        quantile=0.95,
        arm="smol",
        than="claude",
    )
    assert (claim.kind, claim.relation, claim.metric, claim.quantile) == (
        "latency",
        "less",
        "ttft",
        0.95,
    )


def test_compound() -> None:
    claim = parse("qwen-local is just as good and 90% cheaper than gpt-5-mini")
    assert claim.kind == "compound"
    assert [(p.kind, p.relation) for p in claim.parts] == [("accuracy", "as"), ("cost", "less_by")]
    assert {p.baselines for p in claim.parts} == {("gpt-5-mini",)}
    assert [p.id for p in claim.parts] == ["c.1", "c.2"]
    claim = parse("qwen-local is as accurate as claude at 90% lower cost")
    assert [p.relation for p in claim.parts] == ["as", "less_by"]
    claim = parse("smol is very good, fast and cheap")
    assert [(p.kind, p.threshold) for p in claim.parts] == [
        ("accuracy", None),
        ("latency", None),
        ("cost", None),
    ]
    claim = parse(
        "smol is very good (at least 80% accurate), fast (ttft p95 under 2 s) and cheap (under"
        " $0.50 per 1k)"
    )
    assert [p.threshold for p in claim.parts] == [0.8, 2.0, 0.5]


@pytest.mark.parametrize("text", [
    "Open models have caught up with closed ones",
    "open-weight models have caught up with or surpassed proprietary models",
])  # fmt: skip
def test_class_level(text: str) -> None:
    claim = parse(text)
    assert claim.kind == "class_level"
    assert (claim.treatments, claim.baselines) == (("qwen-local", "smol"), ("gpt-5-mini", "claude"))
    assert claim.parts[0].relation == "caught_up"


@pytest.mark.parametrize("text", [
    "four of the top five trending models are Chinese",
    "the most downloaded model",
    "30% market share",
    "trained on 15 trillion tokens",
])  # fmt: skip
def test_what_no_run_measures(text: str) -> None:
    claim = parse(text)
    assert claim.kind == "not_measurable"
    assert claim.note is not None
    assert "needed" in claim.note


@pytest.mark.parametrize(("text", "raw", "says"), [
    ("90% cheaper than gpt-5-mni", {"arm": "smol"}, "did you mean 'gpt-5-mini'"),
    ("qwen-loca is 90% cheaper than claude", {}, "did you mean 'qwen-local'"),
    ("90% cheaper", {"arm": "smoll", "than": "claude"}, "did you mean 'smol'"),
    ("90% cheaper than claude", {}, "which arm is it about"),
    ("smol is 90% cheaper", {}, "compared with which arm"),
    ("smol is cheaper than claude", {"task": "rout"}, "did you mean 'route'"),
    ("smol is cheaper than claude", {"metric": "acuracy"}, "did you mean 'accuracy'"),
    ("smol is cheaper than claude", {"reading": "per_corect"}, "did you mean 'per_correct'"),
    ("smol is cheaper than claude", {"kind": "chaper"}, "did you mean 'cheaper'"),
    ("smol is cheaper than claude", {"slice": {"langage": "de"}}, "did you mean 'language'"),
    ("smol is cheaper than claude", {"slice": {"language": "fr"}}, "never holds 'fr'"),
    ("smol is cheaper than claude", {"modifier": "abuot"}, "did you mean 'about'"),
    ("smol is 30% more helpful than claude", {}, "cannot read"),
    ("smol is not only cheaper than claude", {}, "not understood: 'not only'"),
    ("smol is 90-80% cheaper than claude", {}, "a range runs from"),
    ("claude is more costly by a margin than smol", {}, "cannot read"),
    ("smol is 110% cheaper than claude", {}, "negative price"),
    ("smol is 1x cheaper than claude", {}, "factor must be above 1"),
    ("smol is cheaper than smol", {}, "compared with itself"),
    ("", {"kind": "cost", "arm": "smol", "than": "claude"}, "relation"),
    ("", {"kind": "cost", "relation": "less_by", "arm": "smol", "than": "claude"}, "needs a number"),
    ("smol is better than claude", {"metric": "ttft", "kind": "cost"}, "belongs to latency"),
])  # fmt: skip
def test_errors_name_what_is_wrong(text: str, raw: dict[str, Any], says: str) -> None:
    with pytest.raises(ClaimError, match=r"line 12: claim 'c'") as caught:
        parse(text, **raw)
    assert says in caught.value.message


def test_unreadable_text_lists_what_can_be_read() -> None:
    with pytest.raises(ClaimError) as caught:
        parse("our model is a joy to use")
    assert caught.value.hint is not None
    assert UNDERSTOOD in caught.value.hint


def test_one_model_id_in_two_arms_is_ambiguous() -> None:
    twins = (Arm("a", "p", "same-model"), Arm("b", "p", "same-model"), CLAUDE)
    with pytest.raises(ClaimError, match="several arms"):
        parse("same-model is cheaper than claude", twins)


def test_numbers_in_names_are_no_numbers_of_the_claim() -> None:
    arms = (Arm("30x", "p", "m1"), Arm("90% model", "p", "m2"))
    claim = parse("30x is cheaper than 90% model", arms)
    assert (claim.treatments, claim.baselines, claim.threshold) == (("30x",), ("90% model",), None)


def test_suite_gives_margin_alpha_and_population() -> None:
    suite = Suite(
        "s",
        "1-0",
        "",
        "s.yaml",
        TASKS,
        ARMS,
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (ClaimSpec("c", "smol is as accurate as claude", "a paper", {}, 3),),
        ErrorPolicy(),
        0.07,
        0.1,
        "fixed",
        "never",
        (),
        {},
        "f",
        "m",
    )
    claim = parse_claims(suite, declared="after")[0]
    assert (claim.margin, claim.alpha, claim.population, claim.declared) == (
        0.07,
        0.1,
        "fixed",
        "after",
    )
    assert claim.source == "a paper"


def test_without_a_suite_the_words_stand_for_the_arms() -> None:
    claim = explain_text("Kimi K2 is 90% cheaper than GPT-5")
    assert (claim.treatments, claim.baselines) == (("kimi k2",), ("gpt-5",))
    assert [r.name for r in rules(claim)] == ["per_request", "per_correct", "list_price"]


def test_normalise() -> None:
    assert plain(light("Twice  as “fast” – ten  per cent")) == 'twice as "fast" - 10 %'
