"""Plain tables of scores (CSV, JSONL, workbooks) -> imported results: what each column is and what
a cell says.
"""

from __future__ import annotations
