"""A bundle that is imported again is the same run, or differs."""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.cli.proof.bundles import same_rows
from claimbench.store.raw_rows import TABLES


def rows(**changed: Any) -> dict[str, Any]:
    row = {"run_id": "r", "body": "{}", "sha256": "x"}
    return {**{table: [row] for table in TABLES}, **changed}


@pytest.mark.parametrize("chained", [True, False])
def test_the_same_rows_are_the_same_run(chained: bool) -> None:
    assert same_rows(rows(), rows(), chained=chained)


@pytest.mark.parametrize("table", ["runs", "records", "derived", "looks"])
@pytest.mark.parametrize("chained", [True, False])
def test_a_changed_or_missing_row_is_found(table: str, chained: bool) -> None:
    other = {"run_id": "r", "body": "[]", "sha256": "x"}
    assert not same_rows(rows(), rows(**{table: [other]}), chained=chained)
    assert not same_rows(rows(), rows(**{table: []}), chained=chained)


def test_hashes_that_storing_makes_count_only_where_they_were_written() -> None:
    other = {"run_id": "r", "body": "{}", "sha256": "y"}
    assert same_rows(rows(), rows(records=[other], seals=[]), chained=False)
    assert not same_rows(rows(), rows(records=[other]), chained=True)
