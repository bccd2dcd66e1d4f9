"""Every reader of foreign bytes: good files to begin with, and what reads one.

A reader may refuse in words (:class:`BenchError`, click's usage error, an ``OSError`` that the
command line explains) or take what it is given. Anything else is a find.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click

from claimbench.errors import BenchError

from .changes import ODD, changed

TABLE = "arm,task,item,score,usd,latency_s,answer\n" + "".join(
    f"{arm},t,i{n},{int(n % 5 < good)},{usd},0.{n + 1},said {n}\n"
    for n in range(12)
    for arm, good, usd in (("alpha", 4, 0.001), ("beta", 3, 0.002))
)
ROWS = [{"id": f"t{i}", "text": f"ticket {i}", "team": "ab"[i % 2], "n": i} for i in range(6)]
SUITE = """\
name: s
version: 1-0
description: words
population: super
sampling: {temperature: 0, top_p: 0.9, seed: 1}
epochs: 1
budget: {max_cost_usd: 2.50}
errors: {max_retries: 2, backoff_s: 0.5, timeout_s: 20}
load: {mode: closed, concurrency: 2}
slo: {ttft_s: 2}
thresholds: {accuracy: {own: 0.5}}
tasks:
  - name: route
    dataset: {path: DATA, id: id, target: team}
    prompt: [{system: "One of {{ labels | join(', ') }}"}, {user: "{{ text }}"}]
    few_shot: [{text: an example, team: a}]
    answer: {type: label, labels: [a, b]}
    scorers: [label, {name: regex, pattern: '^a+'}]
    max_tokens: 8
arms:
  - name: own
    provider: compatible
    model: m
    base_url: "http://127.0.0.1:{port}/v1"
    cost: {host: {usd_per_hour: 1, source: test, dated: 2026-01-01}}
    serve: {command: "serve {model} {port}", args: [-x], env: {A: b}, warmup: 1}
  - name: api
    provider: openai
    model: big-1
    base_url: https://models.example/v1
    api_key_env: SOME_KEY
    limits: {rpm: 100, tpm: 1000}
    cost: {price: {input: 1, output: 4, source: test, dated: 2026-01-01}}
    options: {extra_body: {a: [1, 2]}}
claims:
  - {id: c, claim: "90% cheaper than api", arm: own}
  - {claim: "as accurate as api", arm: own, task: route}
"""


@dataclass(frozen=True)
class Reader:
    """``make`` gives good files; ``read`` reads one in a folder of its own."""

    make: Callable[[], list[bytes]]
    read: Callable[[Path, bytes], None]
    change: Callable[[random.Random, list[bytes]], bytes] = changed


def command(*args: str) -> None:
    """Run one command of ``bench`` in this process; raises what the command line would catch."""
    from claimbench.cli import group

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            group().main(args, prog_name="bench", standalone_mode=False)
        except (BenchError, click.ClickException, OSError) as error:
            str(error)
            str(getattr(error, "hint", ""))


def _suite(folder: Path, data: str, text: str = SUITE) -> Path:
    path = folder / "s.yaml"
    path.write_text(text.replace("DATA", data))
    return path


def _read_suite(folder: Path, raw: bytes) -> None:
    (folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "s.yaml").write_bytes(raw)
    command("plan", str(folder / "s.yaml"))


def _read_data(ending: str) -> Callable[[Path, bytes], None]:
    """Read a file of rows as a dataset, where it may be one, and as data for a new suite."""

    def read(folder: Path, raw: bytes) -> None:
        path = folder / f"d{ending}"
        path.write_bytes(raw)
        if ending not in (".json", ".parquet"):
            command("validate", str(_suite(folder, path.name)))
            if len(raw) % 4:
                return
        command("init", str(path), "--output", str(folder / "made.yaml"))

    return read


def _importing(ending: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, raw: bytes) -> None:
        path = folder / f"f{ending}"
        path.write_bytes(raw)
        command("import", str(path), "--no-report", "--results", str(folder / "results"))

    return read


def _csv(delimiter: str = ",") -> bytes:
    head = delimiter.join(ROWS[0])
    rows = [delimiter.join(str(value) for value in row.values()) for row in ROWS]
    return ("\n".join([head, *rows]) + "\n").encode()


def _workbook() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(ROWS[0]))
    for row in ROWS:
        sheet.append(list(row.values()))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), made)
    return made.getvalue()


@cache
def _home() -> Path:
    """Return a folder with one imported run; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="claimbench-fuzz-"))
    import atexit

    atexit.register(shutil.rmtree, folder, True)
    (folder / "scores.csv").write_text(TABLE)
    claim = "alpha is 40% cheaper than beta"
    out = ("--no-report", "--results", str(folder / "results"))
    command("import", str(folder / "scores.csv"), "--claim", claim, *out)
    return folder


def _database() -> list[bytes]:
    with closing(sqlite3.connect(_home() / "results" / "bench.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return [bytes(connection.serialize())]


def _change_rows(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Change bytes of a database, or rows of it by SQL."""
    if rng.random() < 0.3:
        return changed(rng, seeds)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(rng.choice(seeds))
        with contextlib.suppress(sqlite3.Error):
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f'DROP TRIGGER "{name}"')
            for _ in range(rng.choice((1, 1, 2, 4))):
                with contextlib.suppress(sqlite3.Error, OverflowError):
                    _change_row(rng, connection)
            for _, sql in triggers if rng.random() < 0.9 else ():
                connection.execute(sql)
        return bytes(connection.serialize())


def _change_row(rng: random.Random, connection: sqlite3.Connection) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    table = rng.choice(tables)[0]
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = rng.choice(columns)
    some = f'rowid IN (SELECT rowid FROM "{table}" ORDER BY random() LIMIT {rng.choice((1, 3))})'
    kind = rng.randrange(10)
    if kind == 0:
        connection.execute(f'DELETE FROM "{table}" WHERE {some}')
    elif kind == 1:
        connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO other')
    elif kind == 2:
        connection.execute(f'DROP TABLE "{table}"')
    elif kind < 5:
        value = rng.choice([v for v in ODD if not isinstance(v, list | dict)] + [b"\xff\x00"])
        connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {some}', (value,))
    else:
        found = connection.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall()
        if not found:
            return
        row, value = rng.choice(found)
        raw = value if isinstance(value, bytes) else str(value).encode()
        text: Any = changed(rng, [raw])
        if rng.random() < 0.9:
            text = text.decode("utf-8", "replace")
        connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (text, row))


def _read_database(folder: Path, raw: bytes) -> None:
    (folder / "bench.db").write_bytes(raw)
    where = ("--results", str(folder))
    command("check", *where)
    command("list", *where)
    command("show", *where)
    command("export", "--format", "json", "--output", str(folder / "o.json"), *where)


def _exported(*args: str, ending: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        folder = Path(tempfile.mkdtemp(dir=_home()))
        command(
            "export", *args, "--output", str(folder / "o"), "--results", str(_home() / "results")
        )
        return [path.read_bytes() for path in sorted(folder.rglob(f"*{ending}")) if path.is_file()]

    return make


def _of_tools(*names: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        from tests.unit.importers.test_broken_files import MADE
        from tests.unit.importers.test_logs import put

        folder = Path(tempfile.mkdtemp(dir=_home()))
        return [put(folder / name, MADE[name]()).read_bytes() for name in names]

    return make


def _promptfoo() -> list[bytes]:
    result = {
        "provider": {"id": "openai:gpt-5-mini"},
        "vars": {"q": "x"},
        "prompt": {"raw": "q x", "label": "q"},
        "response": {"output": "a", "tokenUsage": {"total": 3, "prompt": 2, "completion": 1}},
        "success": True,
        "score": 1,
        "latencyMs": 12,
        "cost": 0.001,
        "testIdx": 0,
        "promptIdx": 0,
        "namedScores": {"m": 1},
        "gradingResult": {"pass": True, "score": 1, "reason": "x", "componentResults": []},
    }
    whole = {
        "evalId": "e",
        "results": {"version": 3, "timestamp": "2026-01-01T00:00:00Z", "results": [result]},
        "config": {},
    }
    return [json.dumps(whole).encode()]


def _inspect() -> list[bytes]:
    import zipfile

    sample = {
        "id": "1",
        "epoch": 1,
        "input": "q",
        "target": "a",
        "messages": [{"role": "user", "content": "q"}],
        "output": {
            "model": "openai/m",
            "choices": [{"message": {"role": "assistant", "content": "a"}, "stop_reason": "stop"}],
            "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4},
            "time": 0.4,
        },
        "scores": {"match": {"value": "C", "answer": "a"}},
    }
    head = {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": "e",
            "run_id": "r",
            "created": "2026-01-01T00:00:00+00:00",
            "task": "t",
            "dataset": {"name": "d", "samples": 1},
            "model": "openai/m",
            "config": {"epochs": 1},
        },
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}], "config": {}},
        "results": {
            "total_samples": 1,
            "completed_samples": 1,
            "scores": [{"name": "match", "scorer": "match", "metrics": {}}],
        },
        "stats": {"started_at": "2026-01-01T00:00:00+00:00", "model_usage": {}},
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("header.json", json.dumps(head))
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample))
        archive.writestr("summaries.json", "[]")
    return [made.getvalue(), json.dumps({**head, "samples": [sample]}).encode()]


def _lm_eval_samples() -> list[bytes]:
    row = {
        "doc_id": 0,
        "doc": {"q": "x", "a": "y"},
        "target": "y",
        "arguments": {"gen_args_0": {"arg_0": "Q: x", "arg_1": {"until": ["\n"]}}},
        "resps": [["y"]],
        "filtered_resps": ["y"],
        "filter": "none",
        "metrics": ["exact_match"],
        "exact_match": 1.0,
        "doc_hash": "h",
        "prompt_hash": "p",
        "target_hash": "t",
    }
    return ["\n".join(json.dumps({**row, "doc_id": i}) for i in range(3)).encode()]


def _lm_eval_results() -> list[bytes]:
    results = {
        "results": {"t": {"alias": "t", "exact_match,none": 0.5, "exact_match_stderr,none": 0.1}},
        "configs": {"t": {"task": "t", "metric_list": [{"metric": "exact_match"}]}},
        "config": {"model": "hf", "model_args": "pretrained=x", "batch_size": 1},
        "n-samples": {"t": {"original": 2, "effective": 2}},
        "versions": {"t": 1.0},
        "n-shot": {"t": 0},
        "higher_is_better": {"t": {"exact_match": True}},
        "date": 1788000000.0,
        "total_evaluation_time_seconds": "12",
    }
    return [json.dumps(results).encode()]


LM_TASK = """\
task: mine
dataset_path: json
dataset_kwargs: {data_files: {test: d.json}}
test_split: test
output_type: generate_until
doc_to_text: "Q: {{q}}"
doc_to_target: "{{a}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 8}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
num_fewshot: 0
metadata: {version: 1.0}
"""
LM_SUITE = """\
name: s
version: 1-0
tasks: [{lm_eval: task.yaml}]
arms: [{name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1"}]
"""


def _read_lm_task(folder: Path, raw: bytes) -> None:
    (folder / "d.json").write_text(json.dumps([{"q": "x", "a": "y"}, {"q": "z", "a": "w"}]))
    (folder / "task.yaml").write_bytes(raw)
    (folder / "s.yaml").write_text(LM_SUITE)
    command("trust", str(folder / "s.yaml"), "--json")
    command("validate", str(folder / "s.yaml"))


def _books() -> list[bytes]:
    from claimbench.cli.books import bundled_books

    small = sorted(bundled_books(), key=lambda path: path.stat().st_size)[:4]
    return [path.read_bytes() for path in small]


def _read_book(folder: Path, raw: bytes) -> None:
    (folder / "p.yaml").write_bytes(raw)
    where = ("--results", str(_home() / "results"))
    command("reprice", "--book", str(folder / "p.yaml"), *where)


def _frozen() -> list[bytes]:
    from claimbench.cli.books import price_book
    from claimbench.pricing.arms import resolve_arm
    from claimbench.pricing.frozen import freeze
    from claimbench.types import Arm

    arms = [Arm(name, "openai", "gpt-5-mini") for name in ("alpha", "beta")]
    prices = [resolve_arm(arm, price_book()) for arm in arms]
    return [freeze(prices, datetime(2026, 1, 1, tzinfo=UTC)).text.encode()]


def _read_frozen(folder: Path, raw: bytes) -> None:
    (folder / "p.json").write_bytes(raw)
    where = ("--results", str(_home() / "results"))
    command("reprice", "--book", str(folder / "p.json"), *where)


def _header() -> list[bytes]:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def item(key: str, kind: int, body: bytes) -> bytes:
        return text(key) + struct.pack("<I", kind) + body

    items = [
        item("general.architecture", 8, text("llama")),
        item("llama.block_count", 4, struct.pack("<I", 2)),
        item("llama.context_length", 4, struct.pack("<I", 2048)),
        item("tokenizer.chat_template", 8, text("{{ messages }}")),
        item("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
        item("x.f", 6, struct.pack("<f", 1.5)),
    ]
    return [b"GGUF" + struct.pack("<IQQ", 3, 0, len(items)) + b"".join(items) + bytes(64)]


def _read_header(folder: Path, raw: bytes) -> None:
    from claimbench_providers.llama.gguf import read_header

    path = folder / "m.gguf"
    path.write_bytes(raw)
    with contextlib.suppress(BenchError):
        read_header(path)
    with contextlib.suppress(BenchError):
        read_header(path, vocabulary=True)


def _responses() -> list[bytes]:
    chunk = {"model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}
    events = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for _ in range(3))
    body = events + b"data: [DONE]\n\n"
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    whole = json.dumps(
        {
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "a"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
        }
    ).encode()
    sized = f"Content-Length: {len(whole)}\r\n\r\n".encode()
    error = b'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 18\r\n\r\n{"error":{"a":"b"}}'
    return [
        head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + sized + whole,
        error,
    ]


def _read_response(_folder: Path, raw: bytes) -> None:
    """Take bytes as a socket gives them, and what they say as each protocol does."""
    from tests.contract.streams import PROTOCOLS, tried

    from claimbench.errors import ProviderError
    from claimbench.transport.exchange import Exchange, Limits, Reply

    async def take() -> Reply:
        found = Reply(1)
        exchange = Exchange(asyncio.get_running_loop(), Limits(), found)
        for at in range(0, len(raw), 97):
            exchange.feed(raw[at : at + 97], at + 2)
            if exchange.done.done():
                break
        if not exchange.done.done():
            exchange.end(None)
        return await asyncio.wait_for(exchange.done, 5)

    try:
        answer = asyncio.run(take())
    except ProviderError:
        return
    for protocol in PROTOCOLS:
        found = tried(protocol, answer)
        assert not (found.attempt.error or "").startswith("provider bug"), found.attempt.error


def _streams() -> list[bytes]:
    chunk = {"model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    chat = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in (chunk, chunk, end))
    message = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "a"},
    }
    named = b"event: content_block_delta\ndata: " + json.dumps(message).encode() + b"\n\n"
    return [chat + b"data: [DONE]\n\n", named + b": ping\n\nid: 3\nretry: 4\n\n"]


def _read_stream(_folder: Path, raw: bytes) -> None:
    from tests.contract.streams import PROTOCOLS, reply, tried

    pieces = [raw[at : at + 61] for at in range(0, len(raw), 61)] or [b""]
    for protocol in PROTOCOLS:
        found = tried(protocol, reply(pieces))
        assert not (found.attempt.error or "").startswith("provider bug"), found.attempt.error


def _claims() -> list[bytes]:
    texts = ("90% cheaper than api", "as accurate as b, at 1/3 of the cost", "p95 below 2 s")
    return [text.encode() for text in texts]


def _read_claim(_folder: Path, raw: bytes) -> None:
    command("claims", "explain", raw.decode("utf-8", "replace"))


def _text(ending: str) -> Reader:
    rows = "".join(json.dumps(row) + "\n" for row in ROWS)
    bodies = {
        ".jsonl": [rows.encode()],
        ".json": [json.dumps(ROWS).encode(), json.dumps({"data": ROWS}).encode()],
        ".csv": [_csv(), _csv(";"), b'"a ""b""\nc",team\nx,a\n'],
        ".tsv": [_csv("\t")],
    }
    return Reader(lambda: bodies[ending], _read_data(ending))


READERS: dict[str, Reader] = {
    "suite": Reader(lambda: [SUITE.replace("DATA", "d.jsonl").encode()], _read_suite),
    "csv": _text(".csv"),
    "tsv": _text(".tsv"),
    "json": _text(".json"),
    "jsonl": _text(".jsonl"),
    "xlsx": Reader(lambda: [_workbook()], _read_data(".xlsx")),
    "parquet": Reader(lambda: [_parquet()], _read_data(".parquet")),
    "inspect": Reader(_inspect, _importing(".eval")),
    "inspect-json": Reader(lambda: _inspect()[1:], _importing(".json")),
    "lm-eval-samples": Reader(_lm_eval_samples, _importing(".jsonl")),
    "lm-eval-results": Reader(_lm_eval_results, _importing(".json")),
    "promptfoo": Reader(_promptfoo, _importing(".json")),
    "table": Reader(lambda: [TABLE.encode()], _importing(".csv")),
    "tools-json": Reader(
        _of_tools(
            "eee.json",
            "deepeval.json",
            "helm.json",
            "old.json",
            "obs.json",
            "otel.json",
            "vllm.json",
            "guide.json",
            "tau2.json",
            "report.json",
            "lighteval.json",
        ),
        _importing(".json"),
    ),
    "tools-jsonl": Reader(
        _of_tools(
            "eee_samples.jsonl",
            "review.jsonl",
            "old_review.jsonl",
            "evals.jsonl",
            "spend.jsonl",
            "aiperf.jsonl",
            "votes.jsonl",
        ),
        _importing(".jsonl"),
    ),
    "activity": Reader(_of_tools("activity.csv"), _importing(".csv")),
    "lm-eval-task": Reader(lambda: [LM_TASK.encode()], _read_lm_task),
    "database": Reader(_database, _read_database, _change_rows),
    "price-book": Reader(_books, _read_book),
    "frozen-prices": Reader(_frozen, _read_frozen),
    "gguf": Reader(_header, _read_header),
    "http": Reader(_responses, _read_response),
    "sse": Reader(_streams, _read_stream),
    "claims": Reader(_claims, _read_claim),
}
