"""What a good suite becomes: samples, clusters, prompts, JSON without loss, hashes that cover what
they say.
"""

from __future__ import annotations

import dataclasses
import json
import os
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.errors import IntegrityError, SuiteError
from claimbench.plan import prompts
from claimbench.suite.document import parse_yaml
from claimbench.suite.load import (
    json_schema,
    load_suite,
    measured_sha256,
    suite_from_json,
    suite_to_json,
)
from claimbench.suite.templates import identifier
from claimbench.types import (
    AnswerSpec,
    Call,
    Message,
    Sample,
    SamplingParams,
    ScorerSpec,
    Suite,
    Task,
)

PROVIDERS = ("llama_cpp", "openai")
REPO = Path(__file__).parents[3]

SUITE = """\
name: support
version: 2-1
description: a test
sampling: {temperature: 0, top_p: 1, seed: 7}
budget: {max_cost_usd: 0.10, per_arm_usd: {gpt-4.1: 2}}
load: {mode: open, arrivals: trace, trace_s: [0, 0.5, 2]}
allow: [answer_constraint]
thresholds: {accuracy: {local: 0.5}}
slo: {ttft_s: 2}
tasks:
  - name: route
    dataset:
      path: data/tickets.csv
      id: Ticket id
      target: intent
      cluster: thread
      slices: [language]
      columns: {text: "Ticket text"}
    prompt:
      - system: "Labels: {{ labels | join(', ') }}"
      - user: |
          Ticket:
          {{ text }}
    few_shot:
      - {Ticket text: "Where is my money?", intent: billing}
    answer: {type: label, labels: [billing, other]}
    scorers: [label, {name: exact, ignore_case: true}]
    max_tokens: 16
    stop: "\\n"
  - name: extract
    dataset:
      path: data/tickets.csv
      target: [order, amount]
      columns: {text: "Ticket text"}
    prompt:
      - role: user
        content: "{{ text }}"
    answer:
      type: json
      schema: {type: object, properties: {order: {type: [string, "null"]}, amount: {type: [number, "null"]}}}
    scorers: [{name: json_fields, fields: {order: exact, amount: numeric}}]
arms:
  - &local
    name: local
    provider: llama_cpp
    model: models/a.gguf
    cost: {host: {usd_per_hour: 0.2, dated: 2026-11-01}}
  - <<: *local
    name: local-gpu
    options: {n_gpu_layers: -1}
  - name: gpt-4.1
    provider: openai
    model: gpt-4.1
    sampling: {temperature: null, reasoning_effort: low}
claims:
  - claim: "90% cheaper than gpt-4.1"
    arm: local
    than: gpt-4.1
  - {id: fast, kind: fast, arm: local, threshold: 2, quantile: 0.95, slice: {language: de}, task: route}
"""
TICKETS = """\
Ticket id,Ticket text,intent,thread,language,order,amount
7,"I was charged
twice",billing,c1,en,A-17,"1,234.50"
8,Hallo,other,c2,de,,
9,Hallo,other,c3,,B-2,3
"""


def write(folder: Path, suite: str = SUITE, tickets: str = TICKETS) -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "tickets.csv").write_text(tickets)
    (folder / "suite.yaml").write_text(suite)
    return folder / "suite.yaml"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return load_suite(write(tmp_path), providers=PROVIDERS)


def test_samples(suite: Suite) -> None:
    first, second, third = suite.tasks[0].samples
    assert first.id == "7"
    assert first.target == "billing"
    assert first.cluster == "c1"
    assert first.input["text"] == "I was charged\ntwice"
    assert "intent" not in first.input  # the answer never reaches a template
    assert first.slices == {"language": "en"}
    assert third.slices == {"language": "(empty)"}
    assert [sample.metadata["line"] for sample in (first, second, third)] == [2, 4, 5]


def test_samples_with_the_same_input_share_a_cluster(suite: Suite) -> None:
    assert [sample.cluster for sample in suite.tasks[0].samples] == ["c1", "c2", "c2"]


def test_json_targets_from_columns_are_typed_by_the_schema(suite: Suite) -> None:
    targets = [sample.target for sample in suite.tasks[1].samples]
    assert targets == [
        {"order": "A-17", "amount": 1234.5},
        {"order": None, "amount": None},
        {"order": "B-2", "amount": 3},
    ]
    assert [sample.id for sample in suite.tasks[1].samples] == ["1", "2", "3"]


def test_json_target_that_breaks_the_schema(tmp_path: Path) -> None:
    with pytest.raises(
        SuiteError,
        match=r"tickets\.csv:5: the target does not fit the answer's schema: amount: 'many'",
    ):
        load_suite(
            write(tmp_path, tickets=TICKETS.replace("B-2,3", "B-2,many")), providers=PROVIDERS
        )


def test_arms(suite: Suite) -> None:
    local, gpu, gpt = suite.arms
    assert (local.device, gpu.device, gpt.device) == ("cpu", "gpu0", None)
    assert (
        gpu.cost_model == local.cost_model == {"host": {"usd_per_hour": 0.2, "dated": "2026-11-01"}}
    )
    assert local.params == SamplingParams(0.0, 1.0, 7, None)
    assert gpt.params == SamplingParams(None, 1.0, 7, "low")  # an explicit null overrides


def test_money_is_exact(suite: Suite) -> None:
    assert suite.budget.max_cost_usd == Decimal("0.1")
    assert suite.budget.per_arm_usd == {"gpt-4.1": Decimal(2)}


def test_claims_keep_what_was_written(suite: Suite) -> None:
    first, second = suite.claims
    assert (first.id, first.text) == ("90-percent-cheaper-than-gpt-4-1", "90% cheaper than gpt-4.1")
    assert first.raw == {"arm": ["local"], "than": ["gpt-4.1"]}
    assert first.line is not None
    assert SUITE.splitlines()[first.line - 1].strip().startswith('- claim: "90%')
    assert second.raw["slice"] == {"language": "de"}


def test_stop_and_scorers(suite: Suite) -> None:
    assert suite.tasks[0].stop == ("\n",)
    assert suite.tasks[0].scorers == (
        ScorerSpec("label"),
        ScorerSpec("exact", {"ignore_case": True}),
    )


def test_overrides_reach_named_things(tmp_path: Path) -> None:
    overrides = (
        "tasks.route.max_tokens=8",
        "arms.gpt-4.1.base_url=http://127.0.0.1:9",  # a name with a dot
        "arms.local-gpu.options.n_ctx=2048",
        "arms.2.concurrency=2",
        "claims.fast.threshold=3.5",
        "budget.max_cost_usd=",
        "sampling.seed=1",
    )
    suite = load_suite(write(tmp_path), providers=PROVIDERS, overrides=overrides)
    assert suite.tasks[0].max_tokens == 8
    assert suite.arms[2].base_url == "http://127.0.0.1:9"
    assert suite.arms[1].options == {"n_gpu_layers": -1, "n_ctx": 2048}
    assert suite.arms[2].concurrency == 2
    assert suite.claims[1].raw["threshold"] == 3.5
    assert suite.budget.max_cost_usd is None
    assert {arm.params.seed for arm in suite.arms} == {1}
    assert suite.options["overrides"] == list(overrides)


@pytest.mark.parametrize("name", ["local", "local-gpu"])
def test_an_engine_in_this_process_takes_one_request_at_a_time(tmp_path: Path, name: str) -> None:
    written = write(tmp_path)
    with pytest.raises(SuiteError, match=rf"arms.{name}.concurrency is 8.*one request at a time"):
        load_suite(written, providers=PROVIDERS, overrides=(f"arms.{name}.concurrency=8",))
    written.write_text(
        written.read_text().replace("    name: local\n", "    name: local\n    concurrency: 2\n")
    )
    with pytest.raises(SuiteError, match="llama_cpp decodes one") as error:
        load_suite(written, providers=PROVIDERS)
    assert error.value.line is not None
    assert "llama_server" in (error.value.hint or "")


def test_a_person_may_point_outside_by_override(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text(TICKETS)
    file = write(tmp_path / "suites")
    overrides = [f"tasks.{task}.dataset.path=../elsewhere.csv" for task in ("route", "extract")]
    assert len(load_suite(file, providers=PROVIDERS, overrides=overrides).tasks[0].samples) == 3


# -- prompts -----------------------------------------------------------------------------------------------------------


def test_render(suite: Suite) -> None:
    task = suite.tasks[0]
    assert prompts.render(task, task.samples[0]) == (
        Message("system", "Labels: billing, other"),
        Message("user", "Ticket:\nWhere is my money?"),
        Message("assistant", "billing"),
        Message("user", "Ticket:\nI was charged\ntwice"),
    )


def test_the_fixed_part_is_the_same_bytes_for_every_sample(suite: Suite) -> None:
    task = suite.tasks[0]
    assert len({prompts.render(task, sample)[:3] for sample in task.samples}) == 1


def make_task(
    user: str, system: str | None = None, few_shot_target: str | None = None, **inputs: object
) -> tuple[Task, Sample]:
    turns = ([Message("system", system)] if system else []) + [Message("user", user)]
    example = Sample("example 1", {"x": "ex"}, {"a": 1}, "e")
    task = Task(
        "t",
        (),
        tuple(turns),
        (example,),
        AnswerSpec("json"),
        (),
        5,
        few_shot_target=few_shot_target,
    )
    return task, Sample("s", inputs, "y", "s")


@pytest.mark.parametrize(("template", "value", "text"), [
    ("[{{ x }}]", None, "[]"),
    ("{% if x %}\nyes\n{% endif %}\nend", "a", "yes\nend"),
    ("{{ x }}", "<b>&'\"</b>", "<b>&'\"</b>"),  # no escaping: the model reads what the file says
    ("{{ x | tojson }}", {"é": "<"}, '{"é": "<"}'),
    ("{{ x }}", "{{ y }}", "{{ y }}"),  # data is never a template
    ("{{ 2 ** 10 }}{{ x * 2 }}", "ab", "1024abab"),
])  # fmt: skip
def test_templates(template: str, value: object, text: str) -> None:
    task, sample = make_task(template, x=value)
    assert prompts.render_turn(template, task, sample) == text


@pytest.mark.parametrize(("template", "part"), [
    ("{{ y }}", "'y' is undefined"),
    ("{{ x.__class__.__mro__ }}", "unsafe"),
    ("{{ ''.__class__ }}", "unsafe"),
    ("{% include 'secret' %}", "fails"),
    ("{{ x * 10000000000 }}", "repetition that long"),
    ("{{ 10 ** 100000 }}", "power that large"),
    ("{{ x + 1 }}", "TypeError"),
    ("{{ range(10000000) | list }}", "fails"),
    ("{{ [1, 2] | random }}", "random"),
])  # fmt: skip
def test_the_sandbox_holds(template: str, part: str) -> None:
    task, sample = make_task(template, x="v")
    if prompts.check_syntax(template) is not None:
        assert part in str(prompts.check_syntax(template))
        return
    with pytest.raises(SuiteError) as caught:
        prompts.render_turn(template, task, sample)
    assert part in caught.value.message


def test_the_answer_in_an_example() -> None:
    task, sample = make_task("{{ x }}", x="v")
    assert prompts.render(task, sample)[1] == Message("assistant", '{"a": 1}')
    task, sample = make_task("{{ x }}", few_shot_target="{{ x }} -> {{ target.a }}", x="v")
    assert prompts.render(task, sample)[1] == Message("assistant", "ex -> 1")


def test_build_request(suite: Suite) -> None:
    route, extract = suite.tasks
    call = Call("r", "c1", "route", "7", 0, "local", 99, 0)
    request = prompts.build_request(suite, route, route.samples[0], suite.arms[0], call)
    assert (request.call_id, request.seed, request.max_tokens, request.stop) == (
        "c1",
        99,
        16,
        ("\n",),
    )
    assert (request.labels, request.answer_schema, request.prefix_key) == (
        ("billing", "other"),
        None,
        "route",
    )
    assert request.params == suite.arms[0].params
    request = prompts.build_request(suite, extract, extract.samples[0], suite.arms[0], call)
    assert request.labels == ()
    assert request.answer_schema == extract.answer.schema
    free = dataclasses.replace(extract, answer=dataclasses.replace(extract.answer, constrain=False))
    assert (
        prompts.build_request(suite, free, extract.samples[0], suite.arms[0], call).answer_schema
        is None
    )


@given(st.text(min_size=1, max_size=30))
def test_every_column_name_becomes_a_variable(column: str) -> None:
    name = identifier(column)
    assert prompts.check_syntax("{{ " + name + " }}") is None
    assert prompts.variables("{{ " + name + " }}") == {name}


# -- JSON and hashes ---------------------------------------------------------------------------------------------------


def test_json_round_trip_is_lossless(suite: Suite) -> None:
    text = json.dumps(suite_to_json(suite), allow_nan=False)
    again = suite_from_json(json.loads(text))
    assert again == suite
    assert measured_sha256(again.tasks, again.sampling, again.epochs) == suite.measured_sha256


def test_damaged_or_newer_json_is_refused(suite: Suite) -> None:
    data = suite_to_json(suite)
    with pytest.raises(IntegrityError, match="schema 2, this ClaimBench reads 1"):
        suite_from_json({**data, "schema": 2})
    with pytest.raises(IntegrityError, match=r"damaged at epochs"):
        suite_from_json({**data, "epochs": "many"})


# what the hash must cover, and what it must not
COVERED = [
    ("temperature: 0,", "temperature: 1,"), ("Ticket:", "Mail:"), ("Where is my money", "Where is my cash"), ("[billing, other]", "[other, billing]"),
    ("scorers: [label,", "scorers: ["), ("max_tokens: 16", "max_tokens: 17"), ('stop: "\\n"', "stop: []"), ("slices: [language]", "slices: [language, thread]"),
    ("cluster: thread", "cluster: null"), ("budget: {max", "epochs: 2\nbudget: {max"),
]  # fmt: skip
NOT_COVERED = [
    ("a test", "another text"), ("version: 2-1", "version: 2-2"), ("n_gpu_layers: -1", "n_gpu_layers: 0"), ("90% cheaper", "80% cheaper"),
    ("max_cost_usd: 0.10", "max_cost_usd: 9"), ("name: support", "name: other"), ("ttft_s: 2", "ttft_s: 3"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), COVERED)
def test_the_measured_hash_covers(tmp_path: Path, suite: Suite, old: str, new: str) -> None:
    assert old in SUITE
    changed = load_suite(write(tmp_path / "b", SUITE.replace(old, new)), providers=PROVIDERS)
    assert changed.measured_sha256 != suite.measured_sha256


@pytest.mark.parametrize(
    "change",
    [
        ("Hallo,other,c2", "Hello,other,c2"),
        ('twice",billing', 'twice",other'),
        ("8,Hallo", "88,Hallo"),
    ],
)
def test_the_measured_hash_covers_the_rows(
    tmp_path: Path, suite: Suite, change: tuple[str, str]
) -> None:
    assert change[0] in TICKETS
    changed = load_suite(
        write(tmp_path / "b", tickets=TICKETS.replace(*change)), providers=PROVIDERS
    )
    assert changed.measured_sha256 != suite.measured_sha256


@pytest.mark.parametrize(("old", "new"), NOT_COVERED)
def test_the_measured_hash_leaves_out(tmp_path: Path, suite: Suite, old: str, new: str) -> None:
    assert old in SUITE
    changed = load_suite(write(tmp_path / "b", SUITE.replace(old, new)), providers=PROVIDERS)
    assert changed.measured_sha256 == suite.measured_sha256
    assert changed.file_sha256 != suite.file_sha256


def test_the_measured_hash_ignores_where_a_row_stands_and_how_the_file_is_written(
    tmp_path: Path, suite: Suite
) -> None:
    same = "\ufeff" + TICKETS.replace("\n8,", "\n\n8,")
    assert (
        load_suite(write(tmp_path / "b", tickets=same), providers=PROVIDERS).measured_sha256
        == suite.measured_sha256
    )


# -- schema and YAML ---------------------------------------------------------------------------------------------------


def test_the_published_schema_is_the_models() -> None:
    published = json.loads((REPO / "docs" / "suite.schema.json").read_text(encoding="utf-8"))
    assert published == json_schema(), "run `bench schema > docs/suite.schema.json`"


def test_the_schema_accepts_the_good_and_refuses_the_bad() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = parse_yaml(SUITE.encode(), "suite.yaml").data
    assert [error.message for error in validator.iter_errors(data)] == []
    assert not validator.is_valid({**data, "epoch": 1})
    assert not validator.is_valid({**data, "version": "one"})


def test_every_field_of_the_schema_helps() -> None:
    silent = [
        f"{name}.{key}"
        for name, part in json_schema()["$defs"].items()
        for key, field in part.get("properties", {}).items()
        if "description" not in field and "$ref" not in field and name != "RoleTurn"
    ]
    assert silent == []


def test_yaml_values_keep_their_kind() -> None:
    text = "a: yes\nb: 2026-11-01\nc: 010\nd: 1e3\ne: ~\nf: 'x'\nh: True\ni: 1-0\nj:\nk: 1_000\n"
    assert parse_yaml(text.encode(), "x").data == {
        "a": "yes",
        "b": "2026-11-01",
        "c": 10,
        "d": 1000.0,
        "e": None,
        "f": "x",
        "h": True,
        "i": "1-0",
        "j": None,
        "k": 1000,
    }


def test_merge_keys_and_their_lines() -> None:
    document = parse_yaml(b"a: &x\n  p: 1\n  q: 2\nb:\n  <<: *x\n  q: 3\n", "x")
    assert document.data["b"] == {"p": 1, "q": 3}
    assert document.line(("b", "p")) == 2
    assert document.line(("b", "q")) == 6
    assert document.line(("b", "none")) == 4


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), _SCALARS, min_size=1, max_size=5))
def test_json_is_yaml(data: dict[str, object]) -> None:
    try:
        text = json.dumps(data).encode()
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    if "\\ud" in text.decode():
        return  # JSON writes astral characters as two escapes, which YAML does not join
    assert parse_yaml(text, "x").data == data


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "x: &x\n  - [1, *x]\n"])
def test_an_alias_inside_itself_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(SuiteError, match="nested too deeply"):
        load_suite(tmp_path / "s.yaml")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in ("/dev/zero", tmp_path / "pipe.yaml"):
        with pytest.raises(SuiteError, match="not a regular file"):
            load_suite(path)
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(33 * 2**20)
    with pytest.raises(SuiteError, match="more than 32 MiB are not read"):
        load_suite(tmp_path / "huge.yaml")


ODD_VALUES = {
    "a line break in an address": ('base_url: "http://127.0.0.1:9/v1\\r\\nX: y"', "base_url"),
    "a tab in an address": ('base_url: "http://127.0.0.1:9/v1\\ta"', "U+0009"),
    "a direction override": ('base_url: "http://127.0.0.1:9/\\u202Ev1"', "U+202E"),
    "a port too high": ('base_url: "http://127.0.0.1:99999/v1"', "Port out of range"),
    "port 0": ('base_url: "http://127.0.0.1:0/v1"', "names no port"),
    "no host": ('base_url: "http://:80/v1"', "names no host"),
    "half an IPv6": ('base_url: "http://[::1/v1"', "is no address"),
    "hexadecimal": ("concurrency: 0x1F", "'0x1F' is not a decimal number"),
    "binary": ("concurrency: 0b11", "not a decimal number"),
    "octal": ("concurrency: 0o17", "not a decimal number"),
    "a month that is none": (
        "cost: {price: {input: 1, output: 1, dated: 2026-13-45}}",
        "dated is no date: '2026-13-45'",
    ),
    "a day to come": (
        "cost: {price: {input: 1, output: 1, dated: 2099-01-01}}",
        "is a day to come: 2099-01-01",
    ),
    "a host's day": ("cost: {host: {usd_per_hour: 1, dated: soon}}", "dated is no date"),
    "a training's day": (
        "cost: {host: {usd_per_hour: 1}, training: {usd: 1, requests: 5, dated: 2098-01-01}}",
        "is a day to come",
    ),
    "too much money": ("cost: {price: {input: '1e999999999', output: 1}}", "all the money"),
}


@pytest.mark.parametrize(("text", "said"), ODD_VALUES.values(), ids=ODD_VALUES)
def test_a_value_that_is_none_is_refused_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "d.csv").write_text("id,text,team\n1,a,x\n2,b,y\n")
    arm = f"  - name: a\n    provider: compatible\n    model: m\n    {text}\n"
    if "base_url" not in text:
        arm += '    base_url: "http://127.0.0.1:9/v1"\n'
    (tmp_path / "s.yaml").write_text(
        "name: t\nversion: 1-0\ntasks:\n  - name: route\n    dataset: {path: d.csv, id: id,"
        ' target: team}\n    prompt: [{user: "{{ text }}"}]\n    answer: {type: label, labels:'
        f" [x, y]}}\n    scorers: [label]\narms:\n{arm}"
    )
    with pytest.raises(SuiteError) as caught:
        load_suite(tmp_path / "s.yaml", providers=("compatible",))
    assert said in str(caught.value)
    assert caught.value.line in (10, 13)


@pytest.mark.parametrize(
    "text",
    [
        "errors: {backoff_s: 1e300}",
        "errors: {backoff_max_s: 1e9}",
        "errors: {timeout_s: 1e12}",
        "errors: {connect_timeout_s: 99999}",
        "load: {rate_per_s: 1e300}",
        'budget: {max_cost_usd: "1e999999999"}',
    ],
)
def test_a_wait_or_a_sum_without_end_is_refused(tmp_path: Path, text: str) -> None:
    head = f"name: t\nversion: 1-0\n{text}\n"
    (tmp_path / "s.yaml").write_text(f"{head}tasks: []\narms: []\n")
    with pytest.raises(SuiteError, match="out of range") as caught:
        load_suite(tmp_path / "s.yaml", providers=("compatible",))
    assert caught.value.line == 3


def keyed_suite(folder: Path, arm: str) -> Path:
    (folder / "d.csv").write_text("id,text,team\n1,a,x\n2,b,y\n")
    path = folder / "s.yaml"
    path.write_text(
        "name: t\nversion: 1-0\ntasks:\n  - name: route\n    dataset: {path: d.csv, id: id,"
        ' target: team}\n    prompt: [{user: "{{ text }}"}]\n    answer: {type: label, labels:'
        f" [x, y]}}\n    scorers: [label]\narms:\n  - {{name: a, provider: compatible, model: m, {arm}}}\n"
    )
    return path


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("OPENAI_API_KEY", "https://llm.example.com/v1"),
        ("OPENAI_API_KEY", "http://192.168.0.7:9893/v1"),
        ("ANTHROPIC_API_KEY", "https://api.openai.com/v1"),
        ("OPENAI_API_KEY", "https://api.openai.com.evil.example/v1"),
        ("OPENAI_API_KEY", "https://notapi.openai.com.example/v1"),
        ("AWS_SECRET_ACCESS_KEY", "http://127.0.0.1:9893/v1"),
        ("GITHUB_TOKEN", "https://api.openai.com/v1"),
        ("DATABASE_URL", "https://x.example/v1"),
        ("HF_TOKEN", "https://huggingface.co.example/v1"),
        ("AZURE_OPENAI_API_KEY", "https://azure.com.example/v1"),
    ],
)
def test_one_vendors_key_is_not_sent_to_another(tmp_path: Path, variable: str, url: str) -> None:
    arm = f'api_key_env: {variable}, base_url: "{url}"'
    with pytest.raises(SuiteError, match=f"{variable} is .* and would be sent to") as caught:
        load_suite(keyed_suite(tmp_path, arm), providers=("compatible",))
    assert caught.value.line == 10
    host = url.split("/")[2].split(":", maxsplit=1)[0]
    allowed = keyed_suite(tmp_path, f"{arm}, allow_key_on: {host}")
    assert load_suite(allowed, providers=("compatible",)).arms[0].api_key_env == variable


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("OPENAI_API_KEY", "https://api.openai.com/v1"),
        ("AZURE_OPENAI_API_KEY", "https://my.openai.azure.com/openai/v1"),
        ("HF_TOKEN", "https://x1.eu-west-1.aws.endpoints.huggingface.cloud/v1"),
        ("DASHSCOPE_API_KEY", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        ("AWS_BEARER_TOKEN_BEDROCK", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("OUR_OWN_KEY", "https://llm.example.com/v1"),
        ("OPENAI_API_KEY", "http://127.0.0.1:4000/v1"),
        ("ANTHROPIC_API_KEY", "http://localhost:4000/v1"),
    ],
)
def test_its_own_host_and_a_key_of_ones_own_are_fine(
    tmp_path: Path, variable: str, url: str
) -> None:
    path = keyed_suite(tmp_path, f'api_key_env: {variable}, base_url: "{url}"')
    assert load_suite(path, providers=("compatible",)).arms


@pytest.mark.parametrize("place", ["../outside.token", "/etc/hostname", "~/.aws/credentials"])
def test_a_file_from_elsewhere_is_no_key(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    (tmp_path / "outside.token").write_text("secret")
    path = keyed_suite(folder, f'api_key_file: "{place}", base_url: "http://127.0.0.1:9/v1"')
    with pytest.raises(SuiteError, match="leaves the suite's folder"):
        load_suite(path, providers=("compatible",))
    assert load_suite(path, providers=("compatible",), allow_outside=True).arms


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("model: m2, ", "", ["has no 'model'"]),
        ("provider: compatible, model: m2, ", "", ["has no 'provider' and no 'model'"]),
    ],
)
def test_all_fields_that_are_missing_are_named_together(
    tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    text = (
        "version: 1-0\n"
        "tasks: [{name: t, prompt: [{user: hi}]}]\n"
        "arms: [{name: two, provider: compatible, model: m2, base_url: 'http://127.0.0.1:1/v1'}]\n"
    )
    (tmp_path / "s.yaml").write_text(text.replace(old, new))
    with pytest.raises(SuiteError) as found:
        load_suite(tmp_path / "s.yaml")
    assert "the suite has no 'name'" in str(found.value)
    for one in [*words, "tasks.t (line 2) has no"]:
        assert one in str(found.value)
