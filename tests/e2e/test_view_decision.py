"""``bench view`` and ``bench publish`` over runs that decide: every part of the report is shown."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from claimbench.api import background_of
from claimbench.cli.commands.publish import publish_command
from claimbench.errors import EXIT_INCOMPLETE, StoreError
from claimbench.store.results import ResultsStore
from claimbench_reports.browse import site
from claimbench_reports.browse.site import SitePlan, write_site

from . import forked
from .buying_case import DECISION, SPEED, VOLUME, shops, write_case
from .conftest import environment
from .test_view import harmful
from .viewing import Viewer, viewing

pytestmark = pytest.mark.timeout(900)  # its fixture judges a run of every case

NO_BUDGET = DECISION.replace('    - {name: budget, claim: "under $3,000 a month"}\n', "")
NO_BUDGET = NO_BUDGET.replace("usd_per_month, worst: 4000", "usd_per_1k, worst: 10")
CASES = {
    "both": (VOLUME, DECISION),
    "no incumbent": (
        VOLUME,
        DECISION.replace("  incumbent: alpha\n", "").replace(
            "    - {name: budget", f"{SPEED}    - {{name: budget"
        ),
    ),
    "no volume": ("", NO_BUDGET),
    "a claim's own question": (
        VOLUME,
        DECISION.replace(
            "    - {name: budget",
            '    - {name: good, claim: "as accurate as alpha"}\n    - {name: budget',
        ),
    ),
    "volume alone": (VOLUME, ""),
}
NO_DECISION = {"volume alone"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("decided")
    runs = {}
    with shops() as urls:
        for name, (volume, decision) in CASES.items():
            write_case(folder, urls, volume, decision)
            done = bench(folder, "run", "desk.yaml", "--json", "--yes", "--no-report")
            assert done.returncode in (0, 1, 2), done.stderr
            runs[name] = json.loads(done.stdout)["run"]
    return folder, runs


@pytest.fixture(scope="module")
def viewer(made: tuple[Path, dict[str, str]]) -> Iterator[Viewer]:
    with viewing(made[0]) as found:
        for run_id in made[1].values():
            found.until_judged(run_id)
        yield found


def bench(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return forked.run(
        [*args],
        cwd=folder,
        env=environment({"XDG_CONFIG_HOME": str(folder / "config")}),
        timeout=180,
    )


def section(html: str) -> str:
    """Return the decision as a page has it, without links to claims, which the report alone has."""
    found = re.search(r'<section id="decision".*?</section>', html, re.DOTALL)
    assert found is not None
    return re.sub(r' <a href="#claim-[^"]*">The claim</a>', "", found.group(0))


@pytest.mark.parametrize("name", sorted(set(CASES) - NO_DECISION))
def test_the_decision_page_is_the_decision_of_the_report(
    name: str, viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    run_id = made[1][name]
    reply = viewer.ask(f"/runs/{run_id}/decision")
    assert reply.status == 200
    assert harmful(reply.text) == []
    assert "chart-buying-quality" in reply.text
    report = viewer.ask(f"/runs/{run_id}/report").text
    assert section(reply.text) == section(report)
    assert "#claim-" not in reply.text
    linked = '<a href="#claim-good">The claim</a>' in report
    assert linked == (name == "a claim's own question")
    assert f'href="/runs/{run_id}/decision"' in viewer.ask(f"/runs/{run_id}").text


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_policy_of_the_served_report_allows_the_script_that_it_has(
    name: str, viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    reply = viewer.ask(f"/runs/{made[1][name]}/report")
    own = re.search(r'Content-Security-Policy" content="([^"]+)"', reply.text)
    assert own is not None
    served = {name.lower(): value for name, value in reply.headers.items()}
    rules = served["content-security-policy"]
    for kind in ("script-src", "style-src"):
        hash_of = re.search(f"{kind} '([^']+)'", own.group(1).replace("&#39;", "'"))
        assert hash_of is not None
        assert hash_of.group(1) in rules, kind


def test_a_run_without_a_decision_has_no_such_page(
    viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    reply = viewer.ask(f"/runs/{made[1]['volume alone']}/decision")
    assert reply.status == 404
    assert "declares no decision" in reply.text


def test_runs_that_decide_are_published(made: tuple[Path, dict[str, str]]) -> None:
    folder, runs = made
    done = bench(folder, "publish", "site", "--samples", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == {}
    for name, run_id in runs.items():
        there = folder / "site" / "runs" / run_id
        assert (there / "decision.html").exists() == (name not in NO_DECISION), name
        if name not in NO_DECISION:
            shown = section((there / "decision.html").read_text())
            assert shown == section((there / "report.html").read_text())
            assert "chart-buying-quality" in shown


@pytest.mark.parametrize(
    ("fault", "profile", "shown"),
    [
        (ValueError("secret prompt"), "full", "ValueError"),
        (StoreError("{results}/bench.db: a row of a newer kind"), "full", "a row of a newer kind"),
        (StoreError("secret prompt"), "none", "StoreError"),
    ],
)
def test_a_run_that_cannot_be_shown_does_not_keep_back_the_others(
    made: tuple[Path, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    profile: str,
    shown: str,
) -> None:
    folder, runs = made
    results = folder / "results"
    if "{results}" in str(fault):
        fault = StoreError(str(fault).format(results=results))
    rest = site._write_run

    def broken(run: site.RunRow, path: Path, pages: Path, most: int) -> None:
        rest(run, path, pages, most)
        if run.run_id == runs["no incumbent"]:
            raise fault

    monkeypatch.setattr(site, "_write_run", broken)
    wanted = [runs[name] for name in ("both", "no incumbent", "no volume")]
    said: list[str] = []
    with ResultsStore.open(results, create=False) as store:
        plan = SitePlan(wanted, 1, profile)
        done = write_site(store, plan, tmp_path / "site", background_of, said.append)
    assert list(done.failed) == [runs["no incumbent"]]
    assert any(str(fault) in line for line in said)
    there = tmp_path / "site" / "runs"
    page = (there / runs["no incumbent"] / "index.html").read_text()
    assert "This run cannot be shown." in page
    assert shown in page
    assert "secret" not in page
    assert str(results) not in page
    assert [path.name for path in (there / runs["no incumbent"]).iterdir()] == ["index.html"]
    assert (there / runs["both"] / "decision.html").exists()
    names = [path.name for path in (tmp_path / "site" / "compare").iterdir()]
    assert names == [f"{runs['both']}--{runs['no volume']}.html"]
    assert runs["no incumbent"] in (tmp_path / "site" / "index.html").read_text()


def test_a_run_that_cannot_be_shown_is_told_by_the_exit_code(
    made: tuple[Path, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_args: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(site, "_write_run", broken)
    args = [str(tmp_path / "site"), "--results", str(made[0] / "results"), "--json"]
    code = publish_command.main([*args, "--run", made[1]["both"]], standalone_mode=False)
    assert code == EXIT_INCOMPLETE
    assert list(json.loads(capsys.readouterr().out)["failed"]) == [made[1]["both"]]
