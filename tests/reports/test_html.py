"""The HTML file: nothing external, nothing of a model's text alive, everything said."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from claimbench.privacy.redact import Redactor
from claimbench.types import Cost
from claimbench_reports.formats.console import plain_summary
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ArmInfo, ReportData
from claimbench_reports.view.types import View

DOCUMENT = (
    "html head meta title link style body header nav main section article footer script template"
)
TEXT = (
    "a p h1 h2 h3 h4 strong span ul li dl dt dd pre code sub div details summary figure figcaption"
)
TABLE = "table thead tbody tr th td caption button label input select option"
DRAWING = "svg rect line text circle path g defs clippath pattern use desc title"
ALLOWED_TAGS = frozenset(f"{DOCUMENT} {TEXT} {TABLE} {DRAWING}".split())


class Page(HTMLParser):
    """Every tag, attribute and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self._in: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag if tag in self.raw else None

    def handle_endtag(self, tag: str) -> None:
        self._in = None

    def handle_data(self, data: str) -> None:
        if self._in:
            self.raw[self._in].append(data)
        else:
            self.words.append(data)


@pytest.fixture(scope="module")
def view(data: ReportData) -> View:
    return build_view(data, Redactor())


@pytest.fixture(scope="module")
def html(view: View) -> str:
    return render_html(view)


@pytest.fixture(scope="module")
def hostile_html(hostile: ReportData) -> str:
    return render_html(build_view(hostile, Redactor()))


def check_page(text: str) -> Page:
    """No tag, attribute or address that a report has no business with; raises AssertionError."""
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag in ALLOWED_TAGS, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", (tag, value)
            if name in ("href", "src", "action", "xlink:href", "srcset", "data"):
                assert (value or "").startswith(("#", "data:,")), (tag, name, value)
    assert len(page.raw["script"]) == 1
    return page


def test_page_is_clean_and_the_policy_hashes_match(html: str) -> None:
    page = check_page(html)
    csp = next(
        a["content"] or "" for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in csp
    for kind in ("script", "style"):
        digest = base64.b64encode(
            hashlib.sha256("".join(page.raw[kind]).encode()).digest()
        ).decode()
        assert f"{kind}-src 'sha256-{digest}'" in csp
    assert "unsafe" not in csp


@pytest.mark.parametrize(
    "bad", ["<img src=x>", '<p onclick="x()">', '<a href="https://x.example">', '<p style="x">']
)
def test_check_page_can_fail(html: str, bad: str) -> None:
    with pytest.raises(AssertionError):
        check_page(html.replace("</main>", bad + "</main>"))


def test_hostile_text_stays_text(hostile_html: str, hostile_texts: tuple[str, ...]) -> None:
    page = check_page(hostile_html)
    words = "".join(page.words)
    for text in hostile_texts:
        if "\u202e" not in text and "\u2028" not in text:
            assert text in words, text
    assert "[U+202E]gnp.exe[U+200B][U+0000]" in words
    assert "x" * 6_001 not in hostile_html  # the 1 MB answer is cut
    assert "of 1,000,000 characters" in words
    for invisible in "\u202e\u200b\u0000\u2028":
        assert invisible not in hostile_html
    assert len(hostile_html) < 3_000_000


def test_ids_are_unique(html: str) -> None:
    ids = [a["id"] for _, a in Page(html).tags if a.get("id")]
    assert len(ids) == len(set(ids))


def test_every_local_link_has_its_target(html: str) -> None:
    tags = Page(html).tags
    ids = {a["id"] for _, a in tags if a.get("id")}
    for tag, a in tags:
        if tag in ("a", "use") and (a.get("href") or "").startswith("#"):
            assert (a["href"] or "")[1:] in ids
    for _, a in tags:
        for name in (a.get("aria-labelledby") or "").split():
            assert name in ids


def test_order_and_words(html: str) -> None:
    order = [m.group(1) for m in re.finditer(r'<section id="(\w+)"', html)]
    assert order == [
        "verdicts",
        "compare",
        "charts",
        "differ",
        "assumptions",
        "methods",
        "provenance",
        "checklist",
        "transcripts",
    ]
    words = " ".join("".join(Page(html).words).split())
    for said in (
        "90% cheaper than GPT",
        "a newspaper, 2026-05-01",
        "declared after the data were seen",
        "Projected, not measured",
        "ABSENT_API_KEY is not set",
        "about 220 more samples per arm if the estimate is right, 1,400 in the bad case"
        " ($0.80 to $5.10, 36 min to 3.9 h)",
        "It may never resolve",
        "too few samples",
        "Closed-loop load",
        "order-statistic interval",
        "the endpoint answered as gpt-large-2026-09",
        "<b>closed</b>",
        "a rewrite of the whole file, rows and hashes alike, by who owns it",
    ):
        assert said in words, said


def test_same_run_same_bytes(data: ReportData, html: str) -> None:
    assert render_html(build_view(data, Redactor())) == html


@pytest.mark.parametrize("profile", ["hashed", "none"])
def test_redacted_reports_hold_no_transcript(data: ReportData, profile: str) -> None:
    text = render_html(build_view(data, Redactor(profile)))  # type: ignore[arg-type]
    assert "has not come, what now?" not in text
    assert "Name the intent." not in text
    assert ("sha256:" if profile == "hashed" else "[withheld]") in text


def test_every_claim_names_its_arm_and_its_rival_at_a_glance(data: ReportData) -> None:
    first = next(v for v in data.verdicts if v.claim.baselines)
    other = replace(first, claim=replace(first.claim, id="again", treatments=("another-arm",)))
    worded = replace(other, claim=replace(other.claim, text="in other words"))
    for second in (other, worded):
        text = render_html(build_view(replace(data, verdicts=(first, second)), Redactor()))
        glance = text[text.index('class="glance') : text.index("</table>")]
        words = " ".join(Page(glance).words)
        for v in (first, second):
            assert v.claim.treatments[0] in words
            assert f"against {v.claim.baselines[0]}" in words


def test_the_first_sections_speak_plainly(html: str) -> None:
    """What stands open before the details has none of the words that only engineers know."""
    start, end = html.index('<section id="verdicts"'), html.index('<section id="differ"')
    shown = re.sub(
        r'<details class="more.*?</details>\s*(?=</article>|<details|<h3|</section>)',
        "",
        html[start:end],
        flags=re.DOTALL,
    )
    words = " ".join(Page(shown).words)
    assert "cheaper" in words
    for jargon in ("Holm", "TTFT", "readings", "effective n"):
        assert jargon not in words, jargon


def test_every_card_has_one_drawing_and_its_details_folded(html: str, data: ReportData) -> None:
    cards = re.findall(r'<article class="verdict.*?</article>', html, flags=re.DOTALL)
    assert len(cards) == len(data.verdicts)
    for card in cards:
        shown = card[: card.index("<details")]
        assert shown.count('class="plot-svg"') <= 1
        assert shown.count('class="sentence"') == 1
        assert shown.count('class="remedy"') <= 1


def test_the_short_comparison_has_five_columns_and_names_arms_not_run_in_one_line(
    html: str,
) -> None:
    table = html[html.index('class="five') :]
    table = table[: table.index("</table>")]
    assert table.count('<th scope="col"') == 6
    assert "api-absent" not in table
    line = next(w for w in re.findall(r"<p[^>]*>Not run:.*?</p>", html))
    assert "api-absent (ABSENT_API_KEY is not set)" in line


def test_a_run_whose_calls_failed_for_good_is_partial_too(make: Callable[..., ReportData]) -> None:
    data = make(30)
    assert build_view(data, Redactor()).complete
    view = build_view(replace(data, missing="small: 16 calls failed"), Redactor())
    assert not view.complete
    assert "Partial run." in render_html(view)


def test_partial_run_says_so(make: Callable[..., ReportData]) -> None:
    text = render_html(build_view(make(30, finished=0.5), Redactor()))
    assert "Partial run." in text
    assert "The run is not complete" in text


def test_run_without_a_finished_call(make: Callable[..., ReportData]) -> None:
    nothing = replace(make(10, finished=0.0), economics=None)
    page = check_page(render_html(build_view(nothing, Redactor())))
    assert "nothing to draw" in "".join(page.words)


def test_run_without_claims_or_prices(data: ReportData) -> None:
    bare = replace(
        data, verdicts=(), prices=(), economics=None, earlier=(), arm_info={}, render=None
    )
    words = "".join(check_page(render_html(build_view(bare, Redactor()))).words)
    assert "The suite states no claims." in words


@pytest.mark.slow
def test_ten_thousand_calls_fit_three_megabytes(make: Callable[..., ReportData]) -> None:
    data = make(2223, hostile=True)
    assert len(data.records) >= 10_000
    text = render_html(build_view(data, Redactor()))
    assert len(text.encode()) < 3_000_000
    assert " of the 1," in text  # and it says how many samples are listed


def test_findings_and_privacy_have_their_places_and_are_no_warnings(data: ReportData) -> None:
    said = (
        "None of 4 differences holds <b>.",
        "0 bytes left this machine",
        "tested against a stand-in",
    )
    tested = {arm.name: ArmInfo(tested=said[2]) for arm in data.suite.arms}
    shown = build_view(
        replace(
            data,
            findings=[said[0]],
            privacy=[(data.suite.arms[0].name, said[1]), ("names looked up", "none")],
            arm_info=tested,
            warnings=[],
        ),
        Redactor(),
    )
    assert [fact.name for fact in shown.privacy] == [
        f"Prompts of {data.suite.arms[0].name}",
        "Names looked up",
    ]
    assert shown.warnings == ()
    assert {arm.provider_tested for arm in shown.arms} == {said[2]}
    page = render_html(shown)
    words = Page(page).words
    assert all(any(text in word for word in words) for text in said)
    compare, assumptions = page.index('id="compare"'), page.index('id="assumptions"')
    assert compare < page.index("None of 4 differences") < assumptions < page.index(said[1])
    assert said[0] in plain_summary(shown)
    assert f"warning: {said[0]}" not in plain_summary(shown)


def test_a_judges_calls_that_were_cut_off_count_in_its_share_as_in_the_whole(
    data: ReportData,
) -> None:
    cut = {"cut": Cost(Decimal("0.5"), basis="list_price")}
    costs = {**data.judge_costs, **cut}
    more = replace(data, judge_costs=costs, unfinished={"cut": "arbiter"})

    def share(of: ReportData) -> float:
        note = build_view(of, Redactor()).counts[5].note
        return float(note.partition(" of it for judges")[0].rpartition("$")[2])

    assert share(more) == pytest.approx(share(data) + 0.5, rel=0.01)
