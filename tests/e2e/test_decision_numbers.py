"""Every number of the decision section, reckoned again from the stored rows by other means.

The page's section is parsed; each text with a digit is checked by the place it stands in, and one
that nothing here knows of fails the test.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from . import buying_case as case
from . import forked
from . import page_figures as other
from .conftest import environment
from .independent_figures import Figure

DECISIONS = {
    "tied": case.DECISION,
    "clear": case.CLEAR,
    "open": case.DECISION.replace("  criteria:", f"{case.SPEED}  criteria:"),
}
TRAINED = "price: {input: 0.2, output: 0.8, source: test, dated: 2026-01-01}"
TRAINING = "training: {usd: 1800, requests: 3000000}"
SCALE = {"%": 0.01, "ms": 0.001}
NUMBER = re.compile(r"(?<![\w.])([+\u2212-]?)\$?(\d[\d,]*(?:\.\d+)?)\s?(%|ms\b|s\b)?")


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=list(DECISIONS))
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, other.Buyer, Section]:
    """A run with one of the decisions: its figures by other means, and its page."""
    folder = tmp_path_factory.mktemp(request.param)
    with case.shops() as urls:
        suite = case.write_case(folder, urls, decision=DECISIONS[request.param])
        text = suite.read_text(encoding="utf-8")
        assert TRAINED in text
        if request.param != "open":  # what more samples cost is said with a training's share
            suite.write_text(text.replace(TRAINED, f"{TRAINED}, {TRAINING}"), encoding="utf-8")
        done = forked.run(
            ["run", str(suite)],
            cwd=folder,
            env=environment(),
        )
    assert done.returncode in (0, 1, 2), done.stderr
    (page,) = folder.glob("results/*/report.html")
    buyer = other.Buyer(other.load(folder / "results" / "bench.db"))
    return request.param, buyer, Section.of(page)


class Section:
    """The decision section: texts with digits that nobody has accounted for yet."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.left = {id(one): (one, text) for one, text in self._texts() if re.search(r"\d", text)}

    @classmethod
    def of(cls, page: Path) -> Section:
        """The section of a report."""
        tree = lxml.html.fromstring(page.read_text(encoding="utf-8"))
        root = tree.get_element_by_id("decision")
        for warnings in root.xpath(
            "details[contains(@class, 'warnings')]"
        ):  # of the run as a whole
            summary, *each = warnings
            assert summary.text_content().split()[0] == str(len(each))
            warnings.drop_tree()
        return cls(root)

    def fresh(self, change: int | None = None, added: str = "") -> Section:
        """The section once more, nothing accounted for; the first digit of one text changed, or a
        text added.
        """
        made = Section(deepcopy(self.root))
        if change is not None:
            one, _ = list(made.left.values())[change]
            for holder, part in [(one, "text"), *((child, "tail") for child in one)]:
                text = getattr(holder, part) or ""
                if re.search(r"\d", text):
                    turned = re.sub(r"\d", lambda m: str((int(m[0]) + 3) % 9 + 1), text, count=1)
                    setattr(holder, part, turned)
                    break
        if added:
            made.root.append(lxml.html.fromstring(f"<em>{added}</em>"))
        return Section(made.root)

    def _texts(self) -> Iterator[tuple[Any, str]]:
        for one in self.root.iter():
            if isinstance(one.tag, str):
                own = " ".join(filter(None, [one.text, *(child.tail for child in one)]))
                yield one, " ".join(own.split())

    def find(self, path: str) -> list[Any]:
        return list(self.root.xpath(path))

    def text(self, one: Any) -> str:
        return " ".join(one.text_content().split())

    def check(self, one: Any, expected: Sequence[float], *words: str) -> None:
        """Hold the numbers of a text, in order, against what is expected; ``words`` that hold
        digits must stand in it and are no numbers.
        """
        text = " ".join(filter(None, [one.text, *(child.tail for child in one)]))
        text = " ".join(text.split())
        for word in words:
            assert word in text, f"{word!r} in {text!r}"
            text = text.replace(word, "", 1)
        found = [read(match) for match in NUMBER.finditer(text)]
        assert len(found) == len(expected), f"{text!r}: {expected}"
        for (shown, half), want in zip(found, expected, strict=True):
            assert abs(shown - want) <= half * (1 + 1e-6) + 1e-9, f"{text!r}: {shown} is {want}"
        self.left.pop(id(one), None)


def read(match: re.Match[str]) -> tuple[float, float]:
    """A number as shown, and half a step of its last digit."""
    sign, digits, unit = match.groups()
    scale = SCALE.get(unit or "", 1.0)
    bare = digits.replace(",", "").rstrip(".")
    places = len(bare.partition(".")[2])
    value = float(bare) * scale * (-1 if sign in ("-", "\u2212") else 1)
    return value, 0.5 * 10**-places * scale


def ends(found: Figure, least: float = -math.inf, most: float = math.inf) -> list[float]:
    """The ends of an interval as they are shown: clipped, one number where they are equal or one
    has no bound.
    """
    lo, hi = max(found.lo, least), min(found.hi, most)
    if math.isclose(lo, hi, rel_tol=1e-9):
        return [lo]
    return [end for end in (lo, hi) if math.isfinite(end)]


def test_every_number_of_the_section_comes_from_the_rows(
    made: tuple[str, other.Buyer, Section],
) -> None:
    name, buyer, page = made
    assert len(buyer.run.calls) == 4 * case.N
    check_section(name, buyer, page.fresh())


def test_a_number_that_is_changed_or_added_is_found(
    made: tuple[str, other.Buyer, Section],
) -> None:
    name, buyer, page = made
    places = len(page.left)
    assert places > 60
    for at in range(places):
        with pytest.raises(AssertionError):
            check_section(name, buyer, page.fresh(change=at))
    with pytest.raises(AssertionError, match="nobody has accounted for"):
        check_section(name, buyer, page.fresh(added="and 5 more"))


def check_section(name: str, buyer: other.Buyer, page: Section) -> None:
    """Account for every number of the section."""
    check_headline(name, buyer, page)
    check_requirements(buyer, page)
    check_charts(buyer, page)
    check_totals(buyer, page)
    check_foot(buyer, page)
    assert list(page.left.values()) == [], "numbers that nobody has accounted for"


def check_headline(name: str, buyer: other.Buyer, page: Section) -> None:
    (strong,) = page.find("p[@class='choice']/strong")
    said, n = page.text(strong), len(buyer.decision["requirements"])
    lines = page.find("ul[@class='facts']/li")
    if name == "open":
        assert buyer.candidates == []
        assert said.startswith("No recommendation yet: no arm meets every requirement")
        page.check(strong, [])
        assert lines == []
        return
    leader, leads = buyer.ranking()
    chosen = buyer.recommended()
    assert (chosen is not None) == (name == "clear"), "the case is what its name says"
    month = {arm: buyer.month(arm, buyer.alpha) for arm in buyer.run.arms}
    if chosen is None:
        least = min(buyer.candidates, key=lambda arm: month[arm].value)
        assert said.startswith("No recommendation yet: ")
        assert f"({least} costs least a month)" in said
        page.check(strong, [n])
    else:
        assert said.startswith(f"Choose {leader}: it meets all {n} requirements")
        nearest = min((lead for lead, _ in leads.values()), key=lambda lead: lead.value)
        page.check(strong, [n, *lead_numbers(nearest)])
        was, now = month[buyer.decision["incumbent"]], month[leader]
        level = 1 - buyer.alpha / other.GUARD
        billed = [now.value, level, now.lo, now.hi, was.value, level, was.lo, was.hi]
        saved = buyer.saved(leader)
        assert saved.lo > 0, "the case is one that saves"
        year = [saved.value, level, saved.lo, saved.hi]
        page.check(lines[0], [*billed, *year, buyer.requests])
        gap = buyer.difference(leader)
        in_points = [100 * gap.value, 0.95, 100 * gap.lo, 100 * gap.hi]
        page.check(lines[1], in_points)
        lines = lines[2:]
    if chosen is None:
        *lines, settled = lines
        check_settled(page, settled, leads, buyer.run.calls.item.nunique())
    wins, move = lines
    assert page.text(wins).startswith(f"{leader} has the highest total under ")
    share = float(re.findall(r"(\d+)%", page.text(wins))[0]) / 100
    assert share == pytest.approx(buyer.wins(leader), abs=0.005 + 0.002)
    page.check(wins, [share])
    rival, change = buyer.move(leader)
    taken = {c["name"]: -x for c, x in zip(buyer.criteria, change, strict=True) if x < -1e-9}
    given = [c["name"] for c, x in zip(buyer.criteria, change, strict=True) if x > 1e-9]
    assert page.text(move).startswith(f"to draw level, {rival} needs ")
    assert page.text(move).endswith(f" moved to {given[0]}")
    parts = re.findall(r"([\d.]+) points of weight from (\w+)", page.text(move))
    assert {who: float(points) for points, who in parts} == pytest.approx(
        {who: 100 * part for who, part in taken.items()}, abs=0.5
    )
    page.check(move, [float(points) for points, _ in parts])


def check_settled(page: Section, line: Any, leads: dict[str, tuple[Figure, float]], n: int) -> None:
    """How many more samples the widest lead takes, if it stays what it is."""
    rival = min(leads, key=lambda arm: leads[arm][0].value)
    need = max((max(x.hi - x.value, x.value - x.lo) / x.value) ** 2 for x, _ in leads.values())
    text = page.text(line)
    if text.startswith("More samples would hardly"):
        assert leads[rival][0].value < 0.05 or need > 90
        page.check(line, [leads[rival][0].value] if "points" in text else [])
        return
    more = float(re.findall(r"About ([\d,]+) more", text)[0].replace(",", ""))
    assert more == pytest.approx(max(n * (need - 1), 1), rel=0.01, abs=1)
    page.check(line, [more, leads[rival][0].value])


def lead_numbers(lead: Figure) -> list[float]:
    """A lead as it is said, with its level and both ends."""
    return [lead.value, 0.95, lead.lo, lead.hi]


def check_requirements(buyer: other.Buyer, page: Section) -> None:
    arms = buyer.run.arms
    for row in page.find(".//table[contains(@class, 'gates')]/tbody/tr"):
        name = page.text(row.xpath("th")[0])
        requirement = next(r for r in buyer.decision["requirements"] if r["name"] == name)
        for arm, cell in zip(arms, row.xpath("td"), strict=True):
            badge = page.text(cell.xpath("span")[0])
            assert badge.split()[-1] == buyer.states[name, arm], (name, arm)
            (why,) = cell.xpath(".//p")
            check_why(buyer, page, requirement, arm, why)
    for item in page.find("details/ul/li[@class='small']"):
        arm, _, rest = page.text(item).partition(", ")
        requirement = next(
            r for r in buyer.decision["requirements"] if rest.startswith(f"{r['name']}: ")
        )
        assert buyer.states[requirement["name"], arm] == "open"
        check_why(buyer, page, requirement, arm, item)


def check_why(
    buyer: other.Buyer, page: Section, requirement: dict[str, Any], arm: str, why: Any
) -> None:
    claim, attested = requirement.get("claim"), requirement.get("attested") or {}
    if claim is None:
        words = [attested[arm]["text"], attested[arm]["dated"]] if arm in attested else []
        page.check(why, [], *words)
        return
    alpha = buyer.levels[requirement["name"], arm]
    if "accurate" in claim:
        found = buyer.accuracy(arm, alpha, "beta")
        page.check(why, [found.value, 1 - alpha, *ends(found), 0.7])
        return
    if "a month" in claim:
        found = buyer.month(arm, alpha)
        rate = buyer.volume.get("arms", {}).get(arm, {}).get("capacity_per_hour")
        at = [] if rate is None else [float(rate)]
        level = 1 - (alpha if rate is not None else alpha / other.GUARD)
        page.check(why, [found.value, level, *ends(found), buyer.requests, *at, 3000])
        return
    check_speed(buyer, page, arm, why, alpha)


def check_speed(buyer: other.Buyer, page: Section, arm: str, why: Any, alpha: float) -> None:
    """A percentile that stays open: its value, level and lower end, and what the blocks are."""
    rows = buyer.run.of(arm)
    value = buyer.late(arm, 0.95).value
    text = page.text(why)
    tail = re.search(
        r"\(at most 6 blocks of [\d.]+ s(?:, and neighbours correlate [\d.]+)?\)", text
    )
    told, settled = text, re.search(r" To settle it: .*$", text)
    if settled is not None:
        assert settled[0].endswith("desk.yaml")
        told = text.removesuffix(settled[0])
    words = ["p95", "p95", *([tail[0]] if tail else []), *check_more(rows, told)]
    words += [settled[0].strip()] if settled is not None else []
    shown = re.search(r"interval ([\d.]+) s to unbounded", text)
    assert shown is not None, text
    # Which blocks are long enough is decided by the verdict's own test of sameness in time; what
    # any of them gives is an order statistic of the same rows below the percentile.
    lower = float(shown[1])
    ordered = rows.e2e[rows.e2e <= value]
    assert any(abs(lower - x) <= 0.00006 for x in ordered), text
    page.check(why, [value, 1 - alpha, lower, 2], *words)
    if tail is not None:
        span = float((rows.sent + rows.e2e).max() - rows.sent.min())
        block = float(re.findall(r"blocks of ([\d.]+)", tail[0])[0])
        halvings = math.log2(block / (span / 12))
        assert abs(halvings - round(halvings)) < 0.01, "a doubled twelfth of the span"


def check_more(rows: Any, text: str) -> list[str]:
    """The advice at a sentence's end: how many more samples is the planner's word (tested with
    it); what they cost follows from the rows.
    """
    advice = re.search(
        r"(?:About|At least about|Up to about|More samples may|The estimate sits) .*$", text
    )
    if advice is None:
        return []
    n = re.search(r"bout ([\d,]+) more samples", advice[0])
    dollars = re.search(r"\(\$([\d.,]+)[,)]", advice[0])
    each = float(rows.usd.mean())
    if n is not None and dollars is not None and not math.isnan(each):  # no machine's hours
        said = float(dollars[1].replace(",", ""))
        assert said == pytest.approx(each * float(n[1].replace(",", "")), rel=0.02)
    return [advice[0]]


def check_charts(buyer: other.Buyer, page: Section) -> None:
    months = {arm: buyer.month(arm, buyer.alpha) for arm in buyer.run.arms}
    figures = {
        "quality": {a: buyer.accuracy(a, 0.05, "wilson") for a in buyer.run.arms},
        "dollars": months,
        "time": {a: buyer.late(a, 0.95) for a in buyer.run.arms},
    }
    for name, found in figures.items():
        (svg,) = page.find(f".//figure[@id='chart-buying-{name}']//svg")
        incumbent = buyer.decision["incumbent"]
        chosen = buyer.recommended() if buyer.candidates else None
        names = [page.text(one) for one in svg.xpath(".//*[@class='name']")]
        assert [one.split(" (")[0] for one in names] == buyer.run.arms
        assert next(one for one in names if "in use today" in one).startswith(incumbent)
        assert [one for one in names if "recommended" in one] == (
            [] if chosen is None else [f"{chosen} (recommended)"]
        )
        said = svg.xpath(".//*[@class='said']")
        assert len(said) == len(names)
        everything: list[float] = []
        for line, arm in zip(said, buyer.run.arms, strict=True):
            numbers = [found[arm].value, *ends(found[arm], least=0.0)]
            if name == "dollars" and buyer.host(arm) is None:  # too few items to show a tail
                numbers.append(1 - buyer.alpha / other.GUARD)
            page.check(line, numbers)
            everything += numbers
        (described,) = svg.xpath(".//desc")
        page.check(described, everything)
        check_axis(page, svg, [found[arm].value for arm in buyer.run.arms])


def check_axis(page: Section, svg: Any, values: Sequence[float]) -> None:
    """Ticks and dots lie on one straight scale."""
    at, shown = [], []
    for tick in svg.xpath(".//*[contains(@class, 'tick')]"):
        (one,) = [read(match) for match in NUMBER.finditer(page.text(tick))]
        shown.append(one[0])
        page.check(tick, [one[0]])
    marks = svg.xpath(".//*[@class='axis'][@x1 = @x2]/@x1")
    at = [float(x) for x in marks]
    assert len(at) == len(shown)
    slope = (at[-1] - at[0]) / (shown[-1] - shown[0])
    for x, value in zip(at, shown, strict=True):
        assert x == pytest.approx(at[0] + slope * (value - shown[0]), abs=0.15)
    dots = [float(one.get("cx")) for one in svg.xpath(".//circle")]
    for x, value in zip(dots, values, strict=True):
        assert x == pytest.approx(at[0] + slope * (value - shown[0]), abs=0.25)


def check_totals(buyer: other.Buyer, page: Section) -> None:
    arms = buyer.run.arms
    (table,) = page.find(".//div[@aria-label='Criteria and totals']/table")
    *rows, total = table.xpath("tbody/tr")
    for i, (row, criterion) in enumerate(zip(rows, buyer.criteria, strict=True)):
        (scale,) = row.xpath("th/span")
        words = ["95th"] if "95th" in page.text(scale) else []
        page.check(scale, [float(criterion["worst"]), 0, float(criterion["best"]), 100], *words)
        weight, *cells = row.xpath("td")
        page.check(weight, [buyer.weights[i]])
        for arm, cell in zip(arms, cells, strict=True):
            shown, worth = cell.xpath("span")
            figure = buyer.figure(arm, criterion["metric"], buyer.run.of(arm))
            page.check(shown, [figure])
            page.check(worth, [100 * buyer.value(criterion, figure), 100])
    page.check(total.xpath("th")[0], [100])
    for arm, cell in zip(arms, total.xpath("td")[1:], strict=True):
        shown, between = cell.xpath("span")
        found, _ = buyer.contrast({arm: 1.0})
        page.check(shown, [found.value])
        page.check(between, ends(found, 0.0, 100.0))


def check_foot(buyer: other.Buyer, page: Section) -> None:
    for foot in page.find("p[@class='small']"):
        text = page.text(foot)
        if text.startswith("Rests on"):
            moment = buyer.run.created[:16].replace("T", " ") + " UTC"
            page.check(foot, [buyer.run.calls.item.nunique(), len(buyer.run.arms)], moment)
        elif text.startswith("The total of"):
            leader, leads = buyer.ranking()
            assert text.startswith(f"The total of {leader} is higher by ")
            page.check(foot, [x for lead, _ in leads.values() for x in lead_numbers(lead)])
        elif text.startswith("Dots are"):
            page.check(foot, [0.95])
