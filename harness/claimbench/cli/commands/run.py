"""``bench run``: measure, judge, report."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.claims.as_json import verdict_json
from claimbench.cli.books import book_option
from claimbench.cli.common import (
    FiniteRange,
    SuitePath,
    json_option,
    positive_dollars,
    print_json,
    provider_factories,
    results_option,
    suite_options,
    verdict_codes,
    worst,
    yes_option,
)
from claimbench.cli.scaling.options import merged, scaling_options, scaling_overrides
from claimbench.cli.writing.filling import filled_store
from claimbench.error_words.missing_keys import one_step, variables_of
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, BenchError, StoreError
from claimbench.store.place import Place
from claimbench.types import Outcome

if TYPE_CHECKING:
    from claimbench.claims.types import ClaimContext
    from claimbench.pricing.run import Pricing
    from claimbench.run.interim_looks import Segments
    from claimbench.run.progress import Progress
    from claimbench.run.session import Ended, Order
    from claimbench.store.catalogue.about import About
    from claimbench.store.results import ResultsStore
    from claimbench.tables.types import CallTable, ItemTable
    from claimbench.types import Json, Suite


@click.command("run")
@click.argument("suite", required=False, type=SuitePath())
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Only this arm. Repeatable.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the first N samples of each task (in seeded order).",
)
@click.option(
    "--max-cost",
    callback=positive_dollars,
    metavar="USD",
    help="Stop before endpoints are paid more than this; a resumed run keeps its limit.",
)
@results_option
@click.option(
    "--resume", metavar="RUN", help="Go on with a run that was stopped; 'latest' for the last one."
)
@click.option(
    "--retry-missing", is_flag=True, help="With --resume: ask the calls that failed again, too."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be sent and what it could resolve; send nothing.",
)
@suite_options
@click.option(
    "--offline",
    is_flag=True,
    help="Let nothing leave this machine but to the endpoints of the suite's arms.",
)
@click.option("--allow-unknown-cost", is_flag=True, help="Run arms whose price is unknown.")
@click.option(
    "--until-decided",
    is_flag=True,
    help="Look at five points and stop as soon as every claim is decided.",
)
@click.option(
    "--no-report", is_flag=True, help="Only measure; bench report writes the report later."
)
@click.option(
    "--wait-idle",
    type=FiniteRange(min=0),
    is_flag=False,
    flag_value=600.0,
    default=None,
    metavar="[SECONDS]",
    help="Before local arms start, wait until the machine is idle; at most 600 s, or SECONDS.",
)
@click.option(
    "--registered",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The plan that bench plan --register fixed; default: beside the suite.",
)
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="A word to find the run by. Repeatable."
)
@click.option("--note", metavar="TEXT", help="What the run is for; shown by bench list.")
@click.option("--owner", metavar="NAME", help="Whose run it is; shown by bench list.")
@scaling_options
@yes_option
@book_option
@json_option
def run_command(**options: Any) -> int:
    """Run SUITE: measure every arm on the same requests, judge its claims, write the report.

    Everything finished is kept: after a crash or Ctrl-C, --resume goes on without repeating a
    finished call. Without a key an arm is not run, and the report says so.
    """
    scaling = [options.pop(name) for name in ("engine", "address", "senders")]
    return _run(RunOptions(**options, scaling=scaling_overrides(*scaling)))


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The options of ``bench run``, one field an option, by the names that click gives them.

    ``suite`` may be None with ``resume``, which is a run's id, the beginning of one, or "latest".
    """

    suite: Path | None
    arms: tuple[str, ...]
    limit: int | None
    max_cost: Decimal | None
    results: Place
    resume: str | None
    retry_missing: bool
    dry_run: bool
    overrides: tuple[str, ...]
    allow_outside: bool
    offline: bool
    allow_unknown_cost: bool
    until_decided: bool
    no_report: bool
    wait_idle: float | None
    yes: bool
    as_json: bool
    books: tuple[Path, ...] = ()
    registered: Path | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    owner: str | None = None
    scaling: tuple[str, ...] = ()
    """What ``--engine``, ``--address``, ``--senders`` change of the suite, as ``--set`` texts."""
    argv: tuple[str, ...] | None = None
    """The words of the command, kept with the run; None: those of this process."""

    def order(self, limit: int | None, registration: dict[str, Json] | None = None) -> Order:
        """Return what the session is asked for; ``limit`` is that of the run, new or resumed;
        ``registration`` is stored with a new one.
        """
        from claimbench.run.session import Order

        argv = sys.argv[1:] if self.argv is None else list(self.argv)
        return Order(
            results=self.results,
            arms=self.arms,
            limit=limit,
            max_cost_usd=self.max_cost,
            allow_unknown_cost=self.allow_unknown_cost,
            until_decided=self.until_decided,
            retry_missing=self.retry_missing,
            wait_idle_s=self.wait_idle,
            options={
                "argv": argv,
                "overrides": list(merged(self.overrides, self.scaling)),
                **({} if registration is None else {"registration": registration}),
            },
        )


def _run(asked: RunOptions) -> int:
    if asked.retry_missing and asked.resume is None:
        raise BenchError(
            "--retry-missing goes on with a run", hint="add --resume RUN ('latest': the last one)"
        )
    if asked.suite is None and asked.resume is None:
        raise BenchError("which suite?", hint="for example: bench run support")
    if asked.books and asked.resume is not None:
        raise BenchError(
            "a resumed run keeps the prices it was begun with",
            hint="bench reprice --book FILE judges it under others",
        )
    if asked.registered is not None and asked.resume is not None:
        raise BenchError("a resumed run keeps the registration it was begun with")
    if asked.dry_run:
        return _dry_run(asked)
    with filled_store(asked.results) as store:
        ended, said = measure(store, asked)
        return _finish(store, ended, asked, said)


def measure(
    store: ResultsStore,
    asked: RunOptions,
    wait: Callable[[Coroutine[Any, Any, Ended]], Ended] = asyncio.run,
) -> tuple[Ended, set[str]]:
    """Run or resume what is asked for, up to its stored and scored rows; return how it ended, and
    the notes that were shown.

    Args:
        store: open for writing.
        asked: what is measured, and how.
        wait: runs the work to its end, in an event loop of its own.

    Raises:
        BenchError: as :func:`claimbench.run.session.execute`, or consent is needed and not given.
    """
    from claimbench.cli.consent import inform, require_scorer_consent
    from claimbench.cli.efforts import say_beforehand
    from claimbench.store.catalogue.about import about_of

    about = about_of(asked.tags, asked.note, asked.owner)
    loaded, resume_id, limit = _suite_and_run(store, asked)
    gone = asked.suite is None and not Path(loaded.path).exists()
    order = asked.order(limit)
    inform(loaded, _wanted(store, order, resume_id), yes=asked.yes, from_database=gone)
    said: set[str] = set()
    require_scorer_consent(loaded)
    pricing = _pricing(store, loaded, resume_id, asked.books)
    if resume_id is None:
        from claimbench.cli.proof.registering import registered

        fixed = registered(store, loaded, asked.registered, pricing.book.text, limit)
        order = asked.order(limit, fixed)
    say_beforehand(pricing, loaded, asked.arms, limit, asked.books if resume_id is None else None)
    begun = _Begun(store, about)
    work = _measure(loaded, order, store, resume_id, said, asked.offline, pricing, begun)
    ended = wait(work)
    _score_by_scripts(store, ended.run_id)
    return ended, said


@dataclass(frozen=True, slots=True)
class _Begun:
    """Take the id of a run that exists from now on, and store what is said about it."""

    store: ResultsStore
    about: About
    ids: list[str] = field(default_factory=list)

    def __call__(self, run_id: str) -> None:
        from claimbench.store.notes import save_about

        self.ids.append(run_id)
        if self.about:
            save_about(self.store, run_id, self.about)


def _score_by_scripts(store: ResultsStore, run_id: str) -> None:
    """Let the scorers beside the suite score what they have not yet."""
    from claimbench.evaluation.own_scorers import score_answers

    n = score_answers(store, run_id)
    if n:
        print(f"{n} answers scored by Python beside the suite; kept in the run", file=sys.stderr)


def _dry_run(asked: RunOptions) -> int:
    from claimbench.cli.commands.plan import PlanOptions, show_plan

    if asked.suite is None:
        raise BenchError(
            "--dry-run needs a suite", hint="bench run SUITE --dry-run, or bench plan SUITE"
        )
    options = PlanOptions(
        suite=asked.suite,
        arms=asked.arms,
        limit=asked.limit,
        overrides=merged(asked.overrides, asked.scaling),
        allow_outside=asked.allow_outside,
        as_json=asked.as_json,
        books=asked.books,
    )
    return show_plan(options)


def _suite_and_run(store: ResultsStore, asked: RunOptions) -> tuple[Suite, str | None, int | None]:
    """Return the suite to run and, for a resume, the run's id; a resumed run keeps its own
    limit.
    """
    from claimbench.claims.parse import parse_claims
    from claimbench.suite.load import load_suite, suite_from_json

    suite = asked.suite
    if asked.resume is None:
        assert suite is not None  # noqa: S101 - checked by the caller
        changes = merged(asked.overrides, asked.scaling)
        loaded = load_suite(suite, allow_outside=asked.allow_outside, overrides=changes)
        # A claim that cannot be read must not be found out after the money is spent.
        parse_claims(loaded)
        return loaded, None, asked.limit
    run_id = store.resolve_run(None if asked.resume == "latest" else asked.resume)
    manifest = store.manifest(run_id)
    if asked.limit is not None and asked.limit != manifest.limit:
        raise StoreError(
            f"run {run_id} was planned with --limit {manifest.limit}; a resumed run keeps its plan"
        )
    path = suite or Path(manifest.suite_path)
    if suite is None and not path.exists():
        return suite_from_json(manifest.suite), run_id, manifest.limit
    kept = merged(asked.overrides or tuple(manifest.options.get("overrides", ())), asked.scaling)
    allowed = asked.allow_outside or suite is None
    return load_suite(path, allow_outside=allowed, overrides=kept), run_id, manifest.limit


def _pricing(
    store: ResultsStore, suite: Suite, resume_id: str | None, books: tuple[Path, ...] = ()
) -> Pricing:
    from claimbench.cli.books import price_book
    from claimbench.clock import SystemClock
    from claimbench.pricing.run import book_of, pricing_for, pricing_from, replayed

    if resume_id is not None:
        return pricing_from(book_of(store.manifest(resume_id)), SystemClock(), replayed(suite))
    return pricing_for(suite, price_book(books), SystemClock())


def _wanted(store: ResultsStore, order: Order, resume_id: str | None) -> Sequence[str]:
    """Return the names of the arms to run; empty: all. A resumed run keeps its own."""
    if resume_id is not None and not order.arms:
        return store.manifest(resume_id).arms_run
    return order.arms


async def _measure(
    suite: Suite,
    order: Order,
    store: ResultsStore,
    resume_id: str | None,
    notes_said: set[str],
    offline: bool,
    pricing: Pricing,
    begun: _Begun,
) -> Ended:
    from claimbench.cli.progress import shown, stderr
    from claimbench.cli.quality import QualitySoFar
    from claimbench.cli.scaling.options import elsewhere_of
    from claimbench.cli.watching import watched
    from claimbench.clock import SystemClock
    from claimbench.run.arms import make_arms
    from claimbench.run.session import Job, execute
    from claimbench_providers.endpoints.known_keys import guard_of
    from claimbench_providers.models.context import provider_context

    clock = SystemClock()
    wanted = _wanted(store, order, resume_id)
    used = [*(arm for arm in suite.arms if not wanted or arm.name in wanted), *suite.helpers]
    factories = provider_factories([arm.provider for arm in used])

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    context = provider_context(suite, progress=say)
    arms = make_arms(suite, wanted, factories, context, elsewhere_of(suite, offline=offline))
    for name, why in arms.not_run.items():
        print(f"{name}: not run: {why}", file=sys.stderr)
    if arms.ready and len(keys := variables_of(arms.not_run.values())) > 1:
        print(f"to run them too: {one_step(keys)}", file=sys.stderr)
    if arms.ready:
        print(f"starting {', '.join(arms.providers)} ...", file=sys.stderr, flush=True)
    quality = QualitySoFar(suite)

    def show(progress: Progress) -> contextlib.AbstractAsyncContextManager[None]:
        return shown(progress, clock, stderr(), notes_said, quality)

    segments = _segments(store) if order.until_decided or suite.stop == "when_decided" else None
    guard = guard_of(suite, arms.providers)
    work = execute(
        Job(suite, order, arms, pricing, store, clock, show, segments, begun, guard, say),
        resume_id,
    )
    return await watched(work, suite, arms, store, offline, begun.ids)


def _segments(store: ResultsStore) -> Callable[[str], Segments]:
    """Looks at five points of the plan; each judges what is stored so far."""
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.own_scorers import score_answers
    from claimbench.evaluation.stored import read_run
    from claimbench.run.interim_looks import LookSegments
    from claimbench.suite.load import suite_from_json

    def of_run(run_id: str) -> Segments:
        def judged() -> tuple[ItemTable, CallTable, ClaimContext]:
            score_answers(store, run_id)
            found = evaluate(read_run(store, run_id, verified=True))
            return found.items, found.calls, found.context

        # A resumed run is judged by the claims it was begun with, whatever file it goes on with.
        begun_with = suite_from_json(store.manifest(run_id).suite)
        return LookSegments(begun_with, store.calls(run_id), store.looks(run_id), judged)

    return of_run


def not_worth_asking(store: ResultsStore, run_id: str) -> int:
    """Count the failed calls that --retry-missing would leave."""
    from claimbench.run.records import hopeless

    return len(hopeless(store, run_id, store.calls(run_id)) & set(store.missing(run_id)))


def _permissions(asked: RunOptions) -> str:
    """Return the options that a resume must name again to send what this command sent."""
    given = {
        " --allow-unknown-cost": asked.allow_unknown_cost,
        " --until-decided": asked.until_decided,
        " --offline": asked.offline,
    }
    return "".join(option for option, on in given.items() if on)


def _finish(store: ResultsStore, ended: Ended, asked: RunOptions, notes_said: set[str]) -> int:
    results = asked.results
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr)  # noqa: E731 - a name for one line
    if ended.sent_again:
        listed = ", ".join(intent.call_id for intent in ended.sent_again[:10])
        more = f" and {len(ended.sent_again) - 10} more" if len(ended.sent_again) > 10 else ""
        say(
            f"{len(ended.sent_again)} calls were in flight when the run died; sent again:"
            f" {listed}{more}"
        )
    for note in ended.progress.notes:
        if note.text not in notes_said:
            say(f"note: {note.text}")
    if ended.why is not None:
        say(f"incomplete: {ended.why}")
        failed = sum(
            outcome is not Outcome.CANCELLED for outcome in store.missing(ended.run_id).values()
        )
        hopeless = not_worth_asking(store, ended.run_id) if failed else 0
        again = " --retry-missing" if failed > hopeless else ""
        more = _permissions(asked)
        say(f"  go on with: bench run --resume {ended.run_id}{again}{more} --results {results}")
        if "budget:" in ended.why:
            say("  (the run keeps its limit: add --max-cost USD to raise it)")
        if failed:
            if hopeless < failed:
                say(
                    f"  ({failed - hopeless} calls failed; with --retry-missing they are asked"
                    " again, without it they stay missing)"
                )
            if hopeless:
                say(
                    f"  ({hopeless} prompts are not taken, as others are: too long, or refused;"
                    " they stay missing, and are not asked again)"
                )
    codes = [EXIT_OK if ended.why is None else EXIT_INCOMPLETE]
    if asked.no_report:
        if asked.as_json:
            print_json(
                {"run": ended.run_id, "results": results, "report": None, "incomplete": ended.why}
            )
        return worst(codes)
    from claimbench.cli.runs import console_summary, evaluate_run, write_report

    evaluation = evaluate_run(store, ended.run_id)
    path = write_report(store, evaluation)
    codes += verdict_codes(evaluation.verdicts)
    code = worst(codes)
    if asked.as_json:
        summary = {
            "run": ended.run_id,
            "results": results,
            "report": path,
            "incomplete": ended.why,
            "exit_code": code,
        }
        print_json({**summary, "verdicts": [verdict_json(v) for v in evaluation.verdicts]})
    else:
        console_summary(evaluation, path, store)
    return code
