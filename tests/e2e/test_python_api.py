"""`claimbench.run`, `plan`, `list_runs` and what a run gives, on servers of our own; in a running
event loop too, as in a notebook. And the pytest plugin, in sessions of its own.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from fnmatch import fnmatch
from html.parser import HTMLParser
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import claimbench
from claimbench.errors import BenchError, ClaimError

from .conftest import Vendor

pytest_plugins = ["pytester"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOD_KEY", "sk-test-canary-4711-abcdefgh")
    return tmp_path


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_a_suite_is_measured_and_read_in_one_script(desk: Path, here: Path) -> None:
    run = claimbench.run(desk, limit=60, max_cost=3, tags=["nightly"], note="a note", owner="me")
    assert run.complete
    assert run.about.tags == ("nightly",)
    assert run.manifest.limit == 60
    assert run.manifest.options["argv"] == ["claimbench.run"]
    assert run.verify() > 120
    comparison = run.comparison().set_index(["arm", "scope"])
    assert set(comparison.index.get_level_values("arm")) == {"good", "cheap"}
    whole = comparison[comparison.index.get_level_values("scope") == "all tasks"]
    assert whole.quality.between(0, 1).all()
    assert (whole.quality_low <= whole.quality).all()
    readings = run.readings()
    assert readings[readings.headline].claim.tolist() == ["as-good"]  # the other is ambiguous
    assert set(readings.claim) == {"cheaper", "as-good"}
    assert len(readings) > 2
    assert run.slices().empty
    assert list(run.slices().columns)[:3] == ["slice", "value", "arm"]
    listed = claimbench.list_runs()
    assert listed.run_id.tolist() == [run.id]
    assert listed.note.tolist() == ["a note"]
    assert claimbench.list_runs(tags=["x"]).empty
    assert [one.id for one in claimbench.open_runs("results", suite="desk", since="1h")] == [run.id]
    assert claimbench.open_runs(since=datetime(2100, 1, 1, tzinfo=UTC)) == []
    assert run.report(here / "r.html").exists()


def test_one_more_sentence_is_judged_and_nothing_kept(desk: Path, here: Path) -> None:
    run = claimbench.run(str(desk), limit=60)
    before = (here / "results" / "bench.db").read_bytes()
    verdict = run.judge("50% cheaper than good", arm="cheap")
    assert verdict.status == "supported"
    assert "declared_after" in [flag.code for flag in verdict.flags]
    assert run.judge("cheap is more accurate than good").status in ("refuted", "inconclusive")
    with pytest.raises(ClaimError):
        run.judge("cheap is nicer than god")
    assert (here / "results" / "bench.db").read_bytes() == before
    assert len(run.evaluation.verdicts) == 2


def test_texts_of_others_are_escaped_in_a_notebook(desk: Path, here: Path) -> None:
    hostile = "<script>alert(1)</script>"
    text = desk.read_text().replace("name: cheap", f'name: "{hostile}"')
    desk.write_text(text.replace("arm: cheap", f'arm: "{hostile}"'))
    try:
        run = claimbench.run(desk, limit=30)
    except BenchError:  # a name that is refused is no danger either
        desk.write_text(text.replace(hostile, "cheap").replace("as accurate", "as accurate"))
        run = claimbench.run(desk, limit=30)
    shown = run._repr_html_()
    reader = Reader()
    reader.feed(shown)
    assert "script" not in reader.tags
    assert "desk 1-0" in shown
    plan = claimbench.plan(desk)._repr_html_()
    reader.feed(plan)
    assert "script" not in reader.tags


def test_it_works_inside_a_running_loop_and_goes_on_with_a_run(desk: Path, here: Path) -> None:
    async def cell() -> claimbench.Run:
        assert threading.current_thread() is threading.main_thread()
        return claimbench.run(desk, limit=30, max_cost=0.0004, results=here / "elsewhere")

    stopped = asyncio.run(cell())
    assert not stopped.complete  # the budget ended it

    async def again() -> claimbench.Run:
        return claimbench.run(resume=stopped.id, max_cost=5, results=here / "elsewhere")

    run = asyncio.run(again())
    assert run.id == stopped.id
    assert run.complete

    async def wrong() -> None:
        claimbench.run(here / "none.yaml")

    with pytest.raises(BenchError, match=r"none\.yaml"):
        asyncio.run(wrong())


CELL = """
import asyncio, sys
import claimbench

async def cell():
    return claimbench.run(sys.argv[1])

# as in Jupyter: the handler of Python, which raises where the main thread is
asyncio.Runner._on_sigint = lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt())
try:
    asyncio.run(cell())
except KeyboardInterrupt:
    print("interrupted")
print(claimbench.open_run().complete)
"""


def test_an_interrupt_in_a_notebook_stops_the_work_in_order(
    desk: Path, here: Path, vendor: Vendor
) -> None:
    vendor.delay_s = 0.5
    with subprocess.Popen(
        [sys.executable, "-c", CELL, str(desk)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        for _ in range(1200):
            if len(vendor.asked) > 4 or child.poll() is not None:
                break
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=120)
    assert out.splitlines() == ["interrupted", "False"], err
    vendor.delay_s = 0
    run = claimbench.run(resume="latest")
    assert run.complete
    assert run.verify()


def test_a_plan_sends_nothing(desk: Path, here: Path, vendor: Vendor) -> None:
    plan = claimbench.plan(desk, arms=["good"], limit=10, set={"epochs": 2})
    assert vendor.asked == []
    assert plan.suite.epochs == 2
    assert plan.arms().calls.tolist() == [20]
    assert plan.claims().claim.tolist() == ["cheaper", "as-good"]
    assert any("127.0.0.1" in line for line in plan.destinations())
    assert plan.total in repr(plan)


@pytest.mark.parametrize(
    ("settings", "kind", "says"),
    [
        ({}, BenchError, "which suite"),
        ({"suite": "support", "limit": 0}, BenchError, "limit=0"),
        ({"suite": "support", "limit": True}, BenchError, "limit=True"),
        ({"suite": "support", "max_cost": "much"}, BenchError, "not an amount"),
        ({"suite": "support", "max_cost": -1}, BenchError, "positive"),
        ({"suite": "support", "max_cost": float("nan")}, BenchError, "positive"),
        ({"suite": "support", "arms": "gpt"}, BenchError, "a list is wanted"),
        ({"suite": "support", "maxcost": 1}, TypeError, "did you mean 'max_cost'"),
        ({"suite": "support", "retry_missing": True}, BenchError, "goes on with a run"),
        ({"suite": "support", "tags": ["a b"]}, BenchError, "one word"),
        ({"suite": "supprot"}, BenchError, "supprot"),
    ],
)
def test_settings_that_make_no_sense(
    settings: dict[str, object], kind: type[Exception], says: str, here: Path
) -> None:
    with pytest.raises(kind, match=says):
        claimbench.run(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "settings",
    [
        {"arms": []},
        {"arms": ()},
        pytest.param({"arms": (name for name in ())}, id="arms of a generator"),
        {"tags": []},
        {"arms": {"good": 1}},
        {"arms": [None]},
        {"tags": [3]},
        {"tags": "pilot"},
        {"set": ["a=b"]},
        {"note": 3},
        {"owner": ["me"]},
        {"limit": "5"},
        {"max_cost": "1"},
        {"yes": "no"},
        {"offline": "no"},
        {"wait_idle": -1},
        {"books": "mine.toml"},
        {"results": 3},
        {"resume": 3},
        {"suite": 3},
        {"suite": b"desk.yaml"},
        {"armz": ["good"]},
        {"arms": ["god"]},
    ],
    ids=repr,
)
def test_a_wrong_setting_is_refused_in_words_before_anything_is_sent(
    desk: Path, here: Path, vendor: Vendor, settings: dict[str, object]
) -> None:
    given: Any = {"suite": desk, **settings}
    with pytest.raises(BenchError) as refused:
        claimbench.run(**given)
    assert refused.value.hint
    planned = {name: one for name, one in given.items() if name in PLANNED}
    if planned.keys() == given.keys():
        with pytest.raises(BenchError):
            claimbench.plan(**planned)
    assert vendor.asked == []


PLANNED = ("suite", "arms", "limit", "set", "books", "armz")


def test_what_reads_runs_refuses_in_words_too(desk: Path, here: Path) -> None:
    run = claimbench.run(desk, limit=20, arms=None, tags=None, max_cost=None)
    assert len(run.manifest.arms_run) == 2, "None is as good as left out"
    calls: list[Any] = [
        lambda: claimbench.open_run("results", 3),  # type: ignore[arg-type]
        lambda: claimbench.open_run(3),  # type: ignore[arg-type]
        lambda: claimbench.open_run("results", rnu="x"),  # type: ignore[call-arg]
        lambda: claimbench.plan(desk, pilot="latest"),  # type: ignore[arg-type]
        lambda: claimbench.plan(),  # type: ignore[call-arg]
        *(
            lambda call=call, given=given: call("results", **given)
            for call in (claimbench.list_runs, claimbench.open_runs)
            for given in ({"tags": "x"}, {"tags": []}, {"tags": [3]}, {"suite": 3}, {"since": 3})
        ),
        lambda: run.judge(None),  # type: ignore[arg-type]
        lambda: run.judge(""),
        lambda: run.judge("20% cheaper than good", arm=3),
        lambda: run.judge("20% cheaper than good", arm=[]),
        lambda: run.judge("20% cheaper than good", arm="nobody"),
        lambda: run.judge("20% cheaper than good", armm="cheap"),
        lambda: run.judge("as accurate as good", arm="cheap", margin="wide"),
        lambda: run.report(3),  # type: ignore[arg-type]
        lambda: run.report("r.html", profil="none"),  # type: ignore[call-arg]
    ]
    for call in calls:
        with pytest.raises(BenchError) as refused:
            call()
        assert refused.value.hint, refused.value


def test_the_public_names_are_offered_and_stay_callable() -> None:
    assert {"run", "plan", "list_runs", "open_run", "open_runs", "Run"} <= set(dir(claimbench))
    for name in ("claimbench.plan.order", "claimbench.run.session"):
        importlib.import_module(name)  # Python sets the packages over the functions

    assert callable(claimbench.run)
    assert callable(claimbench.plan)
    assert "settings" in inspect.signature(claimbench.run).parameters
    assert claimbench.run.session.execute
    for name in claimbench.__all__:
        assert getattr(claimbench, name)
    names = dir(claimbench.Run(Path("x"), "y"))
    assert {"comparison", "readings", "slices", "judge", "report", "verdicts"} <= set(names)
    assert not [name for name in names if name.startswith("_") and not name.startswith("__")]


# --- pytest ---------------------------------------------------------------------------------------

INSTALLED = any(
    point.value == "claimbench.pytest_plugin" for point in entry_points(group="pytest11")
)
PLUGIN = () if INSTALLED else ("-p", "claimbench.pytest_plugin")
QUIET = ("-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore")


def session(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*PLUGIN, *QUIET, *words)


def test_claims_are_tests(
    desk: Path, here: Path, vendor: Vendor, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        SUITE = {str(desk)!r}

        @pytest.mark.claims(SUITE, limit=90)
        def test_all_hold():
            raise AssertionError("never reached: a claim is refuted")

        @pytest.mark.claims(SUITE, limit=90, expect={{"cheaper": "inconclusive", "as-good": "refuted"}})
        def test_as_expected(bench_run):
            assert bench_run.comparison().arm.nunique() == 2

        @pytest.mark.claims(SUITE, limit=90, check=False)
        class TestFigures:
            def test_one(self, bench_run):
                assert bench_run.judge("50% cheaper than good", arm="cheap").status == "supported"

            def test_two(self, bench_run):
                assert bench_run.complete

        @pytest.mark.claims(SUITE, limit=90, expect={{"as-god": "refuted"}})
        def test_wrong_name():
            pass

        @pytest.mark.claims(SUITE, limit=90, expect="true")
        def test_wrong_status():
            pass

        @pytest.mark.claims("none.yaml")
        def test_no_suite():
            pass

        @pytest.mark.claims(SUITE, lmit=3)
        def test_wrong_setting():
            pass

        def test_no_marker(bench_run):
            pass

        def test_of_something_else():
            pass
        """
    )
    done = session(pytester)
    done.assert_outcomes(passed=4, failed=3, errors=3)
    done.stdout.fnmatch_lines_random(
        [
            "*as-good: refuted, expected supported*",
            "*no claim 'as-god'; there are cheaper, as-good*",
            "*no status 'true'*",
            "*none.yaml*",
            "*did you mean 'limit'*",
            "*bench_run needs to know a suite*",
        ]
    )
    assert len(vendor.asked) == 90, "one run serves the session"


def test_stored_runs_are_judged_without_a_model(
    desk: Path, here: Path, vendor: Vendor, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.claims({str(desk)!r}, expect={{"cheaper": "inconclusive", "as-good": "refuted"}})
        def test_it(bench_run):
            assert bench_run.manifest.limit == 60
        """
    )
    kept = ("--bench-results", str(here / "kept"))
    assert session(pytester, *kept, "--bench-stored").ret == 1  # no run yet
    session(pytester, *kept, "--bench-limit", "60", "--bench-max-cost", "1").assert_outcomes(
        passed=1
    )
    asked = len(vendor.asked)
    session(pytester, *kept, "--bench-stored", "--bench-limit", "60").assert_outcomes(passed=1)
    assert len(vendor.asked) == asked == 60


STORED: list[tuple[str, str, str, str | None]] = [
    # (what becomes of the suite's text: from, to; the marker's settings; what is said, None: it serves)
    ("", "", "limit=60", None),
    ("name: desk", "description: other words\nname: desk", "limit=60", None),
    ("", "", "limit=60, max_cost=5", None),
    ("", "", 'limit=60, set={"margin": 0.03}', None),
    ("", "", "limit=60, arms=['good', 'cheap']", None),
    ("", "", 'limit=30, arms=["cheap"]', None),  # an older run
    ("90% cheaper", "95% cheaper", "limit=60", "claim cheaper was changed"),
    ("as accurate as good", "more accurate than good", "limit=60", "claim as-good was changed"),
    ("name: desk", "margin: 0.2\nname: desk", "limit=60", "margin: was 0.03, now 0.2"),
    ("", "", "epochs=2", "it takes: results, arms, limit"),
    ("", "", "", "sample.limit: was 60, now null"),
    ("", "", "limit=31", "sample.limit: was 60, now 31"),
    ("", "", 'limit=60, arms=["cheap"]', "arm good was asked too"),
    ("", "", "limit=30", "sample.limit: was 60, now 30"),
    ("", "", 'limit=60, set={"margin": 0.2}', "margin: was 0.03, now 0.2"),
    ("model: big-1", "model: big-2", "limit=60", "arm good was changed"),
    ("max_tokens: 8", "max_tokens: 9", "limit=60", "another measured hash"),
]  # fmt: skip


def test_a_stored_run_serves_what_it_measured_and_nothing_else(
    desk: Path, here: Path, vendor: Vendor, pytester: pytest.Pytester
) -> None:
    kept = here / "kept"
    claimbench.run(desk, limit=30, arms=["cheap"], results=kept)
    claimbench.run(desk, limit=60, results=kept)
    asked = len(vendor.asked)
    lines = ["import pytest"]
    for n, (old, new, settings, _) in enumerate(STORED):
        text = desk.read_text()
        assert old in text, old
        suite = desk.with_name(f"v{n}.yaml")
        suite.write_text(text.replace(old, new, 1))
        more = f", {settings}" if settings else ""
        lines.append(f"@pytest.mark.claims({str(suite)!r}, check=False{more})")
        lines.append(f"def test_{n:02}(bench_run): assert bench_run.complete")
    pytester.makepyfile("\n".join(lines))
    done = session(pytester, "--bench-results", str(kept), "--bench-stored", "-v", "-rA")
    out = done.stdout.str()
    reports = re.split(r"_+ ERROR at setup of test_(\d+) _+", out)
    told = {int(n): text for n, text in zip(reports[1::2], reports[2::2], strict=True)}
    for n, (*_, said) in enumerate(STORED):
        assert f"::test_{n:02} {'PASSED' if said is None else 'ERROR'}" in out
        assert said is None or said in told[n]
    assert len(vendor.asked) == asked


def test_the_marker_is_known_and_the_module_is_light(pytester: pytest.Pytester) -> None:
    done = session(pytester, "--markers")
    done.stdout.fnmatch_lines(["@pytest.mark.claims(suite, *"])
    code = (
        "import sys, claimbench.pytest_plugin\nprint([m for m in ('numpy', 'pandas', 'sqlalchemy',"
        " 'pydantic', 'click', 'claimbench.api', 'asyncio.runners') if m in sys.modules and m not in"
        " before])"
    )
    start = "import sys, pytest\nbefore = set(sys.modules)\n"
    shown = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


MARKED = """
import pytest

@pytest.mark.claims("suite.yaml")
def test_it():
    pass
"""
WITHOUT = ("-p", "no:claimbench", "-p", "no:claimbench.pytest_plugin", *QUIET)


def advised(key: str) -> str:
    """The lines of docs/ci.md that make a missing plugin an error; ``key`` picks one of both."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    lines = [line for line in block.splitlines() if line.startswith(("[", key))]
    assert len(lines) == 2
    return "\n".join(lines) + "\n"


def test_without_the_advised_lines_a_marked_test_passes_where_the_plugin_is_not(
    pytester: pytest.Pytester,
) -> None:
    """Else the advice is not needed any more."""
    pytester.makepyfile(MARKED)
    pytester.runpytest_subprocess(*WITHOUT).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("required_plugins", "*Missing required plugins: claimbench*"),
        ("addopts", "*'claims' not found in `markers`*"),
        ("", None),
    ],
)
def test_each_advised_line_refuses_a_session_without_the_plugin(
    pytester: pytest.Pytester, key: str, says: str | None
) -> None:
    pytester.makepyfile(MARKED)
    pytester.makepyprojecttoml(advised(key) if key else advised("required") + ADDED)
    done = pytester.runpytest_subprocess(*WITHOUT)
    assert done.ret != 0
    shown = "\n".join([*done.outlines, *done.errlines])
    assert "1 passed" not in shown
    assert says is None or fnmatch(shown, says)


ADDED = 'addopts = ["--strict-markers"]\n'


@pytest.mark.skipif(not INSTALLED, reason="the plugin's entry point is not installed here")
def test_the_advised_lines_let_a_session_with_the_plugin_be(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it():\n    pass\n")
    pytester.makepyprojecttoml(advised("required_plugins") + ADDED)
    session(pytester).assert_outcomes(passed=1)
