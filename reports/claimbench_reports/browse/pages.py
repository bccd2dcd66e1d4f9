"""HTML of every page, for the server and for a published site: what is shown comes in as values."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from claimbench.privacy.visible import visible
from claimbench.store.catalogue.about import About
from claimbench.store.catalogue.browsing import RunFilter, RunRow
from claimbench_reports.browse.links import Links
from claimbench_reports.browse.shelf import MatrixFilter, MatrixPage, RunIndex, verdicts_in
from claimbench_reports.charts.marks import Chart
from claimbench_reports.formats.html import asset, decision_values, environment, policy
from claimbench_reports.view.about import short_date
from claimbench_reports.view.words import GLOSSARY, SIGN, STATUS

MOST_VERDICT_BYTES = 100_000
"""Of a run's verdicts.json; a larger file is not read."""

VERDICTS = "verdicts.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run's pages stand. ``state`` changes when a page must be made anew; ``words`` say what
    is going on, empty when nothing is; ``fault``: why nothing is shown; ``stale``: why the figures
    may not be those of the rows that are there now, said at the top of each page.
    """

    state: str
    words: str = ""
    verified: str = ""
    tampered: bool = False
    fault: str = ""
    stale: str = ""
    may_ask: bool = False
    ask_words: str = ""


@dataclass(frozen=True, slots=True)
class RunPage:
    """What belongs to one run on each of its pages; ``index`` None: it is not judged yet."""

    run: RunRow
    standing: Standing
    index: RunIndex | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Return it as templates take it."""
        facts = None if self.index is None else self.index.facts
        return {
            "run": self.run,
            "standing": self.standing,
            "facts": facts,
            "ready": facts is not None,
            "decided": facts is not None and facts["decision"] is not None,
            "suite_shown": visible(f"{self.run.suite_name} {self.run.suite_version}"),
            "created": short_date(self.run.created_utc),
            "calls": calls_words(self.run),
            "about": about_values(self.run.about),
        }


class Pages:
    """Makes pages. ``csrf`` is what forms bring back; empty for a site without forms."""

    def __init__(self, links: Links, csrf: str = "") -> None:
        self.links = links
        self.csrf = csrf

    def runs(
        self,
        lines: Sequence[Mapping[str, Any]],
        wanted: RunFilter,
        suites: Sequence[str] = (),
        next_url: str = "",
        pairs: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Return the list of runs; ``lines`` as :func:`run_line` gives them."""
        filtered = bool(wanted.text or wanted.suite or wanted.since or wanted.tag)
        words = f"{len(lines)} run{'' if len(lines) == 1 else 's'} on this page, newest first"
        return self._render(
            "runs",
            title="All runs",
            here="runs",
            rows=lines,
            wanted=wanted,
            suites=[(name, visible(name)) for name in suites],
            next_url=next_url,
            pairs=pairs,
            filtered=filtered,
            shown_words=f"{words}{', as filtered' if filtered else ''}.",
        )

    def run(
        self, page: RunPage, *, progress_url: str = "", previous: str = "", n_to_label: int = 0
    ) -> str:
        """Return one run: how far it is, whom to choose, its verdicts and arms."""
        return self._render(
            "run",
            title=f"Run {page.run.run_id}",
            here="run",
            live=bool(page.standing.words) and not self.links.static,
            progress_url=progress_url,
            previous=previous,
            n_to_label=n_to_label,
            verified=page.standing.verified,
            **page.values,
        )

    def decision(self, page: RunPage) -> str:
        """Return whom to choose, in full; the run has a decision."""
        values = page.values
        decision = values["facts"]["decision"]
        charts = [Chart(**chart) for chart in values["facts"]["decision_charts"]]
        return self._render(
            "decision",
            title="Decision",
            here="decision",
            view={"decision": decision},
            **decision_values(charts, values["facts"]["warnings"]),
            **values,
        )

    def samples(
        self,
        page: RunPage,
        found: MatrixPage,
        wanted: MatrixFilter,
        *,
        next_url: str = "",
        has_page: frozenset[int] | None = None,
        shown_as: Mapping[int, str] | None = None,
        note: str = "",
    ) -> str:
        """Return the matrix of samples.

        Args:
            page: the run; it is judged.
            found: the rows to show.
            wanted: the filter.
            next_url: where the rows after them are.
            has_page: samples that have a page of their own; None: all.
            shown_as: by sample the patterns that it fits, for a site that filters by itself.
            note: what a reader must know of what is left out.
        """
        index = page.index
        assert index is not None  # noqa: S101 - said above
        matrix = index.facts["matrix"]
        total, n = int(matrix["n"]), found.n
        words = "more than can be counted" if n is None else f"{n:,}"
        words = f"{words} of {total:,} samples fit." if n != total else f"{total:,} samples."
        if found.partial:
            words += " The search ran out of time: look for three signs or more."
        chosen = "" if wanted.slice is None else f"{wanted.slice[0]}={wanted.slice[1]}"
        return self._render(
            "samples",
            title="Samples",
            here="samples",
            rows=found.rows,
            wanted=wanted,
            slice_chosen=chosen,
            slices=_slices(index, matrix["slices"]),
            outcomes=index.outcomes(),
            patterns=patterns(matrix["arms"]),
            next_url=next_url,
            has_page=has_page if has_page is not None else {row.item for row in found.rows},
            shown_as=shown_as or {},
            shown_words=f"{words} {note}".strip(),
            **page.values,
        )

    def sample(
        self,
        page: RunPage,
        doc: Mapping[str, Any],
        before: int | None = None,
        after: int | None = None,
    ) -> str:
        """Return one sample, every arm's answers side by side."""
        return self._render(
            "sample",
            title=f"Sample {doc['id']}",
            here="sample",
            doc=doc,
            before=before,
            after=after,
            **page.values,
        )

    def compare(
        self,
        one: RunPage | None,
        other: RunPage | None,
        wanted: tuple[str, str] = ("", ""),
        run_ids: Sequence[str] = (),
        problems: Sequence[str] = (),
        folder: str = "",
    ) -> str:
        """Return two runs side by side; None for one that was not found or not judged.

        ``folder`` holds both, for the command line that tests the difference; "" where a reader's
        machine does not know it.
        """
        values: dict[str, Any] = {"sides": [], "claims": [], "arms": [], "columns": []}
        said = list(problems)
        if one is not None and other is not None:
            values, more = _side_by_side(one, other)
            said += more
            place = f" --results {shlex.quote(folder)}" if folder else ""
            values["command"] = f"bench compare {one.run.run_id} {other.run.run_id}{place}"
        return self._render(
            "compare",
            title="Compare",
            here="compare",
            wanted_a=wanted[0],
            wanted_b=wanted[1],
            run_ids=run_ids,
            problems=said,
            **values,
        )

    def labels(self, page: RunPage, **values: Any) -> str:
        """Return the page on which people label; ``values`` as its template takes them."""
        return self._render("labels", title="Labels", here="labels", **values, **page.values)

    def note(self, title: str, words: str, hint: str = "") -> str:
        """Return a page that says one thing, such as that there is no such page."""
        return self._render("note", title=title, here="", words=words, hint=hint)

    def _render(self, name: str, *, live: bool = False, **values: Any) -> str:
        css, js = look()
        rules = csp(served=not self.links.static)
        common = {
            "links": self.links,
            "csrf": self.csrf,
            "css": Markup(css),  # noqa: S704 - our own file
            "js": Markup(js),  # noqa: S704 - our own file
            "csp": rules,
            "csp_in_page": self.links.static,
            "sign": SIGN,
            "glossary": GLOSSARY,
            "refresh": live,
            "run": None,
            "standing": None,
            "ready": False,
        }
        return environment().get_template(f"browse/{name}.html.j2").render({**common, **values})


@cache
def look() -> tuple[str, str]:
    """Return the style sheet and the script of all pages: the report's, and a little more."""
    return (
        f"{asset('report.css')}{asset('browse.css')}",
        f"{asset('report.js')}{asset('browse.js')}",
    )


@cache
def csp(*, served: bool) -> str:
    """Return the content security policy of a page: the report's, and, where it is ``served``, what
    forms and a page that asks for progress need, of this server alone.
    """
    rules = policy(*look())
    if not served:
        return rules
    return rules.replace("form-action 'none'", "form-action 'self'") + "; connect-src 'self'"


def run_line(
    run: RunRow, index: Path, folder: Path | None = None, tampered: bool = False
) -> dict[str, Any]:
    """Return a run as a line of the list; its verdicts are those of the index at ``index``, else of
    its last report in ``folder``. Of a run that was changed none are shown.
    """
    verdicts: list[dict[str, str]] = []
    if not tampered:
        verdicts = verdicts_in(index)
        if not verdicts and folder is not None:
            verdicts = _reported(folder / VERDICTS)
    return {
        "run_id": run.run_id,
        "created": short_date(run.created_utc),
        "suite": visible(f"{run.suite_name} {run.suite_version}"),
        "calls": calls_words(run),
        "status": run.status,
        "tampered": tampered,
        "since": False,
        "verdicts": verdicts,
        "about": about_values(run.about),
    }


def about_values(about: About) -> dict[str, Any]:
    """Return what people said of a run, as templates take it; tags with how they are shown."""
    return {
        "tags": [(tag, visible(tag)) for tag in about.tags],
        "note": visible(about.note),
        "owner": visible(about.owner),
    }


def calls_words(run: RunRow) -> str:
    """Return how many calls are finished, in words."""
    if run.n_finished == run.n_planned:
        return f"{run.n_planned:,} calls"
    return f"{run.n_finished:,} of {run.n_planned:,} calls"


def patterns(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Return the patterns that a matrix is filtered by, with their words."""
    found = [
        ("differ", "arms differ"),
        ("right", "every arm right"),
        ("wrong", "no arm right, all alike"),
        ("missing", "an answer is missing"),
    ]
    if len(arms) > 1:
        found += [(f"only:{at}", f"only {arm} wrong") for at, arm in enumerate(arms)]
    return found


def _slices(index: RunIndex, names: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for at, name in enumerate(names):
        found += [(f"{at}={value}", f"{name}: {value}") for value in index.slice_values(at)]
    return found


def _reported(path: Path) -> list[dict[str, str]]:
    """Return the verdicts that a run's last report left; empty for a file that is none of ours."""
    try:
        if path.is_symlink() or path.stat().st_size > MOST_VERDICT_BYTES:
            return []
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(found, dict):
        return []
    return [
        {"id": visible(str(claim))[:100], "status": status, "status_text": STATUS[status]}
        for claim, status in found.items()
        if isinstance(status, str) and status in STATUS
    ]


def _side_by_side(one: RunPage, other: RunPage) -> tuple[dict[str, Any], list[str]]:
    """Return both runs' claims and arms, joined by claim and by arm, and what stands against it."""
    assert one.index is not None and other.index is not None  # noqa: S101, PT018 - both are judged
    facts = (one.index.facts, other.index.facts)
    said = []
    if facts[0]["measured"] != facts[1]["measured"]:
        said.append(
            "The two runs did not measure the same suite: data, prompts, scorers or sampling"
            " differ, so that figures side by side do not say who is better."
        )
    verdicts = [{v["id"]: v for v in side["verdicts"]} for side in facts]
    arms = [{a["arm"]: a for a in side["arms"]} for side in facts]
    claims = []
    for key in dict.fromkeys([*verdicts[0], *verdicts[1]]):
        cells = [side.get(key) for side in verdicts]
        words = next(cell["claim"] for cell in cells if cell is not None)
        claims.append((f"{key}: {words}", cells))
    rows = [
        (name, [side.get(name) for side in arms]) for name in dict.fromkeys([*arms[0], *arms[1]])
    ]
    values = {
        "sides": [one.run, other.run],
        "claims": claims,
        "arms": rows,
        "columns": facts[0]["columns"],
    }
    return values, said
