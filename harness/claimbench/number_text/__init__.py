"""Numbers in text, read the same way in targets and in answers.

``read_numbers`` gives every number of a text with its place; one that can be read in two ways has
no value, so that it is never taken for another number. :mod:`claimbench.number_text.plain` holds
what texts share.
"""

from __future__ import annotations

from claimbench.number_text.read import (
    Found,
    counts_dozens,
    find_numbers,
    normal_text,
    parse_number,
    read_numbers,
)

__all__ = ["Found", "counts_dozens", "find_numbers", "normal_text", "parse_number", "read_numbers"]
