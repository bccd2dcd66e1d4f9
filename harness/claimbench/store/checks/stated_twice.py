"""Facts that a manifest states twice: beside its suite, and inside it. Both must say the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

_INSIDE: Mapping[str, str] = {
    "suite_name": "name",
    "suite_version": "version",
    "suite_path": "path",
    "file_sha256": "file_sha256",
    "measured_sha256": "measured_sha256",
    "seed": "order_seed",
}
"""Field of the manifest -> the suite's field that says the same."""


def disagreements(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield, in words, where a manifest and the suite in it say different things.

    Args:
        manifest: as stored, in JSON. What the suite in it does not say is not said twice; a suite
            that lacks a field cannot be judged, and whoever reads it says so.

    Raises:
        KeyError, TypeError, AttributeError: it is no manifest.
    """
    suite = manifest["suite"]
    for outer, inner in _INSIDE.items():
        if inner in suite and manifest[outer] != suite[inner]:
            yield (
                f"{outer} is {manifest[outer]!s:.80}, and {inner} of the suite in it"
                f" {suite[inner]!s:.80}"
            )
    if "claims" in suite:
        yield from _claims(manifest["claims"], suite["claims"])
    if "arms" in suite:
        arms = [arm["name"] for arm in suite["arms"]]
        for name in (*manifest["arms_run"], *manifest["arms_not_run"]):
            if name not in arms:
                yield f"an arm that was or was not run, {name!s:.80}, is none of the suite in it"
    if set(manifest["arms_run"]) & set(manifest["arms_not_run"]):
        yield "an arm is among arms_run and among arms_not_run"
    book, stated = manifest["options"].get("price_book"), manifest["price_book_sha256"]
    if isinstance(book, str) and stated is not None:
        made = hashlib.sha256(book.encode("utf-8", "surrogatepass")).hexdigest()
        if made != stated:
            yield "price_book_sha256 is not the hash of the price book in it"


def _claims(stated: Any, judged: Any) -> Iterator[str]:
    """Compare the claims that are shown with those that are judged."""
    if len(stated) != len(judged):
        yield f"it shows {len(stated)} claims, and the suite in it {len(judged)} that are judged"
        return
    for shown, one in zip(stated, judged, strict=True):
        for name in ("id", "text", "raw"):
            if shown.get(name) != one[name]:
                yield (
                    f"claim {one['id']!s:.80}: {name} is shown as {shown.get(name)!s:.80}, and"
                    f" judged is {one[name]!s:.80}"
                )
