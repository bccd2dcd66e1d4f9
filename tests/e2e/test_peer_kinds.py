"""Every kind of task on real local models: in process, and through servers that nobody here wrote,
with the same answers item by item. What a server cannot do is asserted here as well, and said in
docs/providers.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.peer_servers import proxying, serving

from claimbench.store.results import ResultsStore
from claimbench.types import CallRecord
from claimbench_providers.models import catalogue as models

from .conftest import Said
from .task_kinds import HELD, TEXTS, TOOLS, compared, judged, played, write

pytestmark = pytest.mark.model
Bench = Callable[..., Said]
SMALL = "smollm2-135m-instruct-q4_1"
QWEN = "qwen2.5-coder-0.5b-instruct-q4_k_m"
WAYS = ("local", "server", "proxy")
NO_PENALTY = {"repeat_penalty": 1.0}
"""llama_cpp.server lowers what was said before by 1.1 unless it is told not to."""
COST = {"price": {"per_request": 0.001, "source": "test", "dated": "2026-01-01"}}
REPLY = {
    "answer": "choices[0].message.content",
    "finish": "choices[0].finish_reason",
    "usage": {"input": "usage.prompt_tokens", "output": "usage.completion_tokens"},
}


@dataclass(frozen=True)
class Served:
    """A model, and where it is served: a server of its own for each way. A server keeps the prompt
    that it evaluated last, and evaluates what is new of the next alone: in blocks of other lengths,
    whose sums differ in the last digits. Ways that asked one server, or in another order, would
    not be asked alike.
    """

    name: str
    server: str
    proxy: str
    http: str

    def arm(self, way: str, **more: Any) -> dict[str, Any]:
        """An arm that asks the model in one of the ways, under that name."""
        if way == "local":
            options = {"n_ctx": 2048, "n_threads": 1, "flash_attn": "on"}
            return {
                "name": way,
                "provider": "llama_cpp",
                "model": self.name,
                "options": options,
                **more,
            }
        url = self.server if way == "server" else f"{self.proxy}/v1"
        remote = {"name": way, "model": self.name, "base_url": url, "cost": COST, **more}
        return remote | {"provider": "compatible", "options": {"extra_body": NO_PENALTY}}

    def system(self) -> dict[str, Any]:
        """The server as a whole system behind HTTP."""
        body = {
            "model": "{{ model }}",
            "messages": "{{ messages | tojson }}",
            "max_tokens": "{{ max_tokens | tojson }}",
            "temperature": "{{ temperature | tojson }}",
            "seed": "{{ seed | tojson }}",
            "stop": "{{ stop | tojson }}",
            **NO_PENALTY,
        }
        return {
            "name": "http",
            "provider": "http",
            "model": self.name,
            "base_url": f"{self.http}/chat/completions",
            "cost": COST,
            "options": {"body": body, "response": REPLY, "no_key": True},
        }


def serve(model: str, folder: Path) -> Iterator[Served]:
    files = models.cached_files(models.catalog()[model], models.cache_dir())
    if not files:
        pytest.skip("model not pulled: run `make models`")
    for part in ("server", "behind", "http", "proxy"):
        (folder / part).mkdir()
    with (
        serving(files[0], model, folder / "server", n_ctx=2048) as server,
        serving(files[0], model, folder / "behind", n_ctx=2048) as behind,
        serving(files[0], model, folder / "http", n_ctx=2048) as http,
        proxying({model: behind}, folder / "proxy") as proxy,
    ):
        yield Served(model, server, proxy, http)


@pytest.fixture(scope="module", params=[SMALL, pytest.param(QWEN, marks=pytest.mark.long)])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    yield from serve(request.param, tmp_path_factory.mktemp("served"))


Answer = tuple[str, str, str | None, tuple[tuple[str, str], ...]]


def came(folder: Path, role: str = "subject") -> dict[str, dict[tuple[Any, ...], Answer]]:
    """What each arm (or judge, or user) said, by task, sample and epoch."""
    found: dict[str, dict[tuple[Any, ...], Answer]] = defaultdict(dict)
    with ResultsStore.open(folder / "results", create=False, read_only=True) as store:
        run = store.runs()[-1].run_id
        store.verify(run)
        records: list[CallRecord] = list(store.records(run))
    for record in records:
        if record.call.role == role:
            call = record.call
            key = (call.task, call.sample_id, call.epoch)
            calls = tuple((one.name, one.arguments) for one in record.tool_calls)
            found[call.arm][key] = (record.outcome.value, record.text, record.finish_reason, calls)
    return found


def ran(bench: Bench, path: Path, *codes: int) -> Said:
    done = bench("run", str(path), "--trust", "--yes", "--json", timeout=900)
    assert done.code in codes, done.err
    return done


def same(said: Mapping[str, Mapping[tuple[Any, ...], Answer]], kinds: Mapping[str, Any]) -> None:
    """Every arm said the same, item by item, and something of every kind."""
    first, *others = said
    assert {task for task, _, _ in said[first]} == set(kinds)
    for other in others:
        assert said[other] == said[first], other


def test_texts_are_the_same_in_process_and_behind_every_peer(
    served: Served, bench: Bench, tmp_path: Path
) -> None:
    arms = [*(served.arm(way) for way in WAYS), served.system()]
    ran(bench, write(tmp_path, TEXTS, arms, load={"concurrency": 1}), 0)
    said = came(tmp_path)
    assert set(said) == {arm["name"] for arm in arms}
    same({way: one for way, one in said.items() if way != "local"}, TEXTS)
    apart = [key for key, one in said["local"].items() if said["server"][key] != one]
    # In process the opening that prompts share is evaluated once, apart from what follows.
    assert len(apart) <= (0 if served.name == SMALL else len(said["local"]) / 10), apart
    for row in bench("show", "--json").json["arms"]:
        assert dict(row["figures"])["n_missing"]["value"] == 0, row["arm"]


def test_judges_and_users_behind_peers(served: Served, bench: Bench, tmp_path: Path) -> None:
    """Each is asked between marks of its own, so that no two read the same text: all of them speak,
    and a judge's word is held by a grammar in process alone.
    """
    judges = [f"judge-{way}" for way in WAYS]
    users = [f"user-{way}" for way in WAYS]
    kinds = {**judged(judges), **compared(judges[1:]), **played(users)}
    path = write(
        tmp_path,
        kinds,
        [served.arm("local"), served.arm("local", name="warm", sampling={"temperature": 1})],
        judges=[served.arm(way, name=name) for way, name in zip(WAYS, judges, strict=True)],
        simulated_users=[served.arm(way, name=name) for way, name in zip(WAYS, users, strict=True)],
        allow=["self_judging", "judge_uncorrected"],
    )
    ran(bench, path, 0, 4)  # 4: a user was cut off, which ends that conversation
    spoke, words = came(tmp_path, "user"), came(tmp_path, "judge")
    for mine in came(tmp_path).values():
        lost = {task for (task, _, _), one in mine.items() if one[0] == "cancelled"}
        assert lost <= set(played(users))
    assert set(spoke) == set(users)
    assert set(words) == set(judges)
    heard = {"ok", "truncated"}
    unheard = {"empty", "cancelled", "ended"}  # there was no answer to read, or it was cut off
    for mine in (*words.values(), *spoke.values()):
        outcomes = {one[0] for one in mine.values()}
        assert outcomes & heard
        assert outcomes <= heard | unheard
    held = {one[1] for one in words["judge-local"].values() if one[0] == "ok"}
    assert held <= {"good", "bad"}


def test_calls_of_tools_are_left_in_the_text_by_the_server_and_the_run_says_so(
    served: Served, bench: Bench, tmp_path: Path
) -> None:
    claims = [
        {"id": way, "claim": "more accurate than local", "arm": way, "task": "tools"}
        for way in WAYS[1:]
    ]
    arms = [served.arm(way) for way in WAYS]
    allow = ["sampling.repeat_penalty", "answer_constraint", "truncation"]
    done = ran(bench, write(tmp_path, TOOLS, arms, claims=claims, allow=allow), 2)
    said = came(tmp_path)
    assert said["server"] == said["proxy"]
    assert not any(calls for arm in WAYS[1:] for _, _, _, calls in said[arm].values())
    shown = bench("show").out
    reasons = {one["claim"]["id"]: " ".join(one["reasons"]) for one in done.json["verdicts"]}
    if served.name == QWEN:  # its template knows tools; SmolLM2's does not, and drops them
        assert any(calls for _, _, _, calls in said["local"].values())
        for way in WAYS[1:]:
            assert f"{way} called no tool in" in shown
            assert "calls_in_text" in reasons[way]


def test_an_answer_space_is_held_in_process_alone(
    served: Served, bench: Bench, tmp_path: Path
) -> None:
    claims = [{"id": way, "claim": "as accurate as local", "arm": way} for way in WAYS[1:]]
    arms = [served.arm(way) for way in WAYS]
    for name, code in (("label", 2), ("json", 4)):
        folder = tmp_path / name
        folder.mkdir()
        path = write(folder, {name: HELD[name]}, arms, claims=claims)
        done = ran(bench, path, code)
        for verdict in done.json["verdicts"]:
            assert verdict["status"] == "not_comparable"
            assert "answer_constraint" in verdict["sentence"] or name == "json"
        said = came(tmp_path)
        assert said["server"] == said["proxy"]
        if name == "json":  # llama_cpp.server knows json_object alone, and says so by a 500
            assert {one[0] for one in said["server"].values()} == {"server_fault"}
        else:
            assert {one[1] for one in said["local"].values()} <= {"billing", "delivery", "tech"}
