"""Takes texts out of rows, and leaves in their place what ties each of them to the whole.

A row falls into an *open* part and hidden texts. Each hidden text is committed to by the SHA-256 of
a salt and the text; the salts of all texts come from one secret seed, so that a short answer cannot
be guessed from its hash, and one text can be shown later by giving its salt alone. The leaf of a
row in the Merkle tree is made from its open part and its commitments: it is the same whether the
texts are there (then seed and texts give the commitments), as salted hashes, or gone.

Out go the texts that docs/evidence.md lists, and with them the hashes that were made over them
without a salt: chains, seals, the suite file's, the measured hash. Names of tasks, arms,
samples, clusters and slices stay: figures are computed by them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from claimbench.evidence.merkle import leaf_hash
from claimbench.evidence.values import canonical
from claimbench.store.catalogue.about import KIND as ABOUT
from claimbench.store.schema import NOTES
from claimbench.types import Json

Redaction = Literal["full", "hashed", "none"]
WITHHELD = "[withheld]"
Commitments = Mapping[str, str]
Row = Mapping[str, Any]
_PATH = re.compile(r"^[./~]|\\|\.(gguf|bin|pt|onnx|safetensors)$|^[^/]*/[^/]*/")
"""A model that is named by a place on a disk, and not by a name that others know."""
_DETAILS = ("answer_constraint", "parameters_omitted", "sdk", "stream_usage")
"""Facts of an arm that stay; all others go."""
_PROMPT = [{"content": WITHHELD, "role": "user"}]


@dataclass(frozen=True, slots=True)
class Split:
    """A row in two parts: what stays, and the hidden texts by their place in the row."""

    open: Row
    hidden: Mapping[str, str]


def split(table: str, row: Row) -> Split:
    """Take the texts out of a row of ``table``.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: its body is not what that table holds.
    """
    hide = _HIDERS.get(table)
    if hide is None:
        return Split(row, {})
    taken = _Taken({})
    left = hide(dict(row), taken)
    return Split(left, taken.texts)


def commitments(seed: bytes, table: str, number: int, hidden: Mapping[str, str]) -> Commitments:
    """Return the salted hash of each hidden text of row ``number`` (from 0) of ``table``."""
    found: dict[str, str] = {}
    for place, text in hidden.items():
        salt = salt_of(seed, table, number, place)
        found[place] = hashlib.sha256(salt + text.encode("utf-8", "surrogatepass")).hexdigest()
    return found


def salt_of(seed: bytes, table: str, number: int, place: str) -> bytes:
    """Return the salt of one text: HMAC-SHA256 of where it stands, by the bundle's secret seed."""
    return hmac.digest(seed, f"{table}/{number}/{place}".encode(), "sha256")


def folded(found: Commitments) -> str:
    """Return one hash over a row's commitments: what is left of them where texts are removed."""
    return hashlib.sha256(canonical(dict(found)).encode("ascii")).hexdigest()


def leaf(table: str, open_row: Row, hidden_sha256: str) -> bytes:
    """Return the leaf of a row in the Merkle tree."""
    return leaf_hash(canonical([table, dict(open_row), hidden_sha256]).encode("ascii"))


# --- what is taken out, by table ------------------------------------------------------------------


@dataclass(slots=True)
class _Taken:
    texts: dict[str, str]

    def out(self, holder: Any, key: str | int, place: str, instead: Json = WITHHELD) -> None:
        """Take ``holder[key]`` out unless it is empty; leave ``instead``."""
        value = holder.get(key) if isinstance(holder, dict) else holder[key]
        if value in (None, "", [], {}) or value == instead:
            return
        self.texts[place] = _text(value)
        holder[key] = instead


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _with_body(hide: Callable[[Any, _Taken], None]) -> Callable[[dict[str, Any], _Taken], Row]:
    def of(row: dict[str, Any], taken: _Taken) -> Row:
        body = json.loads(row["body"])
        hide(body, taken)
        row["body"] = _text(body)
        if "sha256" in row:
            taken.out(row, "sha256", "sha256", "")
        return row

    return of


def _record(body: Any, taken: _Taken) -> None:
    for name in ("text", "reasoning", "error"):
        taken.out(body, name, name)
    taken.out(body, "logprobs", "logprobs", None)
    taken.out(body, "tool_calls", "tool_calls", [])


def _attempt(body: Any, taken: _Taken) -> None:
    taken.out(body, "error", "error")


def _run(body: Any, taken: _Taken) -> None:
    taken.out(body, "suite_path", "suite_path")
    taken.out(body["options"], "argv", "options.argv", [])
    taken.out(body["options"], "registration", "options.registration")
    suite = body["suite"]
    for name in ("file_sha256", "measured_sha256"):
        taken.out(body, name, name)
        taken.out(suite, name, f"suite.{name}")
    for name in ("path", "description"):
        taken.out(suite, name, f"suite.{name}", WITHHELD)
    taken.out(suite["options"], "about", "suite.options.about", {})
    taken.out(body["git"], "why_unknown", "git.why_unknown")
    for number, claim in enumerate(suite["claims"]):
        taken.out(claim, "source", f"suite.claims.{number}.source")
    for kind in ("arms", "judges", "users"):
        for number, arm in enumerate(suite.get(kind, ())):
            place = f"suite.{kind}.{number}"
            taken.out(arm, "options", f"{place}.options", {})
            taken.out(arm, "serve", f"{place}.serve", None)
            for name in ("api_key_env", "api_key_file", "api_key_keyring"):
                taken.out(arm, name, f"{place}.{name}", None)
            if _PATH.search(arm["model"] or ""):
                taken.out(arm, "model", f"{place}.model")
    for name, facts in body["arm_facts"].items():
        details = (facts or {}).get("details") or {}
        for key in [key for key in details if key not in _DETAILS]:
            taken.out(details, key, f"arm_facts.{name}.details.{key}", None)
    _tasks(suite, taken)


def _tasks(suite: Any, taken: _Taken) -> None:
    for number, task in enumerate(suite["tasks"]):
        place = f"suite.tasks.{number}"
        taken.out(task, "prompt", f"{place}.prompt", _PROMPT)
        taken.out(task, "stop", f"{place}.stop", [])
        taken.out(task["answer"], "schema", f"{place}.answer.schema", None)
        taken.out(task, "few_shot", f"{place}.few_shot", [])
        taken.out(task, "few_shot_target", f"{place}.few_shot_target", None)
        taken.out(task, "tools", f"{place}.tools", [])
        taken.out(task, "tool_choice", f"{place}.tool_choice", None)
        simulator = task.get("simulator") or {}
        taken.out(simulator, "table", f"{place}.simulator.table", [])
        for name in ("state", "otherwise"):
            taken.out(simulator, name, f"{place}.simulator.{name}", None)
        script = simulator.get("script") or {}
        taken.out(script, "source", f"{place}.simulator.script.source", WITHHELD)
        taken.out(task.get("user") or {}, "prompt", f"{place}.user.prompt", WITHHELD)
        for at, scorer in enumerate(task["scorers"]):
            inner = f"{place}.scorers.{at}.options"
            if scorer["name"] not in ("judge", "pairwise"):
                taken.out(scorer, "options", inner, {})
            else:
                options = scorer["options"]
                taken.out(options, "rubric", f"{inner}.rubric")
                taken.out(options, "template", f"{inner}.template", None)
        for at, sample in enumerate(task["samples"]):
            inner = f"{place}.samples.{at}"
            taken.out(sample, "input", f"{inner}.input", {})
            taken.out(sample, "target", f"{inner}.target")
            taken.out(sample, "metadata", f"{inner}.metadata", {})
            taken.out(sample, "tools", f"{inner}.tools", [])


def _derived(row: dict[str, Any], taken: _Taken) -> Row:
    body = json.loads(row["body"])
    if row["kind"] == ABOUT:
        taken.out(row, "body", "body", _text("" if isinstance(body, str) else []))
        return row
    if not isinstance(body, dict):
        if row["kind"] == NOTES and isinstance(body, str):  # as earlier versions kept a note
            taken.out(row, "body", "body", _text(WITHHELD))
        return row
    taken.out(body, "explanation", "explanation", "")
    if row["kind"] == NOTES:
        taken.out(body, "text", "text")
    row["body"] = _text(body)
    return row


def _session(row: dict[str, Any], taken: _Taken) -> Row:
    if row["end_reason"] != "finished":
        taken.out(row, "end_reason", "end_reason")
    return row


def _score(row: dict[str, Any], taken: _Taken) -> Row:
    taken.out(row, "explanation", "explanation", "")
    return row


def _seal(row: dict[str, Any], taken: _Taken) -> Row:
    taken.out(row, "body", "body", "")
    taken.out(row, "sha256", "sha256", "")
    return row


def _run_row(row: dict[str, Any], taken: _Taken) -> Row:
    taken.out(row, "measured_sha256", "column.measured_sha256")
    return _with_body(_run)(row, taken)


_HIDERS: Mapping[str, Callable[[dict[str, Any], _Taken], Row]] = {
    "runs": _run_row,
    "attempts": _with_body(_attempt),
    "records": _with_body(_record),
    "derived": _derived,
    "sessions": _session,
    "seals": _seal,
    "scores": _score,
}
