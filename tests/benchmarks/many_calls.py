"""Write a finished run of very many calls as ``bench run`` leaves it: planned by the plan, priced by
its frozen book, every row through the store's own writer, sealed as the session ends.

``python tests/benchmarks/many_calls.py FOLDER [--samples N] [--arms N] [--epochs N]``; the results
are in FOLDER/results. Everything follows from the numbers given: two of the same are byte-equal but
for the moments of the session.
"""

from __future__ import annotations

import argparse
import gc
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tickets import LABELS, fail, ticket

from claimbench.clock import SystemClock
from claimbench.machine.manifest import manifest_of_suite
from claimbench.plan.order import make_plan
from claimbench.pricing.frozen import freeze_suite
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore, RunWriter
from claimbench.suite.load import load_suite
from claimbench.types import Attempt, Call, CallRecord, Intent, Outcome, Suite, Timing, Usage

RUN = "20261101T000000Z-aaaaaa"
HEAD = """\
name: many
version: 1-0
sampling: {{temperature: 0, seed: 1}}
epochs: {epochs}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team, slices: [language]}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
"""
ARM = """\
  - {{name: arm{n}, provider: compatible, model: m-{n}, base_url: "http://127.0.0.1:9/v1", weights: open,
     cost: {{price: {{input: {usd}, output: {out}, source: test, dated: 2026-01-01}}}}}}
"""
CLAIMS = """\
claims:
  - {id: as-good, claim: "as accurate as arm0", arm: arm1}
  - {id: cheaper, claim: "40% cheaper than arm0", arm: arm1}
  - {id: faster, claim: "faster than arm0", arm: arm1}
"""


def write_suite(folder: Path, samples: int, arms: int, epochs: int) -> Suite:
    """Write the suite and its data, and load it as ``bench run`` does."""
    rng = random.Random(3)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tickets.jsonl").open("w", encoding="utf-8") as out:
        for i in range(samples):
            language = "de" if i % 3 else "en"
            row = f'"id": "t{i}", "text": "{ticket(rng, i)}", "team": "{LABELS[i % 3]}"'
            out.write(f'{{{row}, "language": "{language}"}}\n')
    parts = [ARM.format(n=n, usd=2 / (n + 1), out=8 / (n + 1)) for n in range(arms)]
    text = HEAD.format(epochs=epochs) + "".join(parts) + (CLAIMS if arms > 1 else "")
    (folder / "many.yaml").write_text(text, encoding="utf-8")
    return load_suite(folder / "many.yaml")


def write_run(folder: Path, suite: Suite) -> int:
    """Write the run; return the number of its calls."""
    clock = SystemClock()
    arms = tuple(arm.name for arm in suite.arms)
    plan = make_plan(suite, RUN, list(arms))
    book = freeze_suite(suite, PriceBook([]), clock.utc())
    options = {"samples": plan.samples}
    manifest = manifest_of_suite(
        suite,
        RUN,
        "2026-11-01T00:00:00+00:00",
        plan_sha256=plan.sha256,
        book=book,
        options=options,
    )
    with ResultsStore.open(folder / "results") as store:
        store.create_run(replace(manifest, arms_run=arms), plan.calls)
        session = store.start_session(RUN, host={})
        with store.writer(RUN) as writer:
            now = session.monotonic_origin_ns
            of_sample = {s.id: str(s.target) for s in suite.tasks[0].samples}
            for i, call in enumerate(plan.calls):
                now += 1_000_000
                _write_call(writer, call, of_sample[call.sample_id], now)
                if i % 20_000 == 0:
                    writer.flush()
        store.end_session(RUN, 1, "finished", {})
    return len(plan.calls)


def _write_call(writer: RunWriter, call: Call, target: str, now: int) -> None:
    """Write what one call leaves: one in fifty is tried twice, one in a hundred fails for good."""
    rng = random.Random(call.position)
    fate = rng.random()
    outcomes = [Outcome.OK]
    if fate < 0.01:
        outcomes = [Outcome.SERVER_FAULT] * 2
    elif fate < 0.03:
        outcomes = [Outcome.SERVER_FAULT, Outcome.OK]
    for number, outcome in enumerate(outcomes, start=1):
        writer.intent(Intent(call.id, number, 1, None, "2026-11-01T00:00:00+00:00"))
        writer.keep(_attempt(call, number, outcome, now, rng), fail)
        now += 500_000
    right = rng.random() < 0.9 - 0.02 * int(call.arm.removeprefix("arm"))
    label = target if right else LABELS[rng.randrange(3)]
    text = f"The label is {label}." if outcomes[-1] is Outcome.OK else ""
    error = None if text else "HTTP 500: the server failed"
    record = CallRecord(call, text, outcomes[-1], "stop" if text else None, number, error=error)
    writer.keep(record, fail)


def _attempt(call: Call, number: int, outcome: Outcome, now: int, rng: random.Random) -> Attempt:
    took = rng.randrange(50_000_000, 900_000_000)
    ok = outcome is Outcome.OK
    chunks = tuple(sorted(now + rng.randrange(took // 3, took) for _ in range(4))) if ok else ()
    first = chunks[0] if chunks else None
    timing = Timing(None, now - 20_000, now, first, first, chunks, now + took, "kernel")
    usage = Usage(input_fresh=60 + rng.randrange(30), output_visible=3 + rng.randrange(3))
    raw = {"prompt_tokens": usage.input_fresh, "completion_tokens": usage.output_visible}
    return Attempt(
        call.id,
        number,
        1,
        timing,
        outcome,
        200 if ok else 500,
        usage if ok else None,
        raw if ok else None,
        None,
        "yes" if ok else "no",
        model_returned=f"m-{call.arm}" if ok else None,
        request_id=f"req-{rng.randrange(10**12):012d}",
    )


def arguments() -> Iterator[tuple[str, int, str]]:
    """Give each option: name, default, help."""
    yield "samples", 1_000, "samples of the data set"
    yield "arms", 10, "arms, all on every sample"
    yield "epochs", 1, "times that each arm is asked"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a results folder of very many calls.")
    parser.add_argument("folder", type=Path)
    for name, default, told in arguments():
        parser.add_argument(f"--{name}", type=int, default=default, help=told)
    given = parser.parse_args()
    gc.disable()
    suite = write_suite(given.folder, given.samples, given.arms, given.epochs)
    n = write_run(given.folder, suite)
    print(f"{n:,} calls in {given.folder / 'results'}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
