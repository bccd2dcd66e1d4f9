"""docs/notebook.ipynb runs on a run of one's own, as a person would run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import Said

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"


# jupyter's own event loop and sockets warn about themselves; nothing here is ours
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"
)
def test_the_notebook_runs(desk: Path, bench: Callable[..., Said]) -> None:
    assert bench("run", str(desk), "--limit", "40", "--no-report").code == 0
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(desk.parent)}}
    )
    client.execute()
    shown = "\n".join(str(output) for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "90% cheaper than good" in shown
    assert "per_request" in shown
    assert "image/png" in shown


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
