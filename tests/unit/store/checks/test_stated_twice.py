"""What a manifest says beside its suite and inside it is the same, or is named."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from claimbench.store.checks.stated_twice import disagreements

CLAIM = {"id": "c", "text": "90% cheaper than big", "raw": {"arm": ["small"]}}
MANIFEST: dict[str, Any] = {
    "suite_name": "s",
    "suite_version": "1-0",
    "suite_path": "s.yaml",
    "file_sha256": "f",
    "measured_sha256": "m",
    "seed": 42,
    "claims": [CLAIM],
    "arms_run": ["big"],
    "arms_not_run": {"small": "no key"},
    "options": {"price_book": "{}"},
    "price_book_sha256": hashlib.sha256(b"{}").hexdigest(),
    "suite": {
        "name": "s",
        "version": "1-0",
        "path": "s.yaml",
        "file_sha256": "f",
        "measured_sha256": "m",
        "order_seed": 42,
        "claims": [{**CLAIM, "source": None, "line": 3}],
        "arms": [{"name": "big"}, {"name": "small"}],
    },
}


def test_a_manifest_that_agrees_with_its_suite_is_left_alone() -> None:
    assert list(disagreements(MANIFEST)) == []
    assert list(disagreements({**MANIFEST, "suite": {}, "claims": []})) == []


CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("measured_sha256", lambda m: m["suite"].update(measured_sha256="x")),
    ("measured_sha256", lambda m: m.update(measured_sha256="x")),
    ("file_sha256", lambda m: m["suite"].update(file_sha256="x")),
    ("suite_name", lambda m: m.update(suite_name="x")),
    ("suite_version", lambda m: m["suite"].update(version="2-0")),
    ("seed", lambda m: m.update(seed=1)),
    ("99% cheaper", lambda m: m["claims"].__setitem__(0, {**CLAIM, "text": "99% cheaper"})),
    ("claim c: raw", lambda m: m["suite"]["claims"][0].update(raw={"arm": ["big"]})),
    ("2 that are judged", lambda m: m["suite"]["claims"].append(CLAIM)),
    ("it shows 0 claims", lambda m: m.update(claims=[])),
    ("other", lambda m: m.update(arms_run=["other"])),
    ("both|among", lambda m: m.update(arms_run=["big", "small"])),
    ("price book", lambda m: m["options"].update(price_book="[]")),
]


@pytest.mark.parametrize(("said", "change"), CHANGES)
def test_each_disagreement_is_named(said: str, change: Callable[[dict[str, Any]], Any]) -> None:
    manifest = copy.deepcopy(MANIFEST)
    change(manifest)
    found = list(disagreements(manifest))
    assert len(found) == 1
    assert any(word in found[0] for word in said.split("|"))
