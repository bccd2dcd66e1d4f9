"""One test per mistake a suite file can hold: the message names file, line, what was seen and what
was meant.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.suite.load import load_suite

PROVIDERS = ("llama_cpp", "openai")

GOOD = """\
name: support
version: 1-0
sampling: {temperature: 0}
budget: {max_cost_usd: 5}
tasks:
  - name: route
    dataset:
      path: tickets.jsonl
      id: id
      target: intent
      slices: [language]
    prompt:
      - system: "Labels: {{ labels | join(', ') }}"
      - user: |
          Ticket:
          {{ text }}
    few_shot:
      - {text: an example, intent: other}
    answer: {type: label, labels: [billing, other]}
    scorers: [label]
    max_tokens: 16
arms:
  - name: local
    provider: llama_cpp
    model: smollm2-135m-instruct-q4_1
  - name: gpt
    provider: openai
    model: gpt-5-mini
    api_key_env: OPENAI_API_KEY
claims:
  - claim: "90% cheaper than gpt"
    arm: local
    than: gpt
"""

ROWS = """\
{"id": "t1", "text": "I was charged twice", "intent": "billing", "language": "en"}
{"id": "t2", "text": "Hallo", "intent": "other", "language": "de"}
"""


@dataclasses.dataclass
class Place:
    folder: Path

    def load(
        self,
        suite: str = GOOD,
        rows: str | bytes = ROWS,
        name: str = "tickets.jsonl",
        **options: Any,
    ) -> object:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "suite.yaml").write_bytes(suite.encode())
        (self.folder / name).write_bytes(rows if isinstance(rows, bytes) else rows.encode())
        return load_suite(self.folder / "suite.yaml", providers=PROVIDERS, **options)

    def fails(self, suite: str = GOOD, rows: str | bytes = ROWS, **options: Any) -> SuiteError:
        with pytest.raises(SuiteError) as caught:
            self.load(suite, rows, **options)
        return caught.value


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "suites")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def edit(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new, 1)


def expect(error: SuiteError, file: str, line: int | None, *parts: str) -> None:
    assert Path(error.path).name == file, str(error)
    assert error.line == line, str(error)
    for part in parts:
        assert part in error.message or part in (error.hint or ""), (
            f"{part!r} not in {error} / {error.hint}"
        )
    assert "\n" not in error.message


def test_the_good_suite_is_good(place: Place) -> None:
    place.load()


# fmt: off
MISTAKES: list[tuple[Any, ...]] = [
    # unknown keys, missing keys, wrong kinds
    ("epochs", "sampling: {temperature: 0}", "epoch: 2\nsampling: {temperature: 0}", "epoch: 2", "unknown key 'epoch'", "did you mean 'epochs'?"),
    ("key in task", "    max_tokens: 16", "    max_token: 16", "max_token: 16", "unknown key 'max_token' in tasks.route", "did you mean 'max_tokens'?"),
    ("key in dataset", "      target: intent", "      traget: intent", "traget", "unknown key 'traget' in tasks.route.dataset", "'target'"),
    ("key in turn", '      - system: "Labels', '      - sytem: "Labels', "sytem", "unknown key 'sytem' in tasks.route.prompt[0]", "'system'"),
    ("key in sampling", "{temperature: 0}", "{temprature: 0}", "temprature", "unknown key 'temprature' in sampling", "'temperature'"),
    ("key in arm", "    provider: llama_cpp", "    provder: llama_cpp", "provder", "unknown key 'provder' in arms.local", "'provider'"),
    ("key in claim", "    than: gpt", "    then: gpt", "then: gpt", "unknown key 'then' in claims[0]", "'than'"),
    ("missing key", "    scorers: [label]\n", "", "  - name: route", "tasks.route has no 'scorers'"),
    ("empty value", "    model: gpt-5-mini", "    model:", "    model:\n", "arms.gpt.model is empty"),
    ("version as number", "version: 1-0", "version: 1.0", "version", "version: expected text, got 1.0", "1-0"),
    ("version pattern", "version: 1-0", "version: v1", "version", "expected N-X such as 1-0, got 'v1'"),
    ("whole number", "max_tokens: 16", "max_tokens: many", "max_tokens", "max_tokens: expected a whole number, got 'many'"),
    ("boolean for number", "max_tokens: 16", "max_tokens: true", "max_tokens", "expected a whole number, got True"),
    ("out of range", "{temperature: 0}", "{temperature: -1}", "temperature", "sampling.temperature: -1 is out of range; it must be at least 0"),
    ("zero tokens", "max_tokens: 16", "max_tokens: 0", "max_tokens", "must be at least 1"),
    ("enum", "type: label", "type: lable", "type: lable", "expected one of label, json, number, text, tool_call; got 'lable'", "did you mean 'label'?"),
    ("list wanted", "arms:\n  - name: local", "arms:\n  name: local\n  - name: x", None, "not YAML"),
    ("mapping wanted", "budget: {max_cost_usd: 5}", "budget: 5", "budget: 5", "budget: expected a mapping (key: value), got 5"),
    ("money", "{max_cost_usd: 5}", "{max_cost_usd: five}", "budget", "expected an amount of money, got 'five'"),
    ("negative money", "{max_cost_usd: 5}", "{max_cost_usd: -5}", "budget", "at least 0"),
    ("label not text", "[billing, other]", "[true, other]", "[true", "the label True is not text", "quotes"),
    ("name with slash", "name: support", "name: a/b", "a/b", "'a/b' cannot be a name"),
    ("blank turn", "      - user: |\n          Ticket:\n          {{ text }}\n", "      - user: ''\n", "user: ''", "is empty"),
    # references
    ("two arms", "  - name: gpt", "  - name: local", "  - name: local\n    provider: openai", "two arms are named 'local' (first on line 23)"),
    ("two tasks", "arms:\n", "  - name: route\n    dataset: {path: tickets.jsonl, target: intent}\n    prompt: [{user: '{{ text }}'}]\n    answer: {type: text}\n    scorers: [exact]\narms:\n", "  - name: route\n    dataset: {", "two tasks are named 'route' (first on line 6)"),
    ("unknown provider", "provider: openai", "provider: opnai", "opnai", "unknown provider 'opnai'; did you mean 'openai'?"),
    ("unknown scorer", "scorers: [label]", "scorers: [labl]", "labl", "unknown scorer 'labl'; did you mean 'label'?"),
    ("claim on unknown arm", "    arm: local", "    arm: locl", "arm: locl", "unknown arm 'locl'; did you mean 'local'?"),
    ("claim than unknown", "    than: gpt", "    than: [gpt, gtp]", "than: [", "unknown arm 'gtp'; did you mean 'gpt'?"),
    ("claim on unknown metric", "    than: gpt", "    than: gpt\n    metric: acuracy", "metric: acu", "unknown metric 'acuracy'; did you mean 'accuracy'?"),
    ("claim on unknown task", "    than: gpt", "    than: gpt\n    task: rout", "task: rout", "unknown task 'rout'; did you mean 'route'?"),
    ("claim on unknown slice", "    than: gpt", "    than: gpt\n    slice: {lang: de}", "slice:", "unknown slice column 'lang'; did you mean 'language'?"),
    ("claim with itself", "    than: gpt", "    than: local", "than: local", "compares 'local' with itself"),
    ("claim without words", '  - claim: "90% cheaper than gpt"\n    arm', "  - arm", "  - arm", "neither a text"),
    ("budget of unknown arm", "{max_cost_usd: 5}", "{per_arm_usd: {gtp: 1}}", "budget", "unknown arm 'gtp'; did you mean 'gpt'?"),
    ("threshold of unknown arm", "budget:", "thresholds: {accuracy: {loca: 0.5}}\nbudget:", "thresholds", "unknown arm 'loca'; did you mean 'local'?"),
    ("threshold on unknown metric", "budget:", "thresholds: {acuracy: {local: 0.5}}\nbudget:", "thresholds", "unknown threshold metric 'acuracy'; did you mean 'accuracy'?"),
    ("unknown slo", "budget:", "slo: {ttft: 2}\nbudget:", "slo", "unknown limit 'ttft'; did you mean 'ttft_s'?"),
    ("unknown allow", "budget:", "allow: [answer_constrain]\nbudget:", "allow", "did you mean 'answer_constraint'?"),
    # contradictions
    ("labels on text", "{type: label, labels: [billing, other]}", "{type: text, labels: [a, b]}", "type: text", "labels belong to `type: label`"),
    ("one label", "[billing, other]", "[billing]", "answer:", "two labels or more, got 1"),
    ("no labels", "{type: label, labels: [billing, other]}", "{type: label}", "answer:", "two labels or more, got 0"),
    ("labels alike", "[billing, other]", "[billing, other, Billing]", "answer:", "'billing' and 'Billing' differ in case at most"),
    ("json without schema", "{type: label, labels: [billing, other]}", "{type: json}", "answer:", "need schema or schema_file"),
    ("schema broken", "{type: label, labels: [billing, other]}", "{type: json, schema: {type: objct}}", "answer:", "not a JSON Schema"),
    ("constrain text", "{type: label, labels: [billing, other]}", "{type: text, constrain: true}", "answer:", "cannot be constrained"),
    ("rate in closed loop", "budget:", "load: {rate_per_s: 2}\nbudget:", "load:", "belongs to `mode: open`"),
    ("open without rate", "budget:", "load: {mode: open}\nbudget:", "load:", "needs load.rate_per_s"),
    ("scorer twice", "scorers: [label]", "scorers: [label, label]", "scorers", "the scorer 'label' stands twice"),
    ("last turn", "      - user: |", "      - assistant: |", "      - assistant", "the last turn is the assistant's; it must be the user's"),
    ("two targets", "target: intent", "target: [intent, language]", "target: [", "several target columns need answers of type json"),
    ("broken pattern", "target: intent", "target: intent\n      target_pattern: '('", "target_pattern", "not a regular expression"),
    ("base_url", "model: gpt-5-mini", "model: gpt-5-mini\n    base_url: localhost:8000", "base_url", "does not start with http"),
    ("cost basis", "model: gpt-5-mini", "model: gpt-5-mini\n    cost: {prices: {}}", "cost:", "arms.gpt.cost: no such key: 'prices'; did you mean 'price'?"),
    ("key in host cost", "model: smollm2", "cost:\n      host:\n        usd_per_hour: 1\n        utilization: 0.5\n    model: smollm2", "utilization", "no such key: 'utilization'; did you mean 'utilisation'?"),
    ("impossible host cost", "model: smollm2", "cost:\n      host:\n        usd_per_hour: 1\n        utilisation: 1.5\n    model: smollm2", "utilisation", "must lie in (0, 1], not 1.5"),
    ("contract without output", "model: gpt-5-mini", "model: gpt-5-mini\n    cost:\n      price: {input: 1}", "      price:", "lacks output"),
    ("scorer option", "scorers: [label]", "scorers: [{name: label, serch: true}]", "scorers:", "scorer label: unknown option 'serch'; did you mean 'search'?"),
    ("scorer option's value", "scorers: [label]", "scorers:\n      - name: label\n        search: 3", "search: 3", "scorer label: search: input should be a valid boolean, got 3"),
    ("scorer does not fit", "scorers: [label]", "scorers: [label, json_fields]", "scorers:", "json_fields needs answers of type json, not label"),
    ("scorer's pattern", "scorers: [label]", "scorers: [label, {name: regex, pattern: '('}]", "scorers:", "pattern: not a regular expression"),
    # columns and templates
    ("id column", "      id: id", "      id: idd", "id: idd", "has no column 'idd'; did you mean 'id'?", "columns: id, text, intent, language"),
    ("target column", "target: intent", "target: intend", "target: intend", "has no column 'intend'; did you mean 'intent'?"),
    ("slice column", "[language]", "[languages]", "slices", "has no column 'languages'; did you mean 'language'?"),
    ("mapped column", "target: intent", "target: intent\n      columns: {text: body}", "columns:", "has no column 'body'"),
    ("undefined variable", "{{ text }}", "{{ txt }}", "{{ txt }}", "undefined template variable 'txt'; did you mean 'text'?", "variables: id, labels, language, text"),
    ("variable in quoted turn", "labels | join", "lables | join", "lables", "undefined template variable 'lables'; did you mean 'labels'?"),
    ("target in prompt", "{{ text }}", "{{ intent }}", "{{ intent }}", "the target column: the prompt would hold the answer"),
    ("template syntax", "{{ text }}", "{{ text }", "{{ text }", "the template is broken"),
    ("constant prompt", "{{ text }}", "hello", "    prompt:", "the prompt uses no column"),
    ("few-shot label", "intent: other}", "intent: othr}", "othr", "'othr' is outside the answer space; did you mean 'other'?"),
    ("few-shot without input", "{text: an example, intent: other}", "{txt: an example, intent: other}", "{{ text }}", "undefined template variable 'text'"),
    ("few-shot is measured", "{text: an example,", "{text: Hallo,", "{text: Hallo", "asks the same as sample 't2'"),
    # files
    ("missing file", "path: tickets.jsonl", "path: ticket.jsonl", "path: ticket.", "the file 'ticket.jsonl' does not exist; did you mean 'tickets.jsonl'?"),
    ("folder as file", "path: tickets.jsonl", "path: .", "path: .", "is a folder"),
    ("path outside", "path: tickets.jsonl", "path: ../secret.jsonl", "path: ../", "leaves the suite's folder", "--allow-outside"),
    ("absolute path", "path: tickets.jsonl", "path: /etc/passwd", "path: /etc", "leaves the suite's folder"),
    ("model outside", "model: smollm2-135m-instruct-q4_1", "model: ../m.gguf", "model: ../", "leaves the suite's folder"),
    ("adapter outside", "model: smollm2-135m-instruct-q4_1", "model: m\n    options: {lora: {path: /x/a.gguf}}", "options", "leaves the suite's folder"),
    # YAML itself
    ("duplicate key", "version: 1-0", "version: 1-0\nname: again", "name: again", "duplicate key 'name' (first on line 1)"),
    ("tab", "    dataset:\n      path", "    dataset:\n\tpath", "\tpath", "a tab in the indentation", "spaces"),
    ("indentation", "    scorers: [label]", "   scorers: [label]", "   scorers: [label]", "not YAML", "indentation"),
    ("second colon", "name: support", "name: a: b", "name: a", "a second ':'"),
    ("unsafe tag", "version: 1-0", "version: !!python/object/apply:os.system [id]", "version", "the tag !!python/object/apply:os.system is not allowed"),
    ("private tag", "version: 1-0", "version: !secret 1-0", "version", "the tag !secret is not allowed"),
    ("unquoted braces", "- user: |\n          Ticket:\n          {{ text }}", "- user: {{ text }}", "- user: {{", "a mapping stands where a key should", "quotes"),
    ("nan", "{temperature: 0}", "{temperature: .nan}", ".nan", ".nan is not a finite number"),
    ("infinity", "{max_cost_usd: 5}", "{max_cost_usd: .inf}", ".inf", ".inf is not a finite number"),
    ("key not text", "budget: {max_cost_usd: 5}", "1: x", "1: x", "the key '1' is not text"),
    ("two documents", "arms:\n", "---\narms:\n", "---", "a second YAML document"),
    ("unknown alias", "version: 1-0", "version: *v", "version", "undefined alias 'v'", "quotes"),
]
# fmt: on


@pytest.mark.parametrize(
    ("old", "new", "at", "parts"),
    [(m[1], m[2], m[3], m[4:]) for m in MISTAKES],
    ids=[m[0] for m in MISTAKES],
)
def test_a_mistake_in_the_suite(
    place: Place, old: str, new: str, at: str | None, parts: tuple[str, ...]
) -> None:
    text = edit(old, new)
    error = place.fails(text)
    expect(error, "suite.yaml", line_of(text, at) if at is not None else error.line, *parts)
    assert error.line is not None


# fmt: off
BAD_ROWS: list[tuple[Any, ...]] = [
    ("no rows", "", 1, "the dataset is empty"),
    ("blank lines only", "\n\n", 1, "the dataset is empty"),
    ("row without input", ROWS + '{"id": "t3", "txt": "x", "intent": "other", "language": "en"}\n', 3, "the row has no 'text'", "did you mean 'txt'?"),
    ("row with empty input", ROWS + '{"id": "t3", "text": " ", "intent": "other", "language": "en"}\n', 3, "empty input: nothing in text"),
    ("empty target", ROWS + '{"id": "t3", "text": "x", "intent": "", "language": "en"}\n', 3, "empty target (column 'intent')"),
    ("null target", ROWS + '{"id": "t3", "text": "x", "intent": null, "language": "en"}\n', 3, "empty target"),
    ("label outside", ROWS + '{"id": "t3", "text": "x", "intent": "biling"}\n', 3, "target 'biling' is outside the answer space; did you mean 'billing'? (column 'intent')", "labels: billing, other"),
    ("object as target", ROWS + '{"id": "t3", "text": "x", "intent": ["other"]}\n', 3, "target is ['other']", "(column 'intent')"),
    ("mapping as target", ROWS + '{"id": "t3", "text": "x", "intent": {"a": 1}}\n', 3, "target is {'a': 1}", "(column 'intent')"),
    ("mapping as id", ROWS + '{"id": {"a": 1}, "text": "x", "intent": "other"}\n', 3, "no single value (column 'id')"),
    ("list as slice", ROWS + '{"id": "t3", "text": "x", "intent": "other", "language": ["en"]}\n', 3, "slice is ['en'], no single value (column 'language')"),
    ("duplicate id", ROWS + '\n{"id": "t1", "text": "x", "intent": "other"}\n', 4, "duplicate sample id 't1' (first on line 1)"),
    ("empty id", ROWS + '{"id": "", "text": "x", "intent": "other"}\n', 3, "empty id (column 'id')"),
    ("broken JSON", ROWS + '{"id": "t3", "text": "x", }\n', 3, "not JSON", "column 2"),
    ("not an object", ROWS + '["t3"]\n', 3, "expected a JSON object on each line, got ['t3']"),
    ("NaN", ROWS + '{"id": "t3", "text": NaN, "intent": "other"}\n', 3, "NaN is not JSON"),
    ("infinite by size", ROWS + '{"id": "t3", "text": 1e999, "intent": "other"}\n', 3, "a number too large"),
    ("duplicate key", ROWS + '{"id": "t3", "text": "x", "text": "y", "intent": "other"}\n', 3, "duplicate key 'text'"),
    ("half a surrogate", ROWS + '{"id": "t3", "text": "\\ud800", "intent": "other"}\n', 3, "surrogate"),
    ("wrong byte", ROWS.encode() + b'{"id": "t3", "text": "caf\xe9", "intent": "other"}\n', 3, "not UTF-8: byte 0xe9 at position 26 of the line", "encoding: cp1252"),
]
# fmt: on


@pytest.mark.parametrize(
    ("rows", "line", "parts"), [(m[1], m[2], m[3:]) for m in BAD_ROWS], ids=[m[0] for m in BAD_ROWS]
)
def test_a_mistake_in_the_data(
    place: Place, rows: str | bytes, line: int, parts: tuple[str, ...]
) -> None:
    expect(place.fails(rows=rows), "tickets.jsonl", line, *parts)


def test_a_key_in_place_of_its_variable_is_not_printed(place: Place) -> None:
    error = place.fails(edit("OPENAI_API_KEY", "sk-live-1234567890"))
    expect(error, "suite.yaml", 29, "not the name of an environment variable", "revoke")
    assert "1234567890" not in str(error) + str(error.hint)


def test_missing_suite_lists_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "support.yaml").write_text(GOOD)
    with pytest.raises(SuiteError) as caught:
        load_suite(tmp_path / "suport.yaml")
    expect(caught.value, "suport.yaml", None, "cannot be read: No such file", "support.yaml")


@pytest.mark.parametrize(("raw", "line", "part"), [
    (b"", None, "empty"),
    (b"# only a comment\n", None, "empty"),
    (b"- a\n- b\n", 1, "a suite is a mapping"),
    (b"name: caf\xe9\n", 1, "not UTF-8: byte 0xe9 at position 10 of the line"),
    (b"name: ok\nx: \x07\n", 2, "not YAML"),
    (b"[" * 5000, None, "nested too deeply"),
])  # fmt: skip
def test_a_file_that_is_no_suite(tmp_path: Path, raw: bytes, line: int | None, part: str) -> None:
    file = tmp_path / "suite.yaml"
    file.write_bytes(raw)
    with pytest.raises(SuiteError) as caught:
        load_suite(file)
    expect(caught.value, "suite.yaml", line, part)


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    lines = ["a: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    file = tmp_path / "suite.yaml"
    file.write_text("\n".join(lines))
    with pytest.raises(SuiteError, match="values once aliases are expanded"):
        load_suite(file)


def test_symlink_out_of_the_folder_is_outside(place: Place, tmp_path: Path) -> None:
    place.folder.mkdir()
    (tmp_path / "secret.jsonl").write_text(ROWS)
    (place.folder / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    text = edit("tickets.jsonl", "link.jsonl")
    expect(place.fails(text), "suite.yaml", 8, "the path 'link.jsonl' leaves the suite's folder")
    place.load(text, allow_outside=True)


@pytest.mark.parametrize(("override", "parts"), [
    ("arms.gtp.model=x", ("--set arms.gtp.model=x: nothing in 'arms' is named 'gtp'", "did you mean 'gpt'?")),
    ("arms.gpt.modl=x", ("--set arms.gpt.modl=x: unknown key 'modl' in arms.gpt", "did you mean 'model'?")),
    ("tasks.route.max_tokens=0", ("--set tasks.route.max_tokens=0: tasks.route.max_tokens: 0 is out of range",)),
    ("name.x=1", ("'name' is 'support', not a mapping",)),
    ("nonsense", ("write KEY.KEY=VALUE",)),
])  # fmt: skip
def test_a_wrong_override_names_itself(place: Place, override: str, parts: tuple[str, ...]) -> None:
    expect(place.fails(overrides=(override,)), "suite.yaml", None, *parts)


def test_only_one_error_at_a_time_and_the_cause_first(place: Place) -> None:
    # `promt` makes `prompt` missing; the message must name the misspelling, not its consequence
    text = edit("    prompt:", "    promt:")
    expect(
        place.fails(text),
        "suite.yaml",
        line_of(text, "promt"),
        "unknown key 'promt'",
        "did you mean 'prompt'?",
    )


def test_errors_print_as_path_line_message(place: Place) -> None:
    error = place.fails(edit("type: label", "type: lable"))
    assert re.match(r".*suite\.yaml:19: tasks\.route\.answer\.type: ", str(error))


@pytest.mark.parametrize(("schema", "file", "line", "part"), [
    ("{}", "suite.yaml", None, ""),
    ("[1]", "suite.yaml", 19, "a JSON Schema is an object, got [1]"),
    ("true", "suite.yaml", 19, "a JSON Schema is an object, got True"),
    ('{"type":\n"objct"}', "suite.yaml", 19, "not a JSON Schema: type: 'objct'"),
    ('{"type":\n"object"', "schema.json", 2, "not JSON"),
    ('{"type": "object", "required": ["x"]}', "tickets.jsonl", 1, "the target does not fit the answer's schema: 'x' is a required"),
])  # fmt: skip
def test_a_schema_file(place: Place, schema: str, file: str, line: int | None, part: str) -> None:
    rows = ROWS.replace('"billing"', '{"a": 1}').replace('"other"', '{"a": 2}')
    text = edit("{type: label, labels: [billing, other]}", "{type: json, schema_file: schema.json}")
    text = edit(
        "[label]",
        "[json_fields]",
        edit(
            "labels | join(', ')",
            "language",
            edit("intent: other}", "intent: {a: 3}, language: x}", text),
        ),
    )
    place.folder.mkdir()
    (place.folder / "schema.json").write_text(schema)
    if not part:
        place.load(text, rows)
        return
    expect(place.fails(text, rows), file, line, part)
