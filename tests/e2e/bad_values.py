"""A table of bad input, made by kind: every value of a suite, every file of rows and every option of
the command line, each with values that it cannot have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SUITE = """\
name: desk
version: 1-0
description: words
sampling: {temperature: 0.5, top_p: 0.9, seed: 1}
epochs: 2
margin: 0.03
alpha: 0.05
population: super
stop: never
budget: {max_cost_usd: 2.5, per_arm_usd: {api: 1}}
errors: {max_retries: 2, backoff_s: 0.5, timeout_s: 20, connect_timeout_s: 2, stop_arm_after: 5}
load: {mode: closed, concurrency: 2}
order: {seed: 1}
slo: {ttft_s: 2}
thresholds: {accuracy: {own: 0.5}}
tasks:
  - name: route
    dataset: {path: rows.csv, id: id, target: team, cluster: person}
    prompt:
      - {system: "One of {{ labels | join(', ') }}"}
      - {user: "{{ text }}"}
    answer: {type: label, labels: [billing, tech]}
    scorers: [label]
    max_tokens: 8
arms:
  - name: own
    provider: compatible
    model: m
    weights: open
    concurrency: 3
    base_url: "http://127.0.0.1:{port}/v1"
    cost: {host: {usd_per_hour: 1, source: test, dated: 2026-01-01}}
    serve: {command: "serve {model} {port}", ready_within_s: 30, warmup: 1, env: {A: b}}
  - name: api
    provider: openai
    model: big-1
    base_url: https://models.example/v1
    api_key_env: SOME_KEY
    limits: {rpm: 100, tpm: 1000}
    cost: {price: {input: 1, output: 4, source: test, dated: 2026-01-01}}
claims:
  - {id: c1, claim: "90% cheaper than api", arm: own}
"""
ROWS = "id,text,team,person\n" + "".join(
    f"t{i},ticket {i},{'billing' if i % 2 else 'tech'},p{i}\n" for i in range(6)
)

HUGE = "9" * 400
NUMBERS = ("many", "[1]", "{a: 1}", ".nan", ".inf", "-.inf", HUGE, "1e999", "true", "'1; 2'")
WORDS = ("[a]", "{a: b}", "12", "true", "''", '"\\0"', '"a\\eb"', "a/b")
LISTS = ("5", "words here", "{a: b}")
SCALARS: dict[str, tuple[str, ...]] = {
    "name: desk": WORDS,
    "version: 1-0": ("1.0", "v1", "[1]", "''", "true"),
    "temperature: 0.5": (*NUMBERS, "-1"),
    "top_p: 0.9": (*NUMBERS, "-1", "2"),
    "seed: 1}\nepochs": tuple(f"{v}}}\nepochs" for v in NUMBERS),
    "epochs: 2": (*NUMBERS, "0", "-1", "1.5"),
    "margin: 0.03": (*NUMBERS, "-1", "2"),
    "alpha: 0.05": (*NUMBERS, "0", "1"),
    "population: super": ("superb", "1", "[super]", "''"),
    "stop: never": ("nix", "1", "[never]", "''"),
    "max_cost_usd: 2.5": (*NUMBERS, "-1"),
    "per_arm_usd: {api: 1}": ("{nobody: 1}", "{api: -1}", "5", "[api]", "{api: .nan}"),
    "max_retries: 2": (*NUMBERS, "-1", "1.5", "1000000"),
    "backoff_s: 0.5": (*NUMBERS, "-1", "1e300"),
    "timeout_s: 20,": tuple(f"{v}," for v in (*NUMBERS, "0", "-1", "1e300")),
    "stop_arm_after: 5": (*NUMBERS, "0", "-1"),
    "mode: closed": ("half", "1", "[closed]"),
    "{mode: closed, concurrency: 2}": (
        "{mode: closed, concurrency: 0}",
        "{mode: closed, concurrency: x}",
        "{mode: closed, concurrency: 1e99}",
        "{mode: open}",
        "5",
    ),
    "order: {seed: 1}": ("{seed: x}", "{seed: .nan}", "{limit_by: moon}", "5"),
    "slo: {ttft_s: 2}": ("{ttft_s: -1}", "{moon: 1}", "{ttft_s: .nan}", "5"),
    "thresholds: {accuracy: {own: 0.5}}": (
        "{accuracy: {moon: 1}}",
        "{moon: {own: 1}}",
        "{accuracy: 5}",
        "{accuracy: {own: .nan}}",
    ),
    "path: rows.csv": ("none.csv", "/etc/passwd", "../rows.csv", "5", "''", '"a\\0b"', "."),
    "id: id,": ("nix,", "5,", "[id],", "id, delimiter: '',", "id, delimiter: ab,", "id, limit: 0,"),
    "target: team": ("nix", "5", "{a: b}", "text.team"),
    "cluster: person": ("nix", "5"),
    '{user: "{{ text }}"}': (
        '{user: "{{ nix }}"}',
        '{user: "{{ text"}',
        '{user: "{% for %}"}',
        '{user: "{{ text.__class__.__mro__ }}"}',
        '{user: "{{ (9**999)**999 }}"}',
        "{usr: x}",
        "{user: 5}",
        "5",
        '{user: "{{ text | nix }}"}',
        "{user: '" + "(" * 50 + "{{ " + "(" * 300 + "text'}",
    ),
    "answer: {type: label, labels: [billing, tech]}": (
        "{type: lable, labels: [billing, tech]}",
        "{type: label}",
        "{type: label, labels: []}",
        "{type: label, labels: [" + ", ".join(f"l{n}" for n in range(20_001)) + "]}",
        "{type: label, labels: [billing]}",
        "{type: label, labels: [billing, billing]}",
        "{type: label, labels: [billing, 5]}",
        "label",
        "{type: json}",
        "{type: json, json_schema: 5}",
        "{type: json, json_schema: {type: nix}}",
    ),
    "scorers: [label]": (
        "[]",
        "[nix]",
        "label",
        "[{name: regex}]",
        "[{name: regex, pattern: '('}]",
        "[{name: regex, pattern: 5}]",
        "[label, label]",
        "[{name: judge, by: nobody}]",
        "[5]",
        "[{nix: 1}]",
    ),
    "max_tokens: 8": (*NUMBERS, "0", "-1", "1.5"),
    "name: own": WORDS,
    "provider: compatible": ("nix", "5", "[openai]", "''"),
    "model: m\n": ("\n", "[m]\n", "{a: b}\n", "''\n"),
    "weights: open": ("ajar", "5", "[open]"),
    "concurrency: 3": (*NUMBERS, "0", "-1"),
    'base_url: "http://127.0.0.1:{port}/v1"': (
        "base_url: 127.0.0.1",
        "base_url: ftp://x",
        "base_url: http://",
        "base_url: http://x:99999/v1",
        "base_url: http://x:port/v1",
        'base_url: "http://x/\\r\\nX: y"',
        "base_url: http://me:word12345@x/v1",
        "base_url: 'http://[::1/v1'",
        "base_url: 5",
        "base_url: http://x y/v1",
        'base_url: "http://x/{port}{nix}\\0"',
    ),
    "usd_per_hour: 1,": tuple(f"{v}," for v in (*NUMBERS, "-1")),
    "dated: 2026-01-01}}\n    serve": tuple(
        f"{v}}}}}\n    serve" for v in ("2026-13-45", "2099-01-01", "soon", "[1]", "2026-1-1")
    ),
    'command: "serve {model} {port}"': (
        "command: []",
        "command: ''",
        "command: 5",
        "command: [5]",
        "command: 'serve {nix}'",
        "command: {a: b}",
        "command: 'serve \"open'",
        "command: 'serve --api-key abcdefgh12345678'",
    ),
    "ready_within_s: 30": (*NUMBERS, "0", "-1", "1e300"),
    "warmup: 1": (*NUMBERS, "-1", "1.5", "1000"),
    "warmup: 1, env": tuple(
        f"warmup: 1, health: {v}, env"
        for v in (
            "5",
            "'file:///etc/passwd'",
            "127.0.0.1",
            "'ftp://x/'",
            "''",
            "[a]",
            "'http://{nix}'",
        )
    ),
    "env: {A: b}": ("{A: [b]}", "5", "[A]", "{HF_TOKEN: hf_abcdefghijklmnopqrstuvw}"),
    "api_key_env: SOME_KEY": (
        "api_key_env: sk-abcdefghijklmnopqrst",
        "api_key_env: 5",
        "api_key_env: 'A B'",
        "api_key_env: AWS_SECRET_ACCESS_KEY",
        "api_key_env: ANTHROPIC_API_KEY",
        "api_key_file: ../key",
        "api_key_file: /etc/passwd",
    ),
    "rpm: 100": (*NUMBERS, "0", "-1"),
    "tpm: 1000": (*NUMBERS, "0", "-1"),
    "input: 1,": tuple(f"{v}," for v in (*NUMBERS, "-1")),
    "arm: own}": ("arm: nobody}", "arm: 5}", "arm: []}", "arm: api, than: api}"),
    '"90% cheaper than api"': ('"90% nicer"', "5", "[a]", "''"),
    "claims:": ("claim:", "5:", "- x:", "claims: 5\nx:"),
    "tasks:": ("task:", "tasks: []\nx:", "? [a]\n:", "tasks: &a [*a]\nx:"),
    "claims:\n": (
        "claims: [" + "{claim: 90% cheaper than api, arm: own}," * 301 + "]\nx:\n",
        "claims: [{claim: " + "at least " * 1000 + "good}]\nx:\n",
    ),
    "description: words": ("description: [a]", "description: &a [*a]", "nix: 1", "<<: *nix"),
}
"""A piece of :data:`SUITE` -> what stands after its key (or instead of it) in its place."""

WHOLE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\n",
    "null": b"null\n",
    "a list": b"- a\n",
    "a word": b"word\n",
    "two documents": b"name: a\n---\nname: b\n",
    "not UTF-8": b"name: \xff\xfe\n",
    "NUL": b"name: a\0b\n",
    "a tag": b"name: !!python/object/apply:os.system [id]\n",
    "a bomb": b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nname: *c\n",
    "deep": b"a: " + b"[" * 5000,
    "duplicate keys": b"name: a\nname: b\n",
    "a tab": b"name:\n\t- a\n",
    "a surrogate": b'name: "\\ud800"\n',
    "UTF-16": "name: a\n".encode("utf-16"),
    "a workbook": b"PK\x03\x04" + b"\0" * 50,
}

FILES: dict[str, bytes] = {
    "empty": b"",
    "head alone": b"id,text,team,person\n",
    "no target": b"id,text,person\n1,a,p\n",
    "ragged": b"id,text,team,person\n1,a\n",
    "too wide": b"id,text,team,person\n1,a,billing,p,x,y,z\n",
    "open quote": b'id,text,team,person\n1,"a,billing,p\n',
    "duplicate id": ROWS.encode() + b"t0,again,billing,p9\n",
    "duplicate column": b"id,text,text,team,person\n1,a,b,billing,p\n",
    "empty target": b"id,text,team,person\n1,a,,p\n",
    "other label": b"id,text,team,person\n1,a,sales,p\n",
    "blank lines": b"\n\n\n",
    "binary": bytes(range(256)) * 4,
    "UTF-16 torn": ROWS.encode("utf-16")[:-1],
    "JSON": json.dumps([{"id": 1}]).encode(),
    "HTML": b"<html><body>404</body></html>",
    "huge field": b"id,text,team,person\n1," + b"x" * 200_000 + b",sales,p\n",
    "one column": b"id\n1\n2\n",
    "GZIP by name alone": b"\x1f\x8b\x08\x00broken",
}

LINES: dict[str, bytes] = {
    "huge integer": b'{"id": ' + b"9" * 5000 + b"}",
    "lone surrogate": b'{"id": "a", "text": "\\ud800", "team": "billing", "person": "p"}',
    "NaN": b'{"id": "a", "text": NaN, "team": "billing", "person": "p"}',
    "list": b"[1, 2]",
    "deep": b'{"id": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    "torn": b'{"id": "a", "text": ',
    "not JSON": b"id: a",
    "NUL": b'{"id": "a\0"}',
    "number": b"5",
    "object for text": b'{"id": "a", "text": {}, "team": {}, "person": "p"}',
    "no target": b'{"id": "a", "text": "b", "person": "p"}',
    "duplicate key": b'{"id": "a", "id": "b", "text": "x", "team": "sales", "person": "p"}',
}

IMPORTS: dict[str, bytes] = {
    "a.json": b"{}",
    "b.json": b"[]",
    "c.json": b"5",
    "d.json": b"",
    "e.json": b'{"a": ' + b"9" * 5000 + b"}",
    "f.json": b"[" * 100_000,
    "g.json": b'{"results": 5, "config": 5}',
    "h.json": b'{"eval": 5, "plan": {"config": 5}, "version": 2, "status": "success"}',
    "i.json": b'{"eval": {"model": "m", "task": "t", "created": 1e300}, "version": 2,'
    b' "status": "success", "samples": 5}',
    "j.json": b'{"results": {"t": {"acc": "NaN"}}, "configs": [], "config": {"model": 5}}',
    "k.json": b'{"results": {"results": [5, null]}}',
    "l.jsonl": b"5\n",
    "m.jsonl": b"{}\n",
    "n.jsonl": b'{"doc_id": 1e999, "resps": 5, "filtered_resps": 5, "doc": 5, "arguments": 5}\n',
    "o.csv": b"",
    "p.csv": b"a,b\n",
    "q.csv": b"arm,item,score\nx,1,many\n",
    "r.csv": b"arm,item,score\nx,1," + b"9" * 400 + b"\n",
    "s.csv": b"arm,item,score\n,,\n",
    "t.csv": b"arm,item,score\nx,1,1\nx,1,0\n",
    "u.eval": b"PK\x05\x06" + b"\0" * 18,
    "v.eval": b"not a zip",
    "w.xlsx": b"PK\x03\x04 broken",
    "x.parquet": b"PAR1PAR1",
    "y.txt": b"\xff\xfe\x00",
    "z.json": b'{"metadata": {"request_start_ns": "x"}, "metrics": 5}',
}

OPTIONS: tuple[tuple[str, ...], ...] = (
    ("nix",),
    ("run",),
    ("run", "none.yaml"),
    ("run", "."),
    ("run", "s.yaml", "--limit", "0"),
    ("run", "s.yaml", "--limit", "x"),
    ("run", "s.yaml", "--limit", "9" * 5000),
    ("run", "s.yaml", "--max-cost", "0"),
    ("run", "s.yaml", "--max-cost", "-1"),
    ("run", "s.yaml", "--max-cost", "nan"),
    ("run", "s.yaml", "--max-cost", "inf"),
    ("run", "s.yaml", "--max-cost", "1e999999999"),
    ("run", "s.yaml", "--max-cost", "x"),
    ("run", "s.yaml", "--arm", "nobody"),
    ("run", "s.yaml", "--set", "x"),
    ("run", "s.yaml", "--set", "nix=1"),
    ("run", "s.yaml", "--set", "epochs=" + "9" * 5000),
    ("run", "s.yaml", "--set", "epochs=[[["),
    ("run", "s.yaml", "--set", "tasks.nobody.max_tokens=1"),
    ("run", "s.yaml", "--set", "=1"),
    ("run", "s.yaml", "--set", "epochs=&a [*a]"),
    ("run", "s.yaml", "--wait-idle", "nan"),
    ("run", "s.yaml", "--wait-idle", "-1"),
    ("run", "s.yaml", "--results", "rows.csv"),
    ("run", "--resume", "latest"),
    ("run", "--resume", "../x"),
    ("run", "s.yaml", "--retry-missing"),
    ("run", "s.yaml", "--nix"),
    ("validate", "s.yaml", "s.yaml"),
    ("validate", "rows.csv"),
    ("validate", "/dev/null"),
    ("plan", "s.yaml", "--limit", "-1"),
    ("plan", "s.yaml", "--pilot", "nix"),
    ("plan", "s.yaml", "--arm", "nobody"),
    ("show",),
    ("show", "nix"),
    ("show", "--results", "none"),
    ("show", "--results", "rows.csv"),
    ("report", "../x"),
    ("report", "--results", "/dev/null"),
    ("check", "--junit", "/proc/nix/x.xml"),
    ("check", "--results", "rows.csv"),
    ("export", "--format", "nix"),
    ("export", "--output", "/proc/nix/x"),
    ("import",),
    ("import", "none.csv"),
    ("import", "."),
    ("import", "rows.csv", "--from", "nix"),
    ("import", "rows.csv", "--column", "x"),
    ("import", "rows.csv", "--column", "score=nix"),
    ("labels", "import", "none.csv"),
    ("labels", "import", "rows.csv"),
    ("labels", "export", "--output", "/proc/nix/x"),
    ("reprice", "--price", "x"),
    ("reprice", "--as-of", "soon"),
    ("reprice", "--book", "none.yaml"),
    ("prices", "nix"),
    ("prices", "show", ""),
    ("claims", "explain", ""),
    ("claims", "explain", "(" * 5000),
    ("claims", "explain", "9" * 5000 + "% cheaper"),
    ("claims", "explain", "\ud800"),
    ("claims", "explain", "90% cheaper than x", "--accuracy", "nan"),
    ("claims", "explain", "90% cheaper than x", "--accuracy", "2"),
    ("claims", "explain", "90% cheaper than x", "--disagreement", "-1"),
    ("claims", "explain", "as good as x", "--true-effect", "inf"),
    ("init", "none.csv"),
    ("init", "."),
    ("init", "rows.csv", "--target", "nix"),
    ("init", "rows.csv", "--output", "/proc/nix/x.yaml"),
    ("init", "rows.csv", "--delimiter", "::"),
    ("init", "rows.csv", "--delimiter", "\n"),
    ("init", "rows.csv", "--quote", "''"),
    ("init", "rows.csv", "--seed", "x"),
    ("init", "rows.csv", "--max-rows", "0"),
    ("init", "rows.csv", "--encoding", "nix"),
    ("init", "rows.csv", "--delimiter", ""),
    ("trust", "none.yaml"),
    ("trust", "rows.csv"),
    ("sweep", "s.yaml"),
    ("sweep", "s.yaml", "--arm", "nobody"),
    ("sweep", "s.yaml", "--arm", "api", "--concurrency", "4,2"),
    ("sweep", "s.yaml", "--arm", "api", "--concurrency", "9" * 5000),
    ("sweep", "s.yaml", "--arm", "api", "--seconds", "nan"),
    ("doctor", "--call"),
    ("doctor", "--suite", "none.yaml"),
    ("models", "pull", "nix"),
    ("models", "nix"),
    ("schema", "x"),
    ("list", "--results", "rows.csv"),
    ("providers", "x"),
    ("bundle",),
    ("bundle", "--output", "x.zip"),
    ("bundle", "--new-key", "/proc/nix/k"),
    ("bundle", "--new-key", "rows.csv"),
    ("bundle", "--output", "x.zip", "--key", "none"),
    ("bundle", "--output", "x.zip", "--redact", "nix"),
    ("verify",),
    ("verify", "rows.csv", "--digest", "nix"),
    ("verify", "rows.csv", "--digest", "9" * 5000),
    ("verify", "rows.csv", "--key", "none.pub"),
    ("verify", "rows.csv", "--key", "rows.csv"),
    ("plan", "s.yaml", "--register", "/proc/nix/r.json"),
    ("plan", "s.yaml", "--register", "rows.csv"),
    ("plan", "s.yaml", "--register", "r.json", "--key", "rows.csv"),
    ("run", "s.yaml", "--registered", "rows.csv"),
    ("run", "s.yaml", "--registered", "none.json"),
    ("adoption", "add", "rows.csv"),
    ("adoption", "add", "rows.csv", "--source", "x", "--date", "2026-13-45"),
    ("adoption", "add", "rows.csv", "--source", "x", "--date", "2999-01-01"),
    ("adoption", "add", "rows.csv", "--source", "x", "--date", "2026-01-01"),
    ("adoption", "add", "rows.csv", "--source", "\0", "--date", "9" * 5000),
    ("adoption", "add", "none.csv", "--source", "x", "--date", "2026-01-01"),
    ("adoption", "check", "rows.csv"),
    ("adoption", "check", "none.yaml"),
    ("decide", "nix"),
    ("decide", "--decision", "none.yaml"),
    ("decide", "--volume", "many"),
    ("route", "nix"),
    ("route", "latest", "none.yaml"),
    ("publish", "/proc/nix/site"),
    ("publish", "rows.csv"),
    ("publish", "site", "--run", "../x"),
    ("compare", "nix", "nix"),
    ("compare", "rows.csv"),
    ("view", "--port", "99999999"),
    ("view", "--results", "rows.csv", "--no-browser"),
)
PROOF: dict[str, bytes] = {
    "x.zip": b"PK\x03\x04" + bytes(60),
    "empty.zip": b"",
    "text.zip": b"no archive at all",
    "end-of-members.zip": b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + bytes(10),
    "names.zip": b"PK\x03\x04manifest.dsse.json" + bytes(99),
}
"""Files that are no bundles; ``bench verify`` says of each that it does not hold, code 5."""
CONFIGS: dict[str, bytes] = {
    "a number": b"results = " + b"9" * 5000,
    "a date": b"results = 2026-01-01",
    "nested": b"results = " + b"[" * 3000,
    "no UTF-8": b"\xff\xfe",
    "a user of nobody": b'results = "~nobody-of-that-name/x"',
    "another key": b"nix = 1",
    "a database": b'results = "mysql://x/y"',
}
"""Files of settings that say nothing."""


@dataclass(frozen=True)
class Case:
    """One bad input: files to write and the command that reads them."""

    name: str
    files: dict[str, bytes]
    args: tuple[str, ...]
    codes: tuple[int, ...] = (3,)


def cases() -> Iterator[Case]:
    """Yield every case of every kind."""
    rows = {"rows.csv": ROWS.encode()}
    for piece, values in SCALARS.items():
        assert SUITE.count(piece) == 1, piece
        for number, value in enumerate(values):
            new = value if _whole(piece, value) else f"{piece.partition(':')[0]}: {value}"
            suite = SUITE.replace(piece, new).encode()
            yield Case(
                f"{piece[:30]!r} {number}", {**rows, "s.yaml": suite}, ("validate", "s.yaml")
            )
    for name, raw in WHOLE.items():
        yield Case(f"suite: {name}", {"s.yaml": raw, **rows}, ("validate", "s.yaml"))
    suite = SUITE.encode()
    for name, raw in FILES.items():
        yield Case(f"rows: {name}", {"s.yaml": suite, "rows.csv": raw}, ("validate", "s.yaml"))
    lines = SUITE.replace("rows.csv", "rows.jsonl").encode()
    for name, raw in LINES.items():
        files = {"s.yaml": lines, "rows.jsonl": raw + b"\n"}
        yield Case(f"lines: {name}", files, ("validate", "s.yaml"))
    for name, raw in IMPORTS.items():
        yield Case(f"import: {name}", {name: raw}, ("import", name, "--no-report"))
    for name, raw in PROOF.items():
        yield Case(f"verify: {name}", {name: raw}, ("verify", name), (5,))
    for name, raw in CONFIGS.items():
        yield Case(f"settings: {name}", {"claimbench.toml": raw}, ("show",))
    for args in OPTIONS:
        said = " ".join(args)[:60]
        yield Case(f"bench {said}", {"s.yaml": suite, **rows}, args)


def _whole(piece: str, value: Any) -> bool:
    """Tell whether a value stands for the whole piece, key included."""
    key = piece.partition(":")[0]
    return (
        piece[0] in "{\"'" or value.partition(":")[0].strip() == key or _is_other_key(piece, value)
    )


def _is_other_key(piece: str, value: str) -> bool:
    return piece in ("claims:", "tasks:", "description: words", "arm: own}") or (
        piece.startswith("api_key_env") and value.startswith("api_key")
    )
