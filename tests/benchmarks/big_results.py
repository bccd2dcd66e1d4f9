"""Write a results folder of any size through the store's own writer: a run as a large suite leaves
it, which can be verified and judged, and small ones around it.

``python tests/benchmarks/big_results.py FOLDER CALLS``
"""

from __future__ import annotations

import gc
import random
import sys
from dataclasses import replace
from pathlib import Path

from tickets import LABELS, fail, ticket

from claimbench.machine.manifest import bare_manifest
from claimbench.store.results import ResultsStore
from claimbench.suite.codec import suite_to_json
from claimbench.suite.load import load_suite
from claimbench.types import Attempt, Call, CallRecord, Intent, Outcome, Sample, Timing, Usage

ARMS = ("good", "cheap")
BIG = "20261101T000000Z-aaaaaa"
SUITE = """\
name: big
version: 1-0
sampling: {temperature: 0, seed: 1}
tasks:
  - name: route
    dataset: {path: tickets.jsonl, id: id, target: team}
    prompt: [{system: "One label."}, {user: "{{ text }}"}]
    answer: {type: label, labels: [billing, delivery, tech], constrain: false}
    scorers: [label]
    max_tokens: 8
arms:
  - {name: good, provider: compatible, model: big-1, base_url: "http://127.0.0.1:9/v1", weights: proprietary,
     cost: {price: {input: 1, output: 4, source: test, dated: 2026-01-01}}}
  - {name: cheap, provider: compatible, model: small-1, base_url: "http://127.0.0.1:9/v1", weights: open,
     cost: {price: {input: 0.05, output: 0.2, source: test, dated: 2026-01-01}}}
claims:
  - {id: as-good, claim: "as accurate as good", arm: cheap}
"""


def write_results(folder: Path, n_calls: int, n_small: int = 60) -> None:
    """Write one run of ``n_calls`` calls and ``n_small`` runs of two, in ``folder``/results."""
    rng = random.Random(3)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tickets.jsonl").write_text('{"id": "t0", "text": "a", "team": "tech"}\n')
    (folder / "big.yaml").write_text(SUITE)
    suite = load_suite(folder / "big.yaml")
    samples = tuple(
        Sample(
            f"t{i}",
            {"text": ticket(rng, i)},
            LABELS[i % 3],
            f"c{i}",
            {"language": "de" if i % 3 else "en"},
        )
        for i in range(n_calls // len(ARMS))
    )
    gc.disable()
    with ResultsStore.open(folder / "results") as store:
        for n in range(n_small):
            run_id = f"202610{1 + n % 28:02}T{n % 24:02}0000Z-{n:06x}"
            write_run(store, suite, samples[:1], run_id, f"2026-10-{1 + n % 28:02}T00:00:00+00:00")
        write_run(store, suite, samples, BIG, "2026-11-01T00:00:00+00:00")


def write_run(store: ResultsStore, suite, samples, run_id: str, created: str) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(7)
    task = replace(suite.tasks[0], samples=samples)
    whole = replace(suite, tasks=(task,))
    manifest = replace(
        bare_manifest(run_id, ARMS[0], created),
        suite_name=suite.name,
        suite_version=suite.version,
        measured_sha256=f"{len(samples):064x}",
        suite=suite_to_json(whole),
        arms_run=ARMS,
    )
    pairs = [(sample, arm) for sample in samples for arm in ARMS]
    calls = [
        Call(run_id, f"{i:032x}", "route", sample.id, 1, arm, 1, i)
        for i, (sample, arm) in enumerate(pairs)
    ]
    store.create_run(manifest, calls)
    session = store.start_session(run_id, host={})
    now = session.monotonic_origin_ns
    with store.writer(run_id) as writer:
        for i, (call, (sample, arm)) in enumerate(zip(calls, pairs, strict=True)):
            took = rng.randrange(50_000_000, 900_000_000)
            timing = Timing(None, now, now, now + took // 3, now + took // 3, (), now + took, "sdk")
            now += 1_000_000
            writer.intent(Intent(call.id, 1, 1, None, created))
            usage = Usage(input_fresh=60, output_visible=3)
            attempt = Attempt(call.id, 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes")
            writer.keep(attempt, fail)
            right = rng.random() < (0.9 if arm == "good" else 0.8)
            text = f"The label is {sample.target if right else LABELS[(i + 1) % 3]}."
            writer.keep(CallRecord(call, text, Outcome.OK, "stop", 1), fail)
            if i % 20_000 == 0:
                writer.flush()
    store.end_session(run_id, 1, "finished", {})


if __name__ == "__main__":
    write_results(Path(sys.argv[1]), int(sys.argv[2]))
