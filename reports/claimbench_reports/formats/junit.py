"""JUnit XML to a file, for ``bench check --junit``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from claimbench_reports.formats.exports import junit_xml
from claimbench_reports.view.types import View


def write_junit(view: View, path: Path, thresholds: Mapping[str, str | None] | None = None) -> None:
    """Write :func:`~claimbench_reports.formats.exports.junit_xml`; ``thresholds``: case name ->
    what was missed, None = met.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(junit_xml(view, thresholds), encoding="utf-8")
