"""Claims about downloads and trending lists: read wholly, counted exactly, in every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.claims.language.adoption.ask import Who
from claimbench.claims.language.adoption.read import read_adoption
from claimbench.claims.parse import explain_text, parse_claims
from claimbench.errors import ClaimError, SuiteError
from claimbench.evaluation.adopted import judge_adoption
from claimbench.suite.adoption.families import family_of, publishers, read_families
from claimbench.suite.codec import suite_from_json, suite_to_json
from claimbench.suite.load import load_suite
from claimbench.types import reason_codes

SUITE = """\
name: s
version: 1-0
tasks:
  - name: route
    dataset: {path: rows.csv, target: team}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms: [{name: alpha, provider: openai, model: gpt-5-mini}, {name: beta, provider: openai, model: gpt-5}]
"""
DAY = "2026-11-28"


def model(
    name: str,
    downloads: int,
    score: float = 0,
    *tags: str,
    ever: int | None = None,
    task: str = "text-generation",
) -> dict[str, Any]:
    return {
        "id": name,
        "downloads": downloads,
        "downloadsAllTime": 10 * downloads if ever is None else ever,
        "trendingScore": score,
        "pipeline_tag": task,
        "tags": ["transformers", *tags],
    }


QWEN = model("Qwen/Qwen3", 800, 90)
TOP = [
    model("deepseek-ai/DeepSeek-V3.2", 900, 95),
    QWEN,
    model("moonshotai/Kimi-K2", 500, 80),
    model("openai/gpt-oss-120b", 3000, 70),
    model("zai-org/GLM-4.6", 200, 60),
    model("unsloth/Qwen3-GGUF", 150, 50, "gguf", "base_model:quantized:Qwen/Qwen3"),
    model("Qwen/Qwen3-Embedding", 700, 40, task="feature-extraction"),
    model("tencent/Hunyuan", 10, 30),
    model("MiniMaxAI/M2", 9, 20),
]


def judged(
    folder: Path,
    claim: str,
    *lists: tuple[list[dict[str, Any]], str],
    more: str = "",
    on: str = "2026-11-29",
    **stated: Any,
):
    """Judge one claim; each list is (rows, what the suite says of it)."""
    (folder / "rows.csv").write_text("text,team\nhello,a\nworld,b\n")
    entries = []
    for k, (rows, said) in enumerate(lists or [(TOP, f"date: {DAY}, order: trending")]):
        (folder / f"l{k}.json").write_text(json.dumps(rows))
        entries.append(f"    - {{path: l{k}.json, source: hub, {said}}}")
    block = "adoption:\n  snapshots:\n" + "\n".join(entries) + f"\n{more}"
    (folder / "s.yaml").write_text(f"{SUITE}{block}claims:\n  - claim: {claim}\n")
    suite = suite_from_json(suite_to_json(load_suite(folder / "s.yaml")))
    (verdict,), _ = judge_adoption(suite, on)
    return verdict


def by_downloads(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: -row["downloads"])


ALL = (by_downloads(TOP), f"date: {DAY}, complete: true")


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ("four of the top five trending models are Chinese", "supported"),
        ("Four out of the top 5 trending models on Hugging Face come from China.", "supported"),
        ("Chinese labs hold four of the five top trending spots", "supported"),
        ("at least three of the top five trending models are Chinese", "supported"),
        ("only four of the top five trending models are from China", "supported"),
        ("most of the top five trending models are Chinese", "supported"),
        ("four of the top five trending models are open models of one country", "supported"),
        ("one of the top five trending models is American", "supported"),
        ("none of the top five trending models are French", "supported"),
        ("all of the top five trending models are Chinese", "refuted"),
        ("the top five trending models are all Chinese", "refuted"),
        ("more than four of the top five trending models are Chinese", "refuted"),
        ("two of the top five trending models are by DeepSeek", "refuted"),
        ("DeepSeek is the top trending model", "supported"),
        ("Qwen is the top trending model", "refuted"),
    ],
)
def test_a_list_s_first_rows_are_counted(tmp_path: Path, claim: str, status: str) -> None:
    found = judged(tmp_path, claim)
    assert found.status == status
    assert "2026-11-28, hub" in found.sentence
    assert all(r.p is None for r in found.readings)


def test_a_bare_number_that_is_exceeded_depends_on_what_it_means(tmp_path: Path) -> None:
    found = judged(tmp_path, "three of the top five trending models are Chinese")
    assert (found.status, reason_codes(found.reasons)) == ("inconclusive", {"depends_on_counting"})


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ("gpt-oss is the most downloaded family", "supported"),
        ("Qwen is the most downloaded family", "refuted"),
        ("openai/gpt-oss-120b is the most downloaded model", "supported"),
        ("the most downloaded model is Qwen3", "refuted"),
        ("Qwen has more downloads than DeepSeek", "inconclusive"),
        ("gpt-oss has more downloads than Qwen", "supported"),
        ("DeepSeek is downloaded more than Kimi this month", "supported"),
        ("Chinese models account for more than 40% of downloads", "supported"),
        ("more than 60% of all downloads are Chinese", "refuted"),
        ("American models account for the majority of downloads", "inconclusive"),
        ("Tencent's share of downloads is less than 1%", "supported"),
    ],
)
def test_sums_over_all_repositories(tmp_path: Path, claim: str, status: str) -> None:
    assert judged(tmp_path, claim, ALL).status == status


@pytest.mark.parametrize(
    ("pct", "status"),
    [
        ("13", "supported"),
        ("12.8", "supported"),
        ("12.79", "supported"),
        ("12.790", "supported"),
        ("exactly 12.8", "supported"),
        ("only 13", "supported"),
        ("12", "refuted"),
        ("12.3", "refuted"),
        ("12.7", "refuted"),
        ("12.80", "refuted"),
        ("12.791", "refuted"),
        ("exactly 12.3", "refuted"),
        ("at least 12.3", "supported"),
        ("at least 12.8", "refuted"),
    ],
)
def test_a_share_is_rounded_as_it_is_written(tmp_path: Path, pct: str, status: str) -> None:
    rows = [model("openai/gpt-oss-120b", 8721), model("Qwen/Qwen3", 1279)]
    for claim in (f"Qwen accounts for {pct}% of downloads", f"{pct}% of downloads go to Qwen"):
        found = judged(tmp_path, claim, (rows, f"date: {DAY}, complete: true"))
        assert found.status == status


def test_what_depends_on_how_it_is_counted_shows_every_way(tmp_path: Path) -> None:
    found = judged(tmp_path, "Qwen has more downloads than DeepSeek", ALL)
    named = {r.name: r.status for r in found.readings}
    assert named["30 days, own, with embeddings, with local formats"] == "supported"
    assert named["30 days, own, without embeddings, with local formats"] == "refuted"
    assert named["30 days, + quantisations, without embeddings, with local formats"] == "supported"
    assert len(named) == 24
    declared = "  readings: {count: [own], embeddings: [without]}\n"
    again = judged(tmp_path, "Qwen has more downloads than DeepSeek", ALL, more=declared)
    assert again.status == "refuted"


def test_overtaking_needs_two_dates_and_a_change(tmp_path: Path) -> None:
    claim = "Kimi overtook Qwen in downloads this month"
    plain = [row for row in TOP if "Qwen" not in row["id"]] + [QWEN]
    before = (by_downloads(plain), "date: 2026-10-28, complete: true")
    changed = [dict(row, downloadsAllTime=11 * row["downloads"]) for row in plain]
    changed = [
        dict(row, downloads=2000, downloadsAllTime=9000) if "Kimi" in row["id"] else row
        for row in changed
    ]
    after = (by_downloads(changed), f"date: {DAY}, complete: true")
    assert judged(tmp_path, claim, before, after).status == "supported"
    assert reason_codes(judged(tmp_path, claim, after).reasons) == {"one_date"}
    assert judged(tmp_path, claim, before, on="2026-11-01").status == "refuted"
    older = (after[0], "date: 2026-10-01, complete: true")
    newer = (
        by_downloads([dict(r, downloadsAllTime=99999) for r in changed]),
        f"date: {DAY}, complete: true",
    )
    assert reason_codes(judged(tmp_path, claim, older, newer).reasons) == {"ahead_all_along"}


@pytest.mark.parametrize(
    ("rows", "said", "claim", "code"),
    [
        (
            TOP[:4],
            "order: trending",
            "four of the top five trending models are Chinese",
            "snapshot_partial",
        ),
        (
            by_downloads(TOP),
            "order: downloads",
            "Qwen is the most downloaded family",
            "snapshot_partial",
        ),
        (by_downloads(TOP), "order: downloads", "Qwen has 40% of downloads", "snapshot_partial"),
        (
            TOP,
            "order: trending",
            "two of the top three downloaded models are Chinese",
            "no_snapshot",
        ),
        (
            [*TOP[:4], model("nobody/thing", 1, 65), model("MiniMaxAI/M2", 9, 60)],
            "order: trending",
            "four of the top five trending models are Chinese",
            "family_unknown",
        ),
        (
            [*TOP[:4], model("zai-org/GLM", 2, 60), model("google/gemma-3", 2, 60)],
            "order: trending",
            "four of the top five trending models are Chinese",
            "tie_at_rank",
        ),
    ],
)
def test_what_a_snapshot_does_not_hold_is_not_comparable(
    tmp_path: Path, rows: list[dict[str, Any]], said: str, claim: str, code: str
) -> None:
    found = judged(tmp_path, claim, (rows, f"date: {DAY}, {said}"))
    assert found.status == "not_comparable"
    assert code in reason_codes(found.reasons)


def test_an_unknown_row_or_a_tie_that_cannot_turn_it_does_not_matter(tmp_path: Path) -> None:
    tied = [*TOP[:4], model("zai-org/GLM", 2, 60), model("tencent/Hunyuan", 2, 60)]
    claim = "four of the top five trending models are Chinese"
    said = f"date: {DAY}, order: trending"
    assert judged(tmp_path, claim, (tied, said)).status == "supported"
    unknown = [model("nobody/thing", 1, 99), *TOP]
    at_least = "at least three of the top five trending models are Chinese"
    assert judged(tmp_path, at_least, (unknown, said)).status == "supported"


def test_stale_and_contradicting_snapshots_decide_nothing(tmp_path: Path) -> None:
    claim = "four of the top five trending models are Chinese"
    assert reason_codes(judged(tmp_path, claim, on="2027-02-01").reasons) == {"snapshot_stale"}
    early = judged(tmp_path, claim, on="2026-11-01")  # a snapshot of a day that is yet to come
    assert reason_codes(early.reasons) == {"no_snapshot"}
    as_of = f"  as_of: '{DAY}'\n"
    assert judged(tmp_path, claim, on="2027-02-01", more=as_of).status == "supported"
    falls = (by_downloads([dict(r, downloadsAllTime=r["downloads"]) for r in TOP]), f"date: {DAY}")
    earlier = (by_downloads(TOP), "date: 2026-11-01")
    found = judged(tmp_path, "gpt-oss-120b is the most downloaded model", earlier, falls)
    assert reason_codes(found.reasons) == {"snapshots_contradict"}


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("id,downloads\nQwen/a,5\nQwen/a,4\n", 3, "stands twice"),
        ("id,downloads\nQwen/a,5\nQwen/b,1.2M\n", 3, "not a count"),
        ("id,downloads\nQwen/a,5\nQwen/b,-4\n", 3, "not a count"),
        ("id,downloads\nQwen/a,5\nhttps://x,4\n", 3, "no repository"),
        ("id,downloads,downloadsAllTime\nQwen/a,5,4\nQwen/b,1,1\n", 2, "of 30 days"),
        ("rank,id\n1,Qwen/a\n3,Qwen/b\n", 3, "rank 3 where 2 was due"),
        ("name_,count\na,1\n", 1, "no snapshot of a hub"),
        ("id,downloads\n", None, "holds no repository"),
    ],
)
def test_a_bad_file_is_told_with_its_line(
    tmp_path: Path, text: str, line: int | None, told: str
) -> None:
    (tmp_path / "rows.csv").write_text("text,team\nhello,a\nworld,b\n")
    (tmp_path / "l.csv").write_text(text)
    block = f"adoption: {{snapshots: [{{path: l.csv, source: hub, date: {DAY}}}]}}\n"
    (tmp_path / "s.yaml").write_text(SUITE + block)
    with pytest.raises(SuiteError) as caught:
        load_suite(tmp_path / "s.yaml")
    assert told in str(caught.value)
    assert line is None or f"l.csv:{line}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "four of the top five models are Chinese",
        "alpha is 90% cheaper than beta and four of the top five trending models are Chinese",
        "downloads of Qwen are high",
        "Qwen is trending",
        "nearly 40% of downloads are Chinese",
    ],
)
def test_what_is_not_read_wholly_is_not_read(text: str) -> None:
    assert read_adoption(text, read_families(), ["Qwen/Qwen3"]) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("six of the top five trending models are Chinese", "6 of 5"),
        ("four of the top five trending models are Martian", "'martian' is no repository"),
        ("four of the top five trending models are Chinese and cheap", "cannot read"),
        ("Qwen overtook Qwen in downloads", "compared with itself"),
        ("Qwen overtook China in downloads", "they are not compared"),
        ("China has 140% of all downloads", "more than all of them"),
    ],
)
def test_a_sentence_that_cannot_be_is_an_error_with_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ClaimError) as caught:
        judged(tmp_path, text)
    assert told in str(caught.value)
    assert "s.yaml:" in str(caught.value)


def test_without_snapshots_a_sentence_needs_the_dated_list_as_before() -> None:
    claim = explain_text("four of the top five trending models are Chinese")
    assert claim.kind == "not_measurable"


def test_other_claims_of_the_suite_are_read_as_ever(tmp_path: Path) -> None:
    judged(tmp_path, "one of the top five trending models is American")
    text = (tmp_path / "s.yaml").read_text() + "  - claim: alpha is 20% cheaper than beta\n"
    (tmp_path / "s.yaml").write_text(text)
    kinds = [claim.kind for claim in parse_claims(load_suite(tmp_path / "s.yaml"))]
    assert kinds == ["adoption", "cost"]


@pytest.mark.parametrize(
    ("repository", "family"),
    [
        ("google/gemma-3-27b-it", "Gemma"),
        ("google/timesfm-2.0", "Google (other)"),
        ("openai/gpt-oss-20b", "gpt-oss"),
        ("openai/whisper-large-v3", "OpenAI (other)"),
        ("allenai/Olmo-3-7B", "OLMo"),
        ("unsloth/Qwen3-GGUF", None),
        ("Qwen2/thing", None),
    ],
)
def test_a_repository_belongs_to_who_publishes_it(repository: str, family: str | None) -> None:
    found = family_of(repository, publishers(read_families()))
    assert (found.name if found else None) == family


def test_a_copy_counts_for_its_root_where_copies_count(tmp_path: Path) -> None:
    tuned = model("someone/Tuned", 100, 0, "base_model:finetune:Qwen/Qwen3")
    packed = model("someone/Tuned-GGUF", 50, 0, "gguf", "base_model:quantized:someone/Tuned")
    rows = by_downloads([QWEN, model("deepseek-ai/D", 100), tuned, packed])
    found = judged(
        tmp_path,
        "Qwen has more than 90% of downloads this month",
        (rows, f"date: {DAY}, complete: true"),
    )
    said = {r.name: r.sentence for r in found.readings}
    assert "(800 of 1,050)" in said["30 days, own, with embeddings, with local formats"]
    assert "(900 of 1,050)" in said["30 days, + fine-tunes, with embeddings, with local formats"]
    assert "(950 of 1,050)" in said["30 days, + quantisations, with embeddings, with local formats"]
    assert Who("family", "Qwen").level == "family"
