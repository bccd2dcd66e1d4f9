"""All samples are in the page, packed: whole, redacted, and small however many there are."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from claimbench.privacy.redact import WITHHELD, Redactor
from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.pack import A_PACK, SHORTEST, SamplePacks, sample_packs
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData


def opened(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def packs_of(data: ReportData, redact: Redactor | None = None, **more: Any) -> SamplePacks:
    found = sample_packs(data, redact or Redactor(), **more)
    assert found is not None
    return found


def samples_of(packs: SamplePacks) -> list[dict[str, Any]]:
    return [sample for pack in packs.packs for sample in opened(pack)]


def test_every_sample_is_there_with_every_arms_score_and_answer(data: ReportData) -> None:
    packs = packs_of(data)
    index, samples = opened(packs.index), samples_of(packs)
    n = len(data.items.items)
    assert len(index["rows"]) == len(samples) == packs.n == n
    assert index["arms"] == ["coder-local", "smol-local", "api-large"]
    answers = {(r.call.task, r.call.sample_id, r.call.arm): r.text for r in data.records}
    for i, (row, sample) in enumerate(zip(index["rows"], samples, strict=True)):
        name, task, slices, scores, outcomes = row
        assert f"{index['tasks'][task]}/{name}" == data.items.items[i]
        assert len(slices) == len(index["slices"])
        assert len(outcomes) == 3
        for k, arm in enumerate(index["arms"]):
            value = data.items.arms[arm].score[i]
            assert scores[k] == (None if value != value else pytest.approx(value, abs=1e-3))
            assert sample["out"][k][0] == answers[(index["tasks"][task], name, arm)]


def test_a_sample_lies_in_the_pack_that_its_number_says(data: ReportData) -> None:
    packs = packs_of(data)
    assert [len(opened(p)) for p in packs.packs[:-1]] == [A_PACK] * (len(packs.packs) - 1)
    assert opened(packs.index)["size"] == A_PACK


@pytest.mark.parametrize("profile", ["full", "hashed", "none"])
def test_no_pack_holds_a_key_and_profiles_hold(data: ReportData, canary: str, profile: str) -> None:
    packs = packs_of(data, Redactor(profile))  # type: ignore[arg-type]
    text = json.dumps([opened(packs.index), samples_of(packs)], ensure_ascii=False)
    assert canary not in text
    assert ("has not come, what now?" in text) == (profile == "full")
    if profile == "none":
        assert WITHHELD in text
    if profile == "hashed":
        assert "sha256:" in text


def test_hostile_texts_are_visible_and_cut(hostile: ReportData) -> None:
    packs = packs_of(hostile)
    text = json.dumps(samples_of(packs), ensure_ascii=False)
    assert "[U+202E]" in text
    assert "\u202e" not in text
    assert "x" * 6_001 not in text
    assert "of 1,000,000 characters" in text


def test_a_page_with_packs_has_no_live_text_of_a_model(hostile: ReportData) -> None:
    page = render_html(build_view(hostile, Redactor()), packs=packs_of(hostile))
    assert page.count("<script>") == 1
    inside = page.split('<template id="samples-index">')[1].split("</template>")[0]
    assert set(inside) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


@pytest.mark.parametrize("budget", [20_000, 60_000, 400_000])
def test_the_packs_keep_to_their_budget(data: ReportData, budget: int) -> None:
    long = replace(
        data,
        records=[
            replace(
                r, text=f"{r.call.id} " + " ".join(str(hash((r.call.id, k))) for k in range(300))
            )
            for r in data.records
        ],
    )
    packs = packs_of(long, budget=budget)
    least = len(data.items.items) * 5 * SHORTEST * 4
    assert sum(len(p) for p in packs.packs) <= budget + least
    assert len(samples_of(packs)) == len(data.items.items)
    cut = [out for sample in samples_of(packs) for out in sample["out"] if out[1]]
    assert cut
    assert all("characters" in out[1] for out in cut)


def test_equal_runs_give_equal_packs(data: ReportData) -> None:
    assert packs_of(data) == packs_of(data)


def test_a_run_without_an_answer_has_no_packs(make: Callable[..., ReportData]) -> None:
    assert sample_packs(make(10, finished=0.0), Redactor()) is None


def test_answers_that_never_came_are_missing(make: Callable[..., ReportData]) -> None:
    half = packs_of(make(30, finished=0.5))
    rows = opened(half.index)["rows"]
    lost = [(s, o) for row in rows for s, o in zip(row[3], row[4], strict=True) if o == "no answer"]
    assert lost
    assert all(score is None for score, _ in lost)


@pytest.mark.slow
def test_ten_thousand_samples_stay_below_twenty_megabytes(
    make: Callable[..., ReportData],
) -> None:
    data = make(6_700)
    assert len(data.items.items) >= 10_000
    page = render_html(build_view(data, Redactor()), packs=packs_of(data))
    assert len(page.encode()) < 20_000_000
