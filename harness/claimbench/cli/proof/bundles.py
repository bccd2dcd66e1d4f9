"""What ``bundle``, ``verify`` and ``import`` share: the reports of a bundle, and its salts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evidence.verify import Verified
    from claimbench.store.raw_rows import RawRows
    from claimbench.store.results import ResultsStore
    from claimbench.types import Suite

SALT = "bundle.salt"
"""In a run's folder: the secret from which the salts of its bundles come."""


def reports_of(store: ResultsStore, evaluation: Evaluation, profile: str) -> Mapping[str, bytes]:
    """Return the reports of a bundle's run: they depend on its rows and on this version alone, not
    on keys, packages or other runs of this machine.
    """
    from claimbench.api import background_of
    from claimbench.decision.as_json import decision_json
    from claimbench.evidence.bundle import as_json
    from claimbench.evidence.values import pretty
    from claimbench_reports.collect.data import report_data
    from claimbench_reports.formats.exports import view_json
    from claimbench_reports.formats.html import render_html
    from claimbench_reports.formats.pack import sample_packs
    from claimbench_reports.view.build import build_view

    background = background_of(evaluation.stored.suite, here=False)
    redact = background.redactor(profile)
    # Where the results lie is no part of the evidence: who verifies has them elsewhere.
    data = replace(report_data(store, evaluation, background), place="")
    view = build_view(data, redact)
    made = {
        "report.json": view_json(view).encode("utf-8", "replace"),
        "report.html": render_html(view, packs=sample_packs(data, redact)).encode(
            "utf-8", "replace"
        ),
    }
    if data.decision is not None:
        made["decision.json"] = pretty(as_json(decision_json(data.decision)))
    return made


def seed_of(store: ResultsStore, run_id: str, *, given: bytes | None = None) -> bytes:
    """Return the secret of a run's salts, made when it is first asked for and kept beside the run,
    for its owner alone: with it a run's bundles are the same each time.

    Raises:
        BenchError: it cannot be read or kept.
    """
    from claimbench.evidence.bundle import SEED_BYTES

    folder = store.run_folder(run_id)
    file = folder / SALT
    try:
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as out:
                out.write((given or secrets.token_bytes(SEED_BYTES)).hex() + "\n")
        seed = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except OSError as error:
        raise BenchError(
            f"{file}: the secret of this run's bundles cannot be kept: {error.strerror}",
            hint="copy the results folder to a place that can be written",
        ) from error
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise BenchError(
            f"{file}: is not the secret of this run's bundles ({SEED_BYTES} bytes in hex)",
            hint="remove it; bundles made from then on have other salts",
        )
    return seed


def refuse_keys(members: Mapping[str, bytes], suite: Suite) -> None:
    """Refuse to write a key of this machine into a file that is made to be handed on.

    Raises:
        BenchError: a member holds one; the key is not named.
    """
    from claimbench.privacy.redact import forms
    from claimbench_providers.endpoints.known_keys import known_secrets

    for secret in known_secrets(suite):
        wanted = [form.encode() for form in forms(secret)]
        for name, content in members.items():
            if any(form in content for form in wanted):
                raise BenchError(
                    f"{name} would hold a key of this environment or of the suite's key files",
                    hint="the run's rows hold it, and rows are never changed: measure again",
                )


def verified(path: Path, *, digest: str | None = None, key: Path | None = None) -> Verified:
    """Verify a bundle; ``key`` is the file of its maker's public key."""
    from claimbench.evidence.statement import read_public
    from claimbench.evidence.verify import verify
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    public = None if key is None else read_public(key)
    return verify(path, reports_of, digest=digest, key=public)


def is_bundle(path: Path) -> bool:
    """Say whether a file is meant as a bundle of ours; whether it holds is another question."""
    from claimbench.evidence.archive import MANIFEST
    from claimbench.evidence.unzip import holds_member

    return holds_member(path, MANIFEST)


def import_bundle(store: ResultsStore, path: Path) -> tuple[str, Verified, bool]:
    """Verify a bundle and store its run; return the run's id, what verifying found, and whether it
    was here already, with the same rows.

    Raises:
        IntegrityError: it does not hold: the first thing that differs is named, nothing is stored.
        IntegrityError: the run is here already, with other rows.
    """
    from claimbench.errors import IntegrityError
    from claimbench.evidence.bundle import with_given
    from claimbench.store.catalogue.browsing import one_run
    from claimbench.store.raw_rows import add_raw, read_raw

    found = verified(path)
    if not found.holds:
        more = len(found.findings) - 1
        rest = f" (and {more} more)" if more else ""
        raise IntegrityError(
            f"{path}: does not hold: {found.findings[0]}{rest}; nothing was imported",
            hint="bench verify FILE lists all that differs",
        )
    full = found.redaction == "full"
    rows = found.tables
    if not full:
        costs = {row["call_id"]: row for row in rows["costs"] if row["call_id"] in found.stated}
        rows = with_given(rows, costs)
    run_id = str(rows["runs"][0]["run_id"])
    if one_run(store, run_id, {}) is not None:
        if not same_rows(read_raw(store, run_id), rows, chained=full):
            raise IntegrityError(
                f"{path}: run {run_id} is stored here already, and with other rows; nothing was"
                " imported",
                hint="name another folder with --results, and compare the two",
            )
        return run_id, found, True
    add_raw(store, rows, chained=full)
    if full:
        seed_of(store, run_id, given=found.seed)
    return run_id, found, False


def same_rows(stored: RawRows, other: RawRows, *, chained: bool) -> bool:
    """Say whether two runs hold the same rows.

    Args:
        stored: the one.
        other: the other.
        chained: ``other`` carries hashes and seals; otherwise those are made when it is stored.
    """
    from claimbench.store.raw_rows import TABLES

    for table in TABLES if chained else [name for name in TABLES if name != "seals"]:
        left_out = set() if chained else {"sha256"}
        sides = [
            sorted(
                repr(sorted((k, v) for k, v in row.items() if k not in left_out)) for row in rows
            )
            for rows in (stored[table], other[table])
        ]
        if sides[0] != sides[1]:
            return False
    return True
