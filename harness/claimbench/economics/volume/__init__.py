"""The bill: dollars per request and machines at a stated volume, by the month and over years.

Pure functions of measured figures and of what a suite's ``volume:`` states. One module computes,
reports render. Formulas: docs/method_costs.md, "The bill".
"""

from __future__ import annotations
