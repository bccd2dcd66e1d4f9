"""Claims as tests: the marker ``claims`` and the fixture ``bench_run`` for pytest. docs/python.md
shows both.

pytest imports this module in every session where ClaimBench is installed, so nothing of ours is
imported here before a marked test runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from claimbench.api import Run
    from claimbench.types import Verdict

STATUSES = ("supported", "refuted", "inconclusive", "not_comparable")
MARKER = (
    "claims(suite, *, expect='supported', check=True, **settings): measure the suite once a session"
    " and fail unless every claim has its expected status; settings are those of claimbench.run"
)
_RUNS = pytest.StashKey[dict[tuple[str, str], Any]]()
_MINE = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a session with claims."""
    group = parser.getgroup("claimbench", "claims about language models")
    group.addoption(
        "--bench-results",
        metavar="DIR",
        help="Keep runs in this results folder; default: a temporary one.",
    )
    group.addoption(
        "--bench-max-cost",
        type=_dollars,
        metavar="USD",
        help="The most that each run may cost, over what its marker says.",
    )
    group.addoption(
        "--bench-limit",
        type=int,
        metavar="N",
        help="Only the first N samples of each task, over what the marker says.",
    )
    group.addoption(
        "--bench-stored",
        action="store_true",
        help="Ask no model: take the latest run in --bench-results of what would be measured.",
    )


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of dollars") from None


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)
    config.stash[_RUNS] = {}


@pytest.fixture
def bench_run(request: pytest.FixtureRequest) -> Run:
    """Return the run of the suite that the test's ``claims`` marker names: measured when the first
    test of the session asks for it, and kept for the others.
    """
    marker = request.node.get_closest_marker("claims")
    if marker is None:
        pytest.fail(
            'bench_run needs to know a suite: mark the test with @pytest.mark.claims("suite.yaml")',
            pytrace=False,
        )
    run: Run = _run_of(marker, request)
    request.node.stash[_MINE] = run
    return run


@pytest.fixture(autouse=True)
def _bench_claims_measured(request: pytest.FixtureRequest) -> None:
    """Measure the suite of a marked test that does not ask for its run."""
    if request.node.get_closest_marker("claims") is not None:
        request.getfixturevalue("bench_run")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a marked test whose claims do not stand as expected, before its body runs."""
    marker = item.get_closest_marker("claims")
    run = item.stash.get(_MINE, None)
    if marker is not None and run is not None and marker.kwargs.get("check", True):
        _check(run, marker.kwargs.get("expect", "supported"))
    return (yield)


def _run_of(marker: pytest.Mark, request: pytest.FixtureRequest) -> Any:
    from claimbench.errors import BenchError

    if len(marker.args) != 1:
        pytest.fail("the marker claims takes one suite: claims('suite.yaml')", pytrace=False)
    suite = _place(str(marker.args[0]), request)
    settings = {
        name: value for name, value in marker.kwargs.items() if name not in ("expect", "check")
    }
    config = request.config
    for option, name in (("bench_max_cost", "max_cost"), ("bench_limit", "limit")):
        if config.getoption(option) is not None:
            settings[name] = config.getoption(option)
    key = (str(suite), repr(sorted(settings.items(), key=lambda item: item[0])))
    runs = config.stash[_RUNS]
    if key not in runs:
        try:
            runs[key] = _measure(suite, settings, request)
        except (BenchError, TypeError) as error:
            runs[key] = error
    found = runs[key]
    if isinstance(found, Exception):
        hint = getattr(found, "hint", None)
        pytest.fail(f"{found}" + (f"\n  {hint}" if hint else ""), pytrace=False)
    return found


def _place(name: str, request: pytest.FixtureRequest) -> Path:
    """Return the suite's file: beside the test, from the root of the session, or a shipped one."""
    for folder in (request.path.parent, request.config.rootpath):
        if (folder / name).is_file():
            return folder / name
    return Path(name)


def _measure(suite: Path, settings: Mapping[str, Any], request: pytest.FixtureRequest) -> Run:
    import claimbench

    given = settings.get("results") or request.config.getoption("bench_results")
    if request.config.getoption("bench_stored"):
        return _stored(suite, settings, given or "results")
    if given is None:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        given = factory.mktemp("bench")
    return claimbench.run(suite, **{**settings, "results": given})


def _stored(suite: Path, settings: Mapping[str, Any], results: str | Path) -> Run:
    """Return the newest stored run of what would be measured now: data, claims, arms, limit.

    Raises:
        BenchError: there is none, with how the newest run of the suite differs.
    """
    import claimbench
    from claimbench.cli.books import price_book
    from claimbench.errors import BenchError, StoreError
    from claimbench.evidence.as_asked import not_as_asked
    from claimbench.measuring import options_of
    from claimbench.pricing.frozen import freeze_suite
    from claimbench.shipped import located
    from claimbench.suite.load import load_suite

    asked = options_of(suite, {**settings, "results": results})  # type: ignore[typeddict-item]
    loaded = load_suite(located(suite), allow_outside=True, overrides=asked.overrides)
    book = None
    if asked.books:
        book = freeze_suite(loaded, price_book(asked.books), datetime.now(UTC)).text
    newest: str | None = None
    for run in reversed(claimbench.open_runs(results, suite=loaded.name)):
        try:
            differs = not_as_asked(
                run.manifest, loaded, arms=asked.arms, limit=asked.limit, book=book
            )
        except BenchError as error:
            differs = [str(error)]
        if not differs:
            return run
        if newest is None:
            newest = f"the newest run, {run.id}, differs: {'; '.join(differs[:MOST_TOLD])}"
    if newest is None:
        raise StoreError(
            f"{results}: no run of the suite '{loaded.name}' is stored",
            hint="leave --bench-stored out, or name another --bench-results",
        )
    raise StoreError(
        f"{results}: no stored run of '{loaded.name}' is what this test asks for; {newest}",
        hint="measure it (leave --bench-stored out); what was measured under other claims or"
        " settings proves nothing of these",
    )


MOST_TOLD = 5
"""Differences of a stored run that are told."""


def _check(run: Run, expect: str | Mapping[str, str]) -> None:
    from claimbench.errors import BenchError

    try:
        verdicts = run.evaluation.verdicts
        complete = run.complete
    except BenchError as error:
        pytest.fail(str(error), pytrace=False)
    wanted = _wanted(verdicts, expect)
    missed = [one for one in verdicts if one.status != wanted[one.claim.id]]
    if not missed and complete:
        return
    lines = [] if complete else [f"run {run.id} is not complete: calls are missing"]
    for one in missed:
        lines.append(f"{one.claim.id}: {one.status}, expected {wanted[one.claim.id]}")
        lines.append(f"  {one.sentence}")
    pytest.fail("\n".join(lines), pytrace=False)


def _wanted(verdicts: tuple[Verdict, ...], expect: str | Mapping[str, str]) -> dict[str, str]:
    """Return the status that each claim is to have; without a word of it: supported."""
    ids = [one.claim.id for one in verdicts]
    if not ids:
        pytest.fail("the suite makes no claim, so there is nothing to hold", pytrace=False)
    given = dict.fromkeys(ids, expect) if isinstance(expect, str) else dict(expect)
    for name, status in given.items():
        if name not in ids:
            pytest.fail(f"expect: no claim '{name}'; there are {', '.join(ids)}", pytrace=False)
        if status not in STATUSES:
            said = ", ".join(STATUSES)
            pytest.fail(f"expect: no status '{status}'; there are {said}", pytrace=False)
    return {**dict.fromkeys(ids, "supported"), **given}
