"""Fail on any skipped test whose reason is not on the list: ``check_skips.py JUNIT_XML
ALLOWED``.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main() -> int:
    """Return 1 and say which tests were skipped for a reason that is not listed."""
    allowed = [
        line
        for line in Path(sys.argv[2]).read_text().splitlines()
        if line and not line.startswith("#")
    ]
    refused = 0
    for case in ET.parse(sys.argv[1]).iter("testcase"):
        for skip in case.iter("skipped"):
            reason = skip.get("message", "")
            if not any(reason.startswith(known) for known in allowed):
                print(
                    f"skip not on the list: {case.get('classname')}::{case.get('name')}: {reason}"
                )
                refused += 1
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(main())
