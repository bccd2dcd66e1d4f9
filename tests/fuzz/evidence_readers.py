"""Readers of what one party hands another: bundles and what is in them, registrations, time stamps,
keys, labels, snapshots, decisions, routes, settings and included task files.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from claimbench.errors import BenchError
from claimbench.evidence.archive import MANIFEST, zip_bytes
from claimbench.evidence.bundle import PREDICATE
from claimbench.evidence.statement import new_key, read_private, read_public, sealed, statement
from claimbench.evidence.timestamp import request, stamped_at
from claimbench.evidence.unzip import read_zip
from claimbench.evidence.values import read_lines

from .changes import changed
from .readers import Reader, _home, _read_lm_task, command

PLAN = b"a plan"


@cache
def _bundles() -> tuple[bytes, ...]:
    """Return a full and a redacted bundle of the imported run."""
    folder = Path(tempfile.mkdtemp(dir=_home()))
    where = ("--results", str(_home() / "results"))
    command("bundle", "--output", str(folder / "a.zip"), *where)
    command("bundle", "--output", str(folder / "b.zip"), "--redact", "none", *where)
    return tuple((folder / name).read_bytes() for name in ("a.zip", "b.zip"))


def _members(raw: bytes) -> dict[str, bytes]:
    with tempfile.NamedTemporaryFile(dir=_home()) as file:
        Path(file.name).write_bytes(raw)
        return read_zip(Path(file.name))[1]


def _change_bundle(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Change bytes of a bundle, or members of it, so that the ZIP and its hashes fit them."""
    if rng.random() < 0.3:
        return changed(rng, seeds)
    members = _members(rng.choice(seeds))
    told = json.loads(base64.b64decode(json.loads(members.pop(MANIFEST))["payload"]))["predicate"]
    names = sorted(members)
    for _ in range(rng.choice((1, 1, 2, 4))):
        name = rng.choice(names)
        members[name] = changed(rng, [members[name]])
    if rng.random() < 0.3:
        with contextlib.suppress(ValueError):
            odd = json.loads(changed(rng, [json.dumps(told).encode()]))
            told = odd if isinstance(odd, dict) else told
    try:
        envelope = sealed(statement(PREDICATE, told, members), None)
    except (ValueError, TypeError, OverflowError, RecursionError):  # no JSON of ours says it
        return changed(rng, seeds)
    if rng.random() < 0.2:
        envelope = changed(rng, [envelope])
    return zip_bytes({**members, MANIFEST: envelope})


def _read_bundle(folder: Path, raw: bytes) -> None:
    path = folder / "b.zip"
    path.write_bytes(raw)
    command("verify", str(path))
    command("import", str(path), "--no-report", "--results", str(folder / "results"))


def _member(ending: str) -> Callable[[], list[bytes]]:
    """Give the members of the bundles whose names end so."""

    def make() -> list[bytes]:
        every = [item for raw in _bundles() for item in _members(raw).items()]
        return [body for name, body in every if name.endswith(ending)]

    return make


def _read_envelope(_folder: Path, raw: bytes) -> None:
    from claimbench.evidence.statement import open_envelope

    with contextlib.suppress(ValueError):
        open_envelope(raw, PREDICATE)


def _read_rows(_folder: Path, raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        list(read_lines(raw))


def _registrations() -> list[bytes]:
    folder = Path(tempfile.mkdtemp(dir=_home()))
    (folder / "rows.csv").write_text("id,text,team\n1,x,a\n2,y,b\n")
    (folder / "s.yaml").write_text(
        "name: s\nversion: 1-0\ntasks:\n"
        "  - {name: t, dataset: {path: rows.csv, id: id, target: team},"
        ' prompt: [{user: "{{ text }}"}], answer: {type: label, labels: [a, b]},'
        " scorers: [label]}\n"
        'arms: [{name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1"}]\n'
    )
    new_key(folder / "k")
    for name, more in (("1", ()), ("2", ("--key", str(folder / "k")))):
        command("plan", str(folder / "s.yaml"), "--register", str(folder / name), *more)
    return [(folder / name).read_bytes() for name in ("1", "2")]


def _read_registration(folder: Path, raw: bytes) -> None:
    from claimbench.evidence.registration import changes, read_registration

    (folder / "r.json").write_bytes(raw)
    with contextlib.suppress(BenchError):
        found = read_registration(folder / "r.json")
        changes(found.fixed, {"suite": {"name": "s"}, "claims": {}, "tasks": {"t": {}}})


def _node(kind: int, content: bytes) -> bytes:
    return bytes([kind, 0x81, len(content)]) + content


def _replies() -> list[bytes]:
    """Replies of RFC 3161, as far as one is read: what was signed, inside what else there is."""
    imprint = request(PLAN)[5:56]
    seen = hashlib.sha256(PLAN).digest()
    info = _node(
        0x30,
        b"\x02\x01\x01\x06\x03\x2a\x03\x04" + imprint + b"\x02\x01\x07\x18\x0f20260101000000Z",
    )
    assert seen in info
    oid = bytes.fromhex("060b2a864886f70d0109100104")
    return [_node(0x30, b"\x02\x01\x00") + oid + _node(0xA0, _node(0x04, info))]


def _read_reply(_folder: Path, raw: bytes) -> None:
    for text in (base64.b64encode(raw).decode("ascii"), raw.decode("utf-8", "replace")):
        found = stamped_at(text, PLAN)
        assert found is None or len(found) == len("2026-01-01T00:00:00Z")


def _keys(name: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        folder = Path(tempfile.mkdtemp(dir=_home()))
        new_key(folder / "k")
        return [(folder / name).read_bytes()]

    return make


def _reading(read: Callable[[Path], Any], name: str) -> Callable[[Path, bytes], None]:
    """Read a file by a function that refuses by :class:`BenchError`."""

    def reader(folder: Path, raw: bytes) -> None:
        (folder / name).write_bytes(raw)
        with contextlib.suppress(BenchError):
            read(folder / name)

    return reader


LABELS = (
    "call_id,task,sample_id,request,target,answer,choices,label\n"
    'c1,t,i1,"asked, twice",a,said,good | bad,good\nc2,t,i2,asked,b,said,good | bad,\n'
)


def _read_labels(folder: Path, raw: bytes) -> None:
    from claimbench.cli.commands.labels import _labels
    from claimbench.evaluation.stored import read_run
    from claimbench.store.results import ResultsStore

    (folder / "l.csv").write_bytes(raw)
    with ResultsStore.open(_home() / "results", create=False) as store:
        stored = read_run(store, store.resolve_run(None))
    with contextlib.suppress(BenchError):
        _labels(folder / "l.csv", stored)


MODELS = [
    {
        "id": f"org{n}/model-{n}",
        "downloads": 900 - n,
        "downloadsAllTime": 9000 - n,
        "trendingScore": 90 - n,
        "pipeline_tag": "text-generation",
        "tags": ["transformers", "base_model:quantized:org0/model-0"],
    }
    for n in range(4)
]


def _reading_snapshot(ending: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, raw: bytes) -> None:
        path = folder / f"m{ending}"
        path.write_bytes(raw)
        told = ("--source", "https://hub.example/models", "--date", "2026-01-01")
        command("adoption", "add", str(path), *told, "--folder", str(folder / "kept"))
        command("adoption", "list", "--folder", str(folder / "kept"))

    return read


def _read_kept(folder: Path, raw: bytes) -> None:
    (folder / "2026-01-01-trending-0123456789ab.json").write_bytes(raw)
    command("adoption", "list", "--folder", str(folder))


def _kept() -> list[bytes]:
    folder = Path(tempfile.mkdtemp(dir=_home()))
    _reading_snapshot(".json")(folder, json.dumps(MODELS).encode())
    return [path.read_bytes() for path in (folder / "kept").iterdir()]


DECISION = """\
decision:
  incumbent: alpha
  requirements:
    - {name: good, claim: at least 50% accurate}
  criteria:
    - {name: quality, weight: 40, metric: accuracy, worst: 0.5, best: 1}
    - {name: dollars, weight: 60, metric: usd_per_1k, worst: 20, best: 0}
volume: {requests_per_month: 2M, peak_factor: 6, months: 12}
"""
ROUTES = """\
routes:
  - {name: r, first: beta, then: alpha, escalate: {signal: length, above: 3}}
  - {name: fitted, first: beta, then: alpha, escalate: {signal: length, above: fit, fit: {keep: 0.9}}}
claims:
  - {claim: "40% cheaper than alpha", arm: r}
"""


def _of_run(*words: str) -> Callable[[Path, bytes], None]:
    """Read a file by a command over the imported run."""

    def read(folder: Path, raw: bytes) -> None:
        (folder / "f.yaml").write_bytes(raw)
        named = [str(folder / "f.yaml") if word == "FILE" else word for word in words]
        command(*named, "--results", str(_home() / "results"))

    return read


def _read_settings(folder: Path, raw: bytes) -> None:
    from claimbench.store.configured import configured_place

    (folder / "claimbench").mkdir()
    (folder / "claimbench" / "config.toml").write_bytes(raw)
    with contextlib.suppress(BenchError):
        configured_place({"XDG_CONFIG_HOME": str(folder)})


def _read_included(folder: Path, raw: bytes) -> None:
    (folder / "base.yaml").write_bytes(raw)
    _read_lm_task(folder, b"task: mine\ninclude: base.yaml\n")


def _included() -> list[bytes]:
    from .readers import LM_TASK

    return [LM_TASK.replace("task: mine\n", "").encode(), b"include: [base.yaml, other.yaml]\n"]


EVIDENCE: dict[str, Reader] = {
    "bundle": Reader(lambda: list(_bundles()), _read_bundle, _change_bundle),
    "envelope": Reader(_member(MANIFEST), _read_envelope),
    "bundle-rows": Reader(_member(".jsonl"), _read_rows),
    "registration": Reader(_registrations, _read_registration),
    "time-stamp": Reader(_replies, _read_reply),
    "private-key": Reader(_keys("k"), _reading(read_private, "k")),
    "public-key": Reader(_keys("k.pub"), _reading(read_public, "k.pub")),
    "labels": Reader(lambda: [LABELS.encode()], _read_labels),
    "snapshot-json": Reader(lambda: [json.dumps(MODELS).encode()], _reading_snapshot(".json")),
    "snapshot-csv": Reader(
        lambda: [b"id,downloads,trendingScore\norg/m,900,90\norg/n,800,80\n"],
        _reading_snapshot(".csv"),
    ),
    "snapshot-kept": Reader(_kept, _read_kept),
    "decision": Reader(lambda: [DECISION.encode()], _of_run("decide", "--decision", "FILE")),
    "routes": Reader(lambda: [ROUTES.encode()], _of_run("route", "latest", "FILE")),
    "settings": Reader(
        lambda: [b'results = "somewhere"\n', b'results = "postgresql://me@db.example/bench"\n'],
        _read_settings,
    ),
    "lm-eval-included": Reader(_included, _read_included),
}
"""Readers beside those of :data:`tests.fuzz.readers.READERS`."""
