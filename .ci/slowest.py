"""Write tests/slowest.txt, by which the longest modules start first: ``slowest.py JUNIT_XML...``.

One line for each module that took 5 seconds or more: whole seconds and its path below ``tests``.
"""

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
LEAST_S = 5


def seconds_of(reports: Sequence[Path]) -> Counter[str]:
    """Return the seconds of each module, its fixtures among them."""
    found: Counter[str] = Counter()
    for report in reports:
        for case in ET.parse(report).iter("testcase"):
            found[module_of(case.get("classname", ""))] += float(case.get("time", "0"))
    return found


def module_of(classname: str) -> str:
    """Return the path of a case's module below ``tests``, without the classes in it."""
    parts = classname.removeprefix("tests.").split(".")
    while len(parts) > 1 and not parts[-1].startswith("test_"):
        parts.pop()
    return "/".join(parts) + ".py"


def main(arguments: Sequence[str]) -> int:
    """Write the file; return 0."""
    found = seconds_of([Path(name) for name in arguments]).most_common()
    lines = [f"{seconds:.0f} {path}\n" for path, seconds in found if seconds >= LEAST_S]
    (TESTS / "slowest.txt").write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
