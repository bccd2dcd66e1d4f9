"""``bench view`` as a user starts it, asked as a browser and as an attacker would."""

from __future__ import annotations

import csv
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from claimbench.store.engine import run_lock
from claimbench.store.results import ResultsStore
from claimbench.types import Attempt, CallRecord, Intent

from . import forked
from .conftest import environment
from .viewing import HOSTILE, Viewer, make_results, viewing

pytestmark = pytest.mark.timeout(900)  # whoever judges runs leaves the processor to others


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("view")
    return folder, make_results(folder)


@pytest.fixture(scope="module")
def runs(made: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return made[1]


@pytest.fixture(scope="module")
def viewer(made: tuple[Path, dict[str, str]]) -> Iterator[Viewer]:
    """A server over the folder, all of its runs judged."""
    folder, runs = made
    with viewing(folder) as found:
        for run_id in runs.values():
            found.until_judged(run_id)
        yield found


@pytest.fixture
def copy(made: tuple[Path, dict[str, str]], tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The folder once more, to be changed."""
    shutil.copytree(made[0] / "results", tmp_path / "results")
    return tmp_path, made[1]


def bench(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return forked.run(
        [*args],
        cwd=folder,
        env=environment(),
        timeout=120,
    )


class Tags(HTMLParser):
    """What of a page could run or lead away, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("iframe", "base", "img", "object", "embed", "frame", "math", "audio", "video"):
            self.found.append(tag)
        for name, value in attrs:
            leads = name in ("href", "src", "action", "formaction", "xlink:href", "srcdoc")
            home = (value or "").startswith(("/", "#", "data:,")) and not (value or "").startswith(
                "//"
            )
            if name.startswith("on") or name == "style" or (leads and not home):
                self.found.append(f"{tag} {name}={value}")


def harmful(html: str) -> list[str]:
    tags = Tags()
    tags.feed(html)
    return tags.found


# --- pages ----------------------------------------------------------------------------------------


def test_the_list_names_every_run_with_its_verdicts(viewer: Viewer, runs: dict[str, str]) -> None:
    text = viewer.ask("/").text
    assert all(f'href="/runs/{run_id}"' in text for run_id in runs.values())
    assert "cheaper: " in text
    only = viewer.ask("/?suite=desk").text
    assert runs["odd"] not in only
    assert runs["first"] in only
    assert runs["first"] not in viewer.ask("/?since=2999-01-01").text
    assert runs["first"] in viewer.ask("/?since=2020-01-01").text
    assert runs["first"] in viewer.ask("/?since=yesterday").text
    found = viewer.ask(f"/?q={runs['second'][-6:]}").text
    assert (runs["second"] in found, runs["first"] in found) == (True, False)
    assert runs["first"] not in viewer.ask("/?q=%25").text


def test_a_run_says_that_it_was_verified_and_what_was_found(
    viewer: Viewer, runs: dict[str, str], made: tuple[Path, dict[str, str]]
) -> None:
    text = viewer.ask(f"/runs/{runs['second']}").text
    assert re.search(r"Verified \S+ \S+ UTC: \d+ rows are what was written", text)
    shown = json.loads(bench(made[0], "show", runs["second"], "--json").stdout)
    for verdict in shown["verdicts"]:
        status = verdict["status"].replace("_", " ").capitalize()
        assert re.search(rf'id="claim-{verdict["claim"]["id"]}".*?{status}', text, re.DOTALL)
    assert f"/compare?a={runs['first']}&amp;b={runs['second']}" in text


def test_samples_are_filtered_and_searched(viewer: Viewer, runs: dict[str, str]) -> None:
    path = f"/runs/{runs['first']}/samples"

    def names(query: str) -> set[str]:
        return set(re.findall(r"route / (t\d+)<", viewer.ask(f"{path}?{query}").text))

    assert len(names("")) == 40
    assert names("q=ticket+%2317+") == {"t17"}
    assert names("q=17") == {"t17"}
    assert names("q=TICKET+%2317") == {"t17"}
    assert names("q=" + "%25" * 4) == names("q=__") == names("q=%22%29+OR+1") == set()
    right, wrong = names("show=right"), names("show=only:1")
    assert right.isdisjoint(wrong)
    assert right | wrong | names("show=wrong") | names("show=only:0") | names(
        "show=differ"
    ) == names("")
    assert names("show=only:99") == names("task=77") == names("slice=9%3Dx") == names("")
    assert names("after=20").isdisjoint({"t0", "t20"})
    assert len(names("outcome=answered")) == 40


def test_a_sample_shows_both_answers_with_attempts_and_dollars(
    viewer: Viewer, runs: dict[str, str]
) -> None:
    text = viewer.ask(f"/runs/{runs['first']}/samples/17").text
    assert "ticket #17 please help" in text
    assert {"billing", "delivery", "tech"} & set(re.findall(r">(\w+)</pre>", text))
    assert text.count("Attempt</dt>") == 2
    assert "HTTP 200" in text
    assert "$0.00" in text
    assert "One label." in text


def test_two_runs_stand_side_by_side(viewer: Viewer, runs: dict[str, str]) -> None:
    one, other, odd = runs["first"], runs["second"], runs["odd"]
    text = viewer.ask(f"/compare?a={one}&b={other}").text
    assert text.count(">good</h3>") == 1
    assert "did not measure the same suite" not in text
    assert "did not measure the same suite" in viewer.ask(f"/compare?a={one}&b={odd}").text
    assert "There is no run nothere" in viewer.ask(f"/compare?a={one}&b=nothere").text
    assert "is no run" in viewer.ask(f"/compare?a={one}&b=../../etc").text
    assert viewer.ask(f"/compare?a={one}").status == 200
    assert viewer.ask(f"/compare?a={one}&b={one}").status == 200


def test_the_report_stands_in_a_box_of_its_own(viewer: Viewer, runs: dict[str, str]) -> None:
    reply = viewer.ask(f"/runs/{runs['first']}/report")
    rules = reply.headers["content-security-policy"]
    assert "sandbox allow-scripts;" in f"{rules};"
    assert "allow-same-origin" not in rules
    assert "What the data say of each claim" in reply.text


# --- attacks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc%2fpasswd",
        "/runs/..%2f..%2fbench.db",
        "/runs/%2e%2e/%2e%2e/bench.db",
        "/runs/../../bench.db",
        "/runs/%00",
        "/runs/a%00b/report",
        "/runs//etc/passwd",
        "//etc/passwd",
        "/bench.db",
        "/results/bench.db",
        "/static/report.css",
        "/runs/" + "a" * 101,
        "/runs/" + "a" * 3000,
        "/runs/-",
        "/runs/latest",
        "/runs/%ff%fe",
        "/runs/a%0d%0aSet-Cookie:x",
        "/runs/{run}/samples/-1",
        "/runs/{run}/samples/1e3",
        "/runs/{run}/samples/99999999999999999999999999",
        "/runs/{run}/samples/41",
        "/runs/{run}/samples/0/../../../x",
        "/runs/{run}/samples/%D9%A3",
        "/runs/{run}/labels?at=9999",
        "/runs/{run}/../../x",
        "/runs/{run}.db",
        "/runs/{run}/",
    ],
)
def test_a_path_never_leads_out(viewer: Viewer, runs: dict[str, str], path: str) -> None:
    reply = viewer.ask(path.format(run=runs["first"]))
    assert reply.status == 404, reply.text[:300]
    assert "root:x" not in reply.text
    assert "SQLite format" not in reply.text
    assert "Set-Cookie:x" not in str(reply.headers)


def test_odd_queries_get_a_page(viewer: Viewer, runs: dict[str, str]) -> None:
    for query in (
        "q=%00",
        "q=%ff%fe",
        "q=%22",
        "q='",
        "q=%ed%a0%80",
        "before=x",
        "before=-1",
        "q=" + "x" * 3000,
    ):
        assert viewer.ask(f"/?{query}").status == 200
        assert viewer.ask(f"/runs/{runs['first']}/samples?{query}").status == 200
    assert viewer.ask("/?q=" + "x" * 5000).status == 414
    assert viewer.ask("/", headers={"X-Big": "y" * 40_000}).status == 431


def test_nothing_of_a_model_or_a_suite_becomes_markup(viewer: Viewer, runs: dict[str, str]) -> None:
    run = f"/runs/{runs['odd']}"
    pages = [
        "/",
        run,
        f"{run}/samples",
        f"{run}/report",
        f"/compare?a={runs['odd']}&b={runs['first']}",
    ]
    pages += [f"{run}/samples/{i}" for i in range(len(HOSTILE))]
    for page in pages:
        # Ids of figures hold names as they are, and nobody sees them
        text = re.sub(r'data-fig="[^"]*"', "", viewer.ask(page).text)
        for evil in (
            "<script>document",
            "<img",
            "<svg onload",
            "<iframe",
            "<base",
            "<style>body",
            '<a href="javascript',
            "<i>",
            "<b>sk",
            "\u202e",
        ):
            assert evil not in text, (page, evil)
        assert harmful(text) == [], page
    assert "[U+202E]" in viewer.ask(run).text


def test_a_search_text_is_shown_and_not_obeyed(viewer: Viewer, runs: dict[str, str]) -> None:
    evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for page in ("/", f"/runs/{runs['first']}/samples"):
        text = viewer.ask(f"{page}?q={evil}").text
        assert "<script>alert" not in text
        assert "&#34;&gt;&lt;script&gt;" in text


def test_the_key_is_on_no_page_and_in_no_cache(
    viewer: Viewer, runs: dict[str, str], made: tuple[Path, dict[str, str]]
) -> None:
    for path in (made[0] / "cache").rglob("*"):
        if path.is_file():
            assert b"sk-test-canary" not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0, "others may read it"


def test_only_a_form_of_the_server_changes_anything(viewer: Viewer, runs: dict[str, str]) -> None:
    path = f"/runs/{runs['first']}/judge"
    page = f"/runs/{runs['first']}/labels"
    csrf = {"csrf": viewer.csrf(page)}
    assert viewer.post(path, {}).status == 403
    assert viewer.post(path, csrf, Origin="http://evil.example").status == 403
    assert viewer.post(path, csrf, Origin=None).status == 403
    assert viewer.post(path, csrf, Content_Type="text/plain").status == 415
    assert viewer.post(path, csrf, Cookie=None).status == 403
    assert viewer.post(path, csrf, Host="evil.example").status == 421
    assert viewer.ask(path).status == 405
    assert viewer.post("/", csrf).status == 405
    assert viewer.post("/runs/nothere/judge", csrf).status == 404


def test_labels_of_what_was_not_drawn_are_refused(viewer: Viewer, runs: dict[str, str]) -> None:
    path = f"/runs/{runs['second']}/labels"
    csrf = viewer.csrf(f"/runs/{runs['second']}/labels")
    for fields in ({"call": "x", "choice": "good"}, {"call": "../x"}, {}):
        reply = viewer.post(path, {"csrf": csrf, **fields})
        assert reply.status == 409
        assert "was not drawn" in reply.text


def test_methods_and_heads(viewer: Viewer, runs: dict[str, str]) -> None:
    head = viewer.ask(f"/runs/{runs['first']}", "HEAD")
    assert (head.status, head.text) == (200, "")
    for method in ("OPTIONS", "PUT", "DELETE", "TRACE", "PATCH"):
        assert viewer.ask("/", method).status == 405
    assert viewer.ask("/", "POST", b"").status == 403


def test_a_slow_client_is_let_go(viewer: Viewer) -> None:
    slow = socket.create_connection(("127.0.0.1", viewer.port))
    slow.sendall(b"GET / HTTP/1.1\r\nHost: ")
    slow.settimeout(30)
    assert viewer.ask("/").status == 200, "others are served meanwhile"
    began = time.monotonic()
    while time.monotonic() - began < 25:
        try:
            slow.sendall(b"x")
            time.sleep(0.2)
        except OSError:
            break
    assert time.monotonic() - began < 25, "it drips bytes for ever"
    slow.close()


# --- a run that goes on, a database that was changed ----------------------------------------------


def test_a_run_that_is_being_written_is_followed(
    copy: tuple[Path, dict[str, str]],
) -> None:
    folder, runs = copy
    path = folder / "results"
    with ResultsStore.open(path) as store:
        manifest, calls = store.manifest(runs["odd"]), store.calls(runs["odd"])
        attempt, record = next(store.attempts(runs["odd"])), next(store.records(runs["odd"]))
        going = "20991129T000000Z-abcdef"
        from dataclasses import replace

        planned = [replace(call, run_id=going) for call in calls]
        store.create_run(
            replace(manifest, run_id=going, created_utc="2099-11-29T00:00:00+00:00"), planned
        )
        with run_lock(path / going), viewing(folder) as viewer:
            session = store.start_session(going, host={})
            page = viewer.ask(f"/runs/{going}").text
            assert "Judge what is there now" not in page, "nothing is there yet"
            with store.writer(going) as writer:
                for n, call in enumerate(planned, 1):
                    intent = Intent(call.id, 1, session.n, None, f"2099-11-29T00:00:{n:02}+00:00")
                    writer.intent(intent).result()
                    mine: Attempt = replace(attempt, call_id=call.id, session=session.n)
                    writer.attempt(mine).result()
                    done: CallRecord = replace(record, call=call, attempt=1)
                    writer.record(done).result()
                    found = json.loads(viewer.ask(f"/runs/{going}/progress.json").text)
                    assert (found["finished"], found["planned"]) == (n, len(planned))
            assert sum(int(arm[1]) for arm in found["arms"]) == len(planned)
            assert "requests a second" in found["pace"]
            assert found["state"] == "running"
            assert "Judge what is there now" in viewer.ask(f"/runs/{going}").text
            store.end_session(going, session.n, "finished", {})


def test_old_figures_of_a_database_written_since_say_so_at_the_top_of_each_page(
    copy: tuple[Path, dict[str, str]],
) -> None:
    """While a run goes on nothing is verified by itself, so a change would show old figures."""
    folder, runs = copy
    path, run = folder / "results", runs["first"]
    said = "The database was written since, and no row was verified after that."
    pages = ("", "/samples", "/samples/0", "/decision", "/labels")
    with viewing(folder) as viewer:
        viewer.until_judged(run)
        there = [page for page in pages if viewer.ask(f"/runs/{run}{page}").status == 200]
        assert len(there) > 3
        for page in (*there, "/report"):
            assert said not in viewer.ask(f"/runs/{run}{page}").text
        with ResultsStore.open(path) as store:
            from dataclasses import replace

            going = "20991129T000000Z-abcdef"
            manifest = replace(store.manifest(run), run_id=going)
            manifest = replace(manifest, created_utc="2099-11-29T00:00:00+00:00")
            calls = [replace(call, run_id=going) for call in store.calls(run)]
            store.create_run(manifest, calls)
            with run_lock(path / going):
                store.start_session(going, host={})
                for page in there:
                    text = viewer.ask(f"/runs/{run}{page}").text
                    assert 0 < text.find(said) < text.index("<nav"), page
                text = viewer.ask(f"/runs/{run}/report").text
                assert 0 < text.find(said) < text.index("<h1")
                both = viewer.ask(f"/compare?a={run}&b={runs['second']}").text
                assert f"Run {run}: These figures" in both
                assert "written since it was verified" in viewer.ask("/").text
                assert "Judge what is there now" in viewer.ask(f"/runs/{run}").text


def test_a_changed_database_is_said_first_and_shows_nothing(
    copy: tuple[Path, dict[str, str]],
) -> None:
    folder, runs = copy
    run = runs["first"]
    with viewing(folder) as viewer:
        viewer.until_judged(run)
        with sqlite3.connect(folder / "results" / "bench.db") as db:
            db.execute("DROP TRIGGER records_no_update")
            db.execute(
                "UPDATE records SET body = replace(body, 'billing', 'delivery') WHERE run_id = ?"
                ' AND seq = (SELECT max(seq) FROM records WHERE run_id = ? AND body LIKE \'%"text":"billing%\')',
                (run, run),
            )
            db.execute(
                "CREATE TRIGGER records_no_update BEFORE UPDATE ON records BEGIN SELECT"
                " RAISE(ABORT, 'records is append-only'); END"
            )
        text = viewer.until_judged(run)
        assert "This database was changed after it was written" in text
        assert text.index("was changed after") < text.index("<main")
        assert "records: the row of call" in text
        assert "The claims" not in text
        for page in ("samples", "samples/0", "report", "labels"):
            assert viewer.ask(f"/runs/{run}/{page}").status == 409
        assert "changed afterwards" in viewer.ask("/").text
    with viewing(folder) as again:
        assert "was changed after" in again.until_judged(run)
    published = bench(folder, "publish", "site", "--run", run)
    assert published.returncode == 5
    assert not (folder / "site").exists()


# --- labels ---------------------------------------------------------------------------------------


def test_a_label_by_click_is_one_of_bench_labels(copy: tuple[Path, dict[str, str]]) -> None:
    folder, runs = copy
    run = runs["first"]
    with viewing(folder) as viewer:
        viewer.until_judged(run)
        page = f"/runs/{run}/labels"
        drawn = viewer.post(f"/runs/{run}/draw", {"csrf": viewer.csrf(page)})
        assert drawn.status == 303
        viewer.until_judged(run)
        text = viewer.ask(page).text
        assert "cheap" not in text.partition("<main")[2], "no arm is named"
        call = re.search(r'name="call" value="([^"]+)"', text)
        assert call is not None
        fields = {"csrf": viewer.csrf(page), "call": call.group(1)}
        assert viewer.post(page, {**fields, "choice": "splendid"}).status == 409
        assert viewer.post(page, {**fields, "choice": "bad"}).status == 303
        assert "1 of " in viewer.ask(page).text
        assert viewer.post(page, {**fields, "choice": "good"}).status == 303, "said again"
        assert call.group(1) not in viewer.ask(page).text, "the next one is asked"
        assert "Verified" in viewer.until_judged(run), "labels do not make a run tampered"
    done = bench(folder, "labels", "export", run, "--output", "labels.csv")
    assert done.returncode == 0, done.stderr
    with (folder / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        said = {row["call_id"]: row["label"] for row in csv.DictReader(file)}
    assert {call_id: label for call_id, label in said.items() if label} == {call.group(1): "good"}
    assert bench(folder, "show", run).returncode in (0, 1, 2)


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--host", "192.0.2.1"), "--expose"),
        (("--host", "0.0.0.0"), "every address"),
        (("--host", "0.0.0.0", "--expose"), "every address"),
        (("--host", "::", "--expose"), "every address"),
        (("--host", "evil.example"), "not an address"),
        (("--host", ""), "not an address"),
        (("--host", "127.0.0.1/8"), "not an address"),
        (("--port", "70000"), "70000"),
        (("--results", "nowhere"), "no results here"),
    ],
)
def test_where_it_will_not_listen(
    made: tuple[Path, dict[str, str]], args: tuple[str, ...], words: str
) -> None:
    done = bench(made[0], "view", "--no-browser", *args)
    assert done.returncode == 3
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_clear_error(
    made: tuple[Path, dict[str, str]], viewer: Viewer
) -> None:
    done = bench(made[0], "view", "--no-browser", "--port", str(viewer.port))
    assert done.returncode == 3
    assert f"port {viewer.port} cannot be listened on" in done.stderr


def test_without_its_packages_the_line_to_install_them_is_said(
    made: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    script = (
        "import sys, importlib.abc\n"
        "class No(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.partition('.')[0] in ('starlette', 'uvicorn'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "from claimbench.cli import main; main(['view', '--no-browser'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=made[0],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "pip install 'claimbench[view]'" in done.stderr
    assert "Traceback" not in done.stderr
