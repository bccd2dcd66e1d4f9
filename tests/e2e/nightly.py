"""A suite that a job measures night by night, its vendor, and what the job does with them."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from claimbench.cli import group
from claimbench.errors import BenchError

from .conftest import LABELS, Said, Vendor

Bench = Callable[..., Said]
N = 100
SUITE = """\
name: nightly
version: 1-0
epochs: 3
sampling: {{temperature: 0}}
errors: {{max_retries: 1, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: beta-mini, provider: compatible, model: mini, base_url: "{url}", weights: proprietary, concurrency: 8,
     cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
claims:
  - {{id: level, claim: "beta-mini is at least 10% accurate"}}
compare:
  margins: {{accuracy: 0.08, latency: off}}
"""


class Nightly:
    """A suite, its vendor, and what a job does with them."""

    def __init__(self, folder: Path, vendor: Vendor, bench: Bench) -> None:
        self.folder, self.vendor, self.bench = folder, vendor, bench
        self.path = folder / "nightly.yaml"
        self.path.write_text(SUITE.format(url=vendor.url))
        self.shop = 1
        self.rows(range(N))
        self.rng = random.Random(7)
        self.answers(noise=0.03)

    def rows(self, numbers: range) -> None:
        rows = [
            {
                "id": f"t{i}",
                "text": f"ticket #{i} please",
                "team": LABELS[i % 3],
                "shop": f"s{i // self.shop}",
            }
            for i in numbers
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.folder / "tickets.jsonl").write_text(text)

    def shops(self, tickets: int) -> None:
        """Let so many tickets come from each shop."""
        self.shop = tickets
        self.rows(range(N))

    def answers(self, noise: float, wrong: float = 0.0) -> None:
        """Answer wrongly by chance in ``noise`` of calls, and always in ``wrong`` of tickets."""

        def reply(number: int, _text: str) -> str:
            right = (number * 7919) % 100 >= 100 * wrong and self.rng.random() >= noise
            return LABELS[number % 3] if right else LABELS[(number + 1) % 3]

        self.vendor.reply = reply  # type: ignore[method-assign]

    def run(self, *words: str) -> str:
        said = self.bench("run", str(self.path), "--no-report", "--json", "--yes", *words)
        assert said.code == 0, said.err + said.out
        run: str = said.json["run"]
        return run

    def change(self, old: str, new: str) -> None:
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new))

    def compare(self, *words: str) -> Said:
        """As a process would, in this one: starting Python takes longer than comparing."""
        return inside("compare", *words)

    def compared(self, *words: str) -> Any:
        said = self.compare(*words, "--json")
        assert said.out, said.err
        return said.json


def inside(*words: str) -> Said:
    """Run a command that only reads in this process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code = group().main([*words], prog_name="bench", standalone_mode=False)
        except BenchError as error:
            return Said(error.exit_code, out.getvalue(), f"{error} {error.hint}")
    return Said(code, out.getvalue(), "")
