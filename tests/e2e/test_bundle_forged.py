"""Forged bundles: every change is found, and the place is named, also where hashes were made to
fit; what only a digest or a key can find is found by them.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from tests.e2e import forger
from tests.e2e.forger import Forged, Forger
from tests.e2e.measured import desk_in, ran

from claimbench.cli.proof.bundles import reports_of
from claimbench.errors import IntegrityError
from claimbench.evaluation.evaluate import Evaluation
from claimbench.evidence.archive import MANIFEST
from claimbench.evidence.bundle import PREDICATE, make, rebuilt
from claimbench.evidence.statement import new_key, read_private, read_public, sealed, statement
from claimbench.evidence.unzip import read_zip
from claimbench.evidence.verify import Verified, verify
from claimbench.store.raw_rows import read_raw
from claimbench.store.results import ResultsStore

SEED = 20261129


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("forged")
    with desk_in(home):
        ran(home, "run", "desk.yaml", "--no-report")
    assert ran(home, "bundle", "--output", "full.zip").code == 0
    assert ran(home, "bundle", "--output", "hashed.zip", "--redact", "hashed").code == 0
    assert ran(home, "bundle", "--output", "none.zip", "--redact", "none").code == 0
    return home / "full.zip"


_made: dict[str, Mapping[str, bytes]] = {}


def cached_reports(
    store: ResultsStore, evaluation: Evaluation, profile: str
) -> Mapping[str, bytes]:
    """Reports of the same rows are the same: made once."""
    rows = read_raw(store, evaluation.stored.manifest.run_id)
    key = hashlib.sha256(json.dumps([profile, rows], sort_keys=True).encode()).hexdigest()
    if key not in _made:
        _made[key] = reports_of(store, evaluation, profile)
    return _made[key]


@cache
def members_of(path: Path) -> dict[str, bytes]:
    return read_zip(path)[1]


def forged(bundle: Path, number: int, care: int) -> Forged:
    rng = random.Random(f"{SEED}/{number}")
    kind = forger.KINDS[number % len(forger.KINDS)]
    return kind(Forger(dict(members_of(bundle)), rng, care))


def check(path: Path, one: Forged) -> None:
    path.write_bytes(one.data)
    found = verify(path, cached_reports)
    assert not found.holds, one.what
    assert names(found, one), (one.what, one.named, [str(f) for f in found.findings])


def names(found: Verified, one: Forged) -> bool:
    return any(
        finding.member == name or (name.endswith("/") and finding.member.startswith(name))
        for finding in found.findings
        for name in one.named
    )


@pytest.mark.parametrize("number", range(len(forger.KINDS)))
def test_a_change_is_found_where_every_hash_was_made_to_fit(
    bundle: Path, tmp_path: Path, number: int
) -> None:
    check(tmp_path / "x.zip", forged(bundle, number, care=2))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("care", [0, 1, 2])
def test_two_hundred_changes_are_found(bundle: Path, tmp_path: Path, care: int) -> None:
    for number in range(care, 200, 3):
        check(tmp_path / "x.zip", forged(bundle, number, care))


@pytest.mark.parametrize("seed", range(4))
def test_tricks_of_zip_files_are_one_error_each(bundle: Path, tmp_path: Path, seed: int) -> None:
    data = bundle.read_bytes()
    path = tmp_path / "x.zip"
    for what, changed in forger.tricks(data, random.Random(seed)).items():
        path.write_bytes(changed)
        said = faults(path)
        assert said, what
        assert all(line for line in said), what


def faults(path: Path) -> list[str]:
    """What verifying says, or the one error of a file that is no such ZIP."""
    try:
        return [str(finding) for finding in verify(path, cached_reports).findings]
    except IntegrityError as error:
        return [str(error).removeprefix(f"{path}: ")]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(forger.bomb(1 << 27))
    with pytest.raises(IntegrityError, match=r"claims\.json: .* a bomb"):
        read_zip(tmp_path / "x.zip")


def test_a_member_listed_twice_is_found(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(forger.twice(bundle.read_bytes()))
    with pytest.raises(IntegrityError, match="comes twice"):
        read_zip(tmp_path / "x.zip")


def test_a_whole_rewrite_is_found_by_digest_and_key_alone(bundle: Path, tmp_path: Path) -> None:
    """An answer is changed, and every hash, chain, seal, score and report made anew."""
    found = verify(bundle, cached_reports)
    records = [dict(row) for row in found.tables["records"]]
    right = {"billing", "delivery", "tech"}
    body = json.loads(records[0]["body"])
    body["text"] = min(right - {body["text"]})
    records[0]["body"] = json.dumps(body, sort_keys=True, separators=(",", ":"))
    assert found.seed is not None
    with rebuilt({**found.tables, "records": records}, chained=False) as (store, run_id):
        seed = found.seed
        made = make(store, run_id, "full", lambda: seed, reports_of)
    envelope = sealed(statement(PREDICATE, made.predicate, made.members), None)
    path = tmp_path / "x.zip"
    path.write_bytes(forger.zip_bytes({**made.members, MANIFEST: envelope}))
    again = verify(path, reports_of)
    assert again.holds, [str(one) for one in again.findings]
    assert again.origin is None
    new_key(tmp_path / "k")
    assert read_private(tmp_path / "k")
    for words in (
        {"digest": found.file_sha256},
        {"digest": found.root},
        {"key": read_public(tmp_path / "k.pub")},
    ):
        assert not verify(path, reports_of, **words).holds  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["hashed.zip", "none.zip"])
@pytest.mark.parametrize("table", ["records", "attempts", "scores", "costs", "runs"])
def test_a_row_of_a_redacted_bundle_belongs_to_the_whole(
    bundle: Path, tmp_path: Path, name: str, table: str
) -> None:
    home = Forger(dict(members_of(bundle.with_name(name))), random.Random(table), care=1)
    rows = home.rows(table)
    row = rows[0]["row"]
    holder = json.loads(row["body"]) if "body" in row else row
    key = {
        "records": "finish_reason",
        "attempts": "request_id",
        "scores": "value",
        "costs": "amount",
    }
    field = key.get(table, "created_utc")
    holder[field] = {"value": 0.25, "amount": "0.5"}.get(field, "2026-01-01T00:00:00+00:00")
    if "body" in row:
        row["body"] = json.dumps(holder, sort_keys=True, separators=(",", ":"))
    check(tmp_path / "x.zip", home.with_rows(table, rows, f"{table} of a redacted bundle"))


def test_a_full_bundle_cannot_state_scores_among_its_rows(bundle: Path, tmp_path: Path) -> None:
    one = Forger(dict(members_of(bundle)), random.Random(1), care=2)
    rows = one.rows("derived")
    score = one.rows("scores")[0]["row"]
    stated = {
        "run_id": rows[0]["row"]["run_id"],
        "kind": "given score",
        "key": "bundle",
        "row_id": "000000000",
        "body": json.dumps({**score, "value": 1.0}),
    }
    path = tmp_path / "x.zip"
    path.write_bytes(one.with_rows("derived", [*rows, {"row": stated}], "given").data)
    found = [str(finding) for finding in verify(path, cached_reports).findings]
    assert any("states a given score" in line for line in found), found
