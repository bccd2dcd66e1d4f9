"""``bench init --from-traffic``: a company's own requests become a suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importers.test_logs import (
    GENERATIONS,
    generation,
    litellm_row,
    observation,
    otlp,
    put,
)

from claimbench.errors import SuiteError
from claimbench.init.propose import (
    InitProposal,
    TrafficFile,
    propose_suite,
    write_proposal,
)
from claimbench.plan.prompts import render
from claimbench.suite.load import load_suite

LABELS = ("billing", "shipping", "other")


def answered(row: dict[str, Any], text: str, finish: str = "stop") -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {**row, "response": {"choices": [choice]}}


def log(n: int = 60) -> list[dict[str, Any]]:
    return [answered(litellm_row(i), LABELS[i % 3]) for i in range(n)]


def rows_of(proposal: InitProposal) -> list[dict[str, Any]]:
    (text,) = [t for name, t in proposal.files.items() if name.endswith("samples.jsonl")]
    return [json.loads(line) for line in text.splitlines()]


def test_the_request_is_the_one_that_production_makes(tmp_path: Path) -> None:
    path = put(tmp_path / "spend.jsonl", log())
    proposal = propose_suite(TrafficFile(path), mask=True)
    assert proposal.kind == "label"
    suite = load_suite(write_proposal(proposal, tmp_path / "out"))
    (task,) = suite.tasks
    assert [(m.role, m.content) for m in render(task, task.samples[0])] == [
        ("system", "Sort tickets."),
        ("user", "ticket 0"),
    ]
    assert task.samples[0].target == "billing"
    assert task.samples[0].cluster == task.samples[1].cluster  # one session
    assert not task.few_shot
    assert any("agreement with it, not correctness" in note for note in proposal.notes)


def test_what_looks_personal_is_masked_in_messages_and_answers(tmp_path: Path) -> None:
    rows = [
        answered(
            litellm_row(
                i,
                messages=[
                    {"role": "user", "content": f"case {i}: I am bo{i}@example.com"},
                ],
            ),
            f"Mailed bo{i}@example.com about case {i}.",
        )
        for i in range(30)
    ]
    path = put(tmp_path / "s.jsonl", rows)
    text = json.dumps(rows_of(propose_suite(TrafficFile(path), mask=True)))
    assert "example.com" not in text
    assert text.count("<EMAIL>") == 60
    assert "example.com" in json.dumps(rows_of(propose_suite(TrafficFile(path))))


def test_copies_cut_answers_faults_and_other_models_are_left_out(tmp_path: Path) -> None:
    rows = log(30)
    copy = {**rows[0], "request_id": "copy"}
    copy["messages"] = [
        {"role": "system", "content": "Sort  tickets."},
        {"role": "user", "content": "TICKET 0"},
    ]
    cut = answered(litellm_row(100), "bil", "length")
    fault = litellm_row(101, status="failure", response={})
    other = answered(litellm_row(102, "gpt-4o-mini"), "billing")
    path = put(tmp_path / "s.jsonl", [*rows, copy, cut, fault, other])
    proposal = propose_suite(TrafficFile(path), mask=True)
    assert proposal.n_rows == 30
    said = " ".join(proposal.notes)
    assert "1 copies of requests dropped" in said
    assert "1 of other models" in said
    assert "1 with a fault" in said
    assert "1 whose answer was cut off" in said


def test_rows_are_drawn_by_seed_in_the_shares_of_the_strata(tmp_path: Path) -> None:
    rows = []
    for i in range(400):
        name = "shop" if i % 4 else "desk"
        rows.append(answered(litellm_row(i, request_tags=[name]), LABELS[i % 3]))
    path = put(tmp_path / "s.jsonl", rows)

    def drawn(seed: int) -> list[dict[str, Any]]:
        return rows_of(propose_suite(TrafficFile(path), mask=True, max_rows=100, seed=seed))

    one = drawn(1)
    assert len(one) == 100
    assert sum(row["application"] == "desk" for row in one) in (24, 25, 26)
    assert one == drawn(1)
    assert one != drawn(2)


def test_the_incumbent_can_be_named(tmp_path: Path) -> None:
    rows = log(30) + [answered(litellm_row(i, "gpt-4o-mini"), "other") for i in range(10)]
    rows += [answered(litellm_row(i, "gpt-4o-mini"), "billing") for i in range(10, 20)]
    path = put(tmp_path / "s.jsonl", rows)
    proposal = propose_suite(TrafficFile(path, "gpt-4o-mini"), mask=True)
    assert proposal.n_rows == 20
    with pytest.raises(SuiteError, match="no answers of 'gpt-6'") as fault:
        propose_suite(TrafficFile(path, "gpt-6"), mask=True)
    assert "gpt-4o-mini" in str(fault.value.hint)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (
            "obs.json",
            [
                observation(i, output={"role": "assistant", "content": LABELS[i % 3]})
                for i in range(9)
            ],
        ),
        ("spans.json", otlp(*(GENERATIONS[0](i) for i in range(9)))),
    ],
)
def test_logs_of_other_tools_become_suites_too(tmp_path: Path, name: str, value: Any) -> None:
    text = json.dumps(value).replace("billing", "billing of a long kind", 3)
    path = tmp_path / name
    path.write_text(text)
    proposal = propose_suite(TrafficFile(path), mask=True)
    assert proposal.n_rows == 9
    load_suite(write_proposal(proposal, tmp_path / "out"))


def test_a_log_without_prompts_says_how_to_have_them(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", [generation(i) for i in range(5)])
    with pytest.raises(SuiteError, match="no request with both") as fault:
        propose_suite(TrafficFile(path), mask=True)
    assert "store_prompts_in_spend_logs" in str(fault.value.hint)


def test_a_log_that_is_taken_for_a_data_set_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "s.jsonl", log(9))
    with pytest.raises(SuiteError, match="a log of LiteLLM") as fault:
        propose_suite(path)
    assert "--from-traffic" in str(fault.value.hint)
