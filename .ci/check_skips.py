"""Fail on a skipped test whose reason is not listed: ``check_skips.py ALLOWED JUNIT_XML...``.

A report that is missing or holds no test is an error too: nothing would have been checked.
"""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path


def refused(report: Path, allowed: Sequence[str]) -> list[str]:
    """Return a line for each test of one report that was skipped for a reason not listed."""
    lines: list[str] = []
    cases = list(ET.parse(report).iter("testcase"))
    if not cases:
        lines.append(f"{report}: the report holds no test")
    for case in cases:
        for skip in case.iter("skipped"):
            reason = skip.get("message", "")
            if not reason.startswith(tuple(allowed)):
                name = f"{case.get('classname')}::{case.get('name')}"
                lines.append(f"skip not on the list: {name}: {reason}")
    return lines


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong in any of the reports; return 1 if something is."""
    listed, *reports = map(Path, arguments)
    texts = listed.read_text(encoding="utf-8").splitlines()
    allowed = [line for line in texts if line and not line.startswith("#")]
    if not reports:
        print("no report was given")
        return 1
    lines: list[str] = []
    for report in reports:
        lines += refused(report, allowed) if report.is_file() else [f"{report}: there is none"]
    for line in lines:
        print(line)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
