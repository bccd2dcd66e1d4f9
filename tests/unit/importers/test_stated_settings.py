"""Settings of a generation that files state: arms that differ in one were not asked the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import SETTINGS, ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec, Verdict

Write = Callable[[str, Any], Path]
PLAIN = ImportOptions()


def verdict(folder: Path, files: list[Path], claim: str, *allow: str) -> Verdict:
    run = build_run(
        read_files(files, PLAIN),
        name="t",
        claims=[ClaimSpec("c", claim, None, {})],
        book=PriceBook(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
        allow=allow,
    )
    with ResultsStore.open(folder) as store:
        return evaluate(read_run(store, store_run(store, run))).verdicts[0]


def logs(
    written: Write, peers: SimpleNamespace, where: tuple[str, ...], ours: Any, theirs: Any
) -> list[Path]:
    files = []
    for model, value in (("one", ours), ("two", theirs)):
        log = peers.inspect(["C", "I"] * 40, model=f"anthropic/{model}")
        place = log
        for key in where[:-1]:
            place = place.setdefault(key, {})
        if value is not None:
            place[where[-1]] = value
        files.append(written(f"{model}.json", log))
    return files


PLAN = ("plan", "config")


@pytest.mark.parametrize(
    ("where", "ours", "theirs"),
    [
        ((*PLAN, "reasoning_tokens"), 32000, None),
        ((*PLAN, "reasoning_tokens"), 32000, 1024),
        ((*PLAN, "top_k"), 1, 40),
        ((*PLAN, "stop_seqs"), ["\n"], None),
        ((*PLAN, "system_message"), "Think first.", None),
        ((*PLAN, "frequency_penalty"), 0.5, 0.0),
        ((*PLAN, "num_choices"), 5, None),
        ((*PLAN, "extra_body"), {"thinking": {"type": "enabled"}}, None),
        ((*PLAN, "a_setting_of_next_year"), 1, 2),
        (("eval", "model_generate_config", "top_k"), 1, 40),
        (("eval", "model_args", "enable_thinking"), True, None),
        (("eval", "config", "message_limit"), 3, 30),
    ],
    ids=str,
)
def test_logs_of_inspect_that_set_generation_otherwise_are_not_compared(
    tmp_path: Path,
    written: Write,
    peers: SimpleNamespace,
    where: tuple[str, ...],
    ours: Any,
    theirs: Any,
) -> None:
    claim = "one is as accurate as two"
    files = logs(written, peers, where, ours, theirs)
    found = verdict(tmp_path / "a", files, claim)
    assert found.status == "not_comparable"
    assert where[-1].replace("_", "") in " ".join(map(str, found.reasons)).replace("_", "")
    assert verdict(tmp_path / "b", files, claim, "sampling").status != "not_comparable"
    alike = logs(written, peers, where, ours, ours)
    assert verdict(tmp_path / "c", alike, claim).status != "not_comparable"


@pytest.mark.parametrize("name", ["max_connections", "timeout", "cache_prompt", "logprobs"])
def test_how_answers_are_fetched_is_no_difference(
    tmp_path: Path, written: Write, peers: SimpleNamespace, name: str
) -> None:
    files = logs(written, peers, (*PLAN, name), 10, 20)
    found = verdict(tmp_path / "a", files, "one is as accurate as two")
    assert found.status != "not_comparable"


def test_arguments_of_a_task_make_it_another_one(
    tmp_path: Path, written: Write, peers: SimpleNamespace
) -> None:
    files = logs(written, peers, ("eval", "task_args"), {"fewshot": 5}, {"fewshot": 0})
    found = verdict(tmp_path / "a", files, "one is as accurate as two", "sampling")
    assert found.status == "not_comparable"
    assert "task_args" in " ".join(map(str, found.reasons))


@pytest.mark.parametrize(
    "config",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 32000}},
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1024}}},
        {"reasoning": {"effort": "high"}},
        {"reasoning_effort": "high"},
        {"stop": ["\n"]},
        {"top_k": 1},
        {"response_format": {"type": "json_object"}},
    ],
    ids=str,
)
def test_providers_of_promptfoo_that_are_set_otherwise_are_not_compared(
    tmp_path: Path, written: Write, peers: SimpleNamespace, config: dict[str, Any]
) -> None:
    names = ("openai:chat:one", "openai:chat:two")
    outcomes = [bool(i % 2) for i in range(60)]
    output = peers.promptfoo(dict.fromkeys(names, outcomes))
    claim = "one is as accurate as two"

    def found(folder: str, ours: dict[str, Any], theirs: dict[str, Any]) -> str:
        providers = [
            {"id": name, "label": "", "config": {"apiKeyEnvar": name, **of}}
            for name, of in zip(names, (ours, theirs), strict=True)
        ]
        path = written("o.json", {**output, "config": {"providers": providers}})
        return verdict(tmp_path / folder, [path], claim).status

    assert found("a", config, {}) == "not_comparable"
    assert found("b", config, config) != "not_comparable"


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"gen_kwargs": "top_k=1,do_sample=True"}},
        {"config": {"gen_kwargs": {"top_k": 1}}},
        {"config": {"model_args": "pretrained=x,enable_thinking=True"}},
        {"system_instruction": "Think first."},
    ],
    ids=str,
)
def test_runs_of_lm_eval_that_are_set_otherwise_are_not_compared(
    tmp_path: Path, peers: SimpleNamespace, changes: dict[str, Any]
) -> None:
    scores = peers.coin(100, 0.5, 1)
    files = [peers.lm_eval(tmp_path / name, name, scores) for name in ("old", "new")]
    claim = "new is as accurate as old"
    assert verdict(tmp_path / "a", files, claim).status != "not_comparable"
    data = json.loads(files[0].read_text())
    files[0].write_text(json.dumps({**data, **changes}))
    assert verdict(tmp_path / "b", files, claim).status == "not_comparable"


@pytest.mark.parametrize(
    "asked",
    [
        "temperature=0,do_sample=false",
        {"temperature": 0.0, "top_p": None},
        {"temperature": "0", "max_gen_toks": 16},
        {},
        None,
    ],
    ids=str,
)
def test_what_lm_eval_is_asked_beside_a_task_counts_where_the_task_says_otherwise(
    tmp_path: Path, peers: SimpleNamespace, asked: Any
) -> None:
    scores = peers.coin(100, 0.5, 1)
    files = [peers.lm_eval(tmp_path / name, name, scores) for name in ("old", "new")]
    own = {"temperature": 0.0, "do_sample": False, "max_gen_toks": 16}
    for at, path in enumerate(files):
        data = json.loads(path.read_text())
        for config in data["configs"].values():
            config["generation_kwargs"] = own
        shots = dict.fromkeys(data["configs"], 0)
        more = {"config": {"gen_kwargs": asked}, "fewshot_as_multiturn": True} if at else {}
        path.write_text(json.dumps({**data, "n-shot": shots, **more}))
    assert verdict(tmp_path / "a", files, "new is as accurate as old").status != "not_comparable"


def test_evaluations_of_every_eval_ever_say_their_settings(written: Write) -> None:
    results = [
        {
            "evaluation_name": "toy",
            "metric_config": {"metric_name": "acc", "min_score": 0, "max_score": 1},
            "score_details": {"score": 0.5},
            "generation_config": {"generation_args": {"temperature": 0, "reasoning": True}},
        }
    ]
    log = {
        "schema_version": "0.3.0",
        "evaluation_id": "e",
        "model_info": {"id": "lab/one"},
        "evaluation_results": results,
    }
    (arm,) = read_files([written("log.json", log)], PLAIN, "every-eval-ever").arms
    assert arm.setup == {"toy": {SETTINGS: {"reasoning": True}}}


def test_a_run_of_tau2_says_its_settings(written: Write) -> None:
    document = {
        "info": {
            "agent_info": {
                "implementation": "llm_agent",
                "llm": "lab/one",
                "llm_args": {"temperature": 0.5, "thinking": {"budget_tokens": 2048}},
            },
            "user_info": {"llm": "lab/user"},
            "max_steps": 100,
        },
        "simulations": [{"task_id": "1", "trial": 0, "reward_info": {"reward": 1.0}}],
    }
    (arm,) = read_files([written("r.json", document)], PLAIN).arms
    assert arm.params.temperature == 0.5
    assert arm.setup["tau2"] == {
        SETTINGS: {
            "thinking": {"budget_tokens": 2048},
            "agent": "llm_agent",
            "user_llm": "lab/user",
            "max_steps": 100,
        }
    }


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ({"top_k": 1}, {"top_k": 1}, {"topk": 1}),
        ({"top_k": 1}, {}, {"topk": "varies: 1, null"}),
        ({"top_k": 1}, {"top_k": 2}, {"topk": "varies: 1, 2"}),
        ({"top_k": 2}, {"top_k": 1}, {"topk": "varies: 1, 2"}),
        ({"thinking": {"budget_tokens": 9}}, {"thinking": {"budget_tokens": 9}},
         {"thinking": {"budget_tokens": 9}}),
        ({"user": "u1", "stream": True}, {"user": "u2"}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_requests_of_a_log_say_their_settings(
    written: Write, first: dict[str, Any], second: dict[str, Any], wanted: dict[str, Any]
) -> None:
    rows = []
    for number, settings in enumerate((first, second)):
        rows.append(
            {
                "request_id": f"r{number}",
                "call_type": "acompletion",
                "model": "lab/one",
                "spend": 0.01,
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "startTime": "2026-01-02T03:04:05Z",
                "endTime": "2026-01-02T03:04:06Z",
                "messages": [{"role": "user", "content": f"q{number}"}],
                "model_parameters": settings,
            }
        )
    (arm,) = read_files([written("log.jsonl", "\n".join(map(json.dumps, rows)))], PLAIN).arms
    assert arm.setup["requests"] == {"max_tokens": None, SETTINGS: wanted}
