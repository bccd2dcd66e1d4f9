"""What columns of plain tables are called and measure: names of scores, amounts that cannot be."""

from __future__ import annotations
