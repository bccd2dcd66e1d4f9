"""The manifest of a run: what every one says, whoever makes the run."""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.machine import provenance
from claimbench.pricing.frozen import FrozenBook
from claimbench.suite.codec import suite_to_json
from claimbench.types import Json, Manifest, Suite

MANIFEST_SCHEMA = 2
"""Version of :class:`Manifest` as stored. History: 1 = first; 2 = the run is sealed from its plan
on.
"""


def manifest_of_suite(
    suite: Suite,
    run_id: str,
    created_utc: str,
    *,
    plan_sha256: str,
    book: FrozenBook,
    options: Mapping[str, Json],
) -> Manifest:
    """Return the manifest with all that follows from the suite, its prices and this program.

    Args:
        suite: as loaded, samples included.
        run_id: the new run's.
        created_utc: ISO 8601.
        plan_sha256: of the planned calls.
        book: the prices that the run is billed with; its text is kept in ``options``.
        options: what else the run was started with.

    What only the caller knows says that nothing was done: no arms, no limit, no git state, no host.
    It sets those with ``dataclasses.replace``.
    """
    claims = [
        {"id": claim.id, "text": claim.text, "raw": dict(claim.raw)} for claim in suite.claims
    ]
    return Manifest(
        run_id=run_id,
        schema=MANIFEST_SCHEMA,
        created_utc=created_utc,
        tool_version=provenance.tool_version(),
        suite_name=suite.name,
        suite_version=suite.version,
        suite_path=suite.path,
        file_sha256=suite.file_sha256,
        measured_sha256=suite.measured_sha256,
        plan_sha256=plan_sha256,
        price_book_sha256=book.sha256,
        suite=suite_to_json(suite),
        arms_run=(),
        arms_not_run={},
        arm_facts={},
        limit=None,
        claims=tuple(claims),
        git={},
        packages=provenance.package_versions(),
        host={},
        seed=suite.order_seed,
        options={**options, "price_book": book.text},
    )


def bare_manifest(run_id: str, arm: str, created_utc: str) -> Manifest:
    """Return the manifest of a run that measures nothing: rows need one to lie under."""
    return Manifest(
        run_id=run_id,
        schema=MANIFEST_SCHEMA,
        created_utc=created_utc,
        tool_version="",
        suite_name="self-test",
        suite_version="0-0",
        suite_path="",
        file_sha256="",
        measured_sha256="",
        plan_sha256="",
        price_book_sha256=None,
        suite={},
        arms_run=(arm,),
        arms_not_run={},
        arm_facts={},
        limit=None,
        claims=(),
        git={},
        packages={},
        host={},
        seed=0,
    )
