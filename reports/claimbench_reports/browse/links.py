"""Where pages are: addresses of the server, or paths between the files of a published site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode


class Links(Protocol):
    """Gives the address of each kind of page. ``static``: pages are files, nobody answers."""

    @property
    def static(self) -> bool:
        """Return whether pages are files."""

    def runs(self, query: Mapping[str, str] | None = None) -> str:
        """Return the list of runs."""

    def run(self, run_id: str) -> str:
        """Return one run."""

    def decision(self, run_id: str) -> str:
        """Return whom to choose."""

    def report(self, run_id: str) -> str:
        """Return the report as one page."""

    def samples(self, run_id: str, query: Mapping[str, str] | None = None) -> str:
        """Return the matrix of samples."""

    def sample(self, run_id: str, item: int) -> str:
        """Return one sample."""

    def compare(self, one: str = "", other: str = "") -> str:
        """Return two runs side by side."""


class ServerLinks:
    """Addresses of the server, from its root on."""

    static = False

    def runs(self, query: Mapping[str, str] | None = None) -> str:
        """Return the list of runs."""
        return _with("/", query)

    def run(self, run_id: str) -> str:
        """Return one run."""
        return f"/runs/{quote(run_id, safe='')}"

    def decision(self, run_id: str) -> str:
        """Return whom to choose."""
        return f"{self.run(run_id)}/decision"

    def report(self, run_id: str) -> str:
        """Return the report as one page."""
        return f"{self.run(run_id)}/report"

    def samples(self, run_id: str, query: Mapping[str, str] | None = None) -> str:
        """Return the matrix of samples."""
        return _with(f"{self.run(run_id)}/samples", query)

    def sample(self, run_id: str, item: int) -> str:
        """Return one sample."""
        return f"{self.run(run_id)}/samples/{item}"

    def compare(self, one: str = "", other: str = "") -> str:
        """Return two runs side by side."""
        return _with("/compare", {"a": one, "b": other} if one else None)

    def labels(self, run_id: str, place: int | None = None) -> str:
        """Return the page on which people label."""
        query = None if place is None else {"at": str(place)}
        return _with(f"{self.run(run_id)}/labels", query)

    def judge(self, run_id: str) -> str:
        """Return where judging is asked for."""
        return f"{self.run(run_id)}/judge"

    def draw(self, run_id: str) -> str:
        """Return where drawing a sample to label is asked for."""
        return f"{self.run(run_id)}/draw"

    def progress(self, run_id: str) -> str:
        """Return how far the run is, as JSON."""
        return f"{self.run(run_id)}/progress.json"


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """Relative paths of a published site; ``up`` leads from the page to the site's top."""

    up: str = ""
    static: bool = True

    def runs(self, query: Mapping[str, str] | None = None) -> str:  # noqa: ARG002 - nobody answers
        """Return the list of runs."""
        return f"{self.up}index.html"

    def run(self, run_id: str) -> str:
        """Return one run."""
        return f"{self.up}runs/{quote(run_id, safe='')}/index.html"

    def decision(self, run_id: str) -> str:
        """Return whom to choose."""
        return f"{self.up}runs/{quote(run_id, safe='')}/decision.html"

    def report(self, run_id: str) -> str:
        """Return the report as one page."""
        return f"{self.up}runs/{quote(run_id, safe='')}/report.html"

    def samples(self, run_id: str, query: Mapping[str, str] | None = None) -> str:  # noqa: ARG002 - likewise
        """Return the matrix of samples."""
        return f"{self.up}runs/{quote(run_id, safe='')}/samples.html"

    def sample(self, run_id: str, item: int) -> str:
        """Return one sample."""
        return f"{self.up}runs/{quote(run_id, safe='')}/sample-{item}.html"

    def compare(self, one: str = "", other: str = "") -> str:
        """Return two runs side by side."""
        return f"{self.up}compare/{quote(f'{one}--{other}', safe='')}.html"


def _with(path: str, query: Mapping[str, str] | None) -> str:
    kept = {name: value for name, value in (query or {}).items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
