"""A buyer's run on loopback servers: four arms of different skill, price and speed, a fifth without
its key, a volume and a decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .conftest import LABELS, Vendor, _serve

N = 120
SUITE = """\
name: desk
version: 1-0
sampling: {{temperature: 0, seed: 1}}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team, cluster: person}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: alpha, provider: compatible, model: big-1, base_url: "{alpha}", concurrency: 4,
     cost: {{price: {{input: 2, output: 8, cache_read: 0.5, source: test, dated: 2026-01-01}}}}}}
  - {{name: beta, provider: compatible, model: small-1, base_url: "{beta}", concurrency: 4,
     cost: {{price: {{input: 0.2, output: 0.8, source: test, dated: 2026-01-01}}}}}}
  - {{name: weak, provider: compatible, model: tiny-1, base_url: "{weak}", concurrency: 4,
     cost: {{price: {{input: 0.05, output: 0.2, source: test, dated: 2026-01-01}}}}}}
  - {{name: rent, provider: compatible, model: own-1, base_url: "{rent}", concurrency: 4,
     cost: {{host: {{usd_per_hour: 1.1, source: test, dated: 2026-01-01}}}}}}
  - {{name: absent, provider: openai, model: gpt-absent, api_key_env: ABSENT_API_KEY,
     cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
{volume}
{decision}
claims:
  - {{id: cheaper, claim: "80% cheaper than alpha", arm: beta}}
  - {{id: good, claim: "as accurate as alpha", arm: beta}}
"""
VOLUME = """\
volume:
  requests_per_month: {low: 500000, base: 1000000, high: 2000000}
  growth_per_year: 0.2
  months: 36
  arms: {beta: {discount: 0.1, one_off_usd: {integration: 2500}}, rent: {capacity_per_hour: 40000}}
"""
DECISION = """\
decision:
  incumbent: alpha
  facts: {alpha: {prompts_go_to: this machine}, beta: {prompts_go_to: this machine},
     weak: {prompts_go_to: this machine}, rent: {prompts_go_to: this machine}}
  requirements:
    - {name: quality, claim: at least 70% accurate}
    - {name: budget, claim: "under $3,000 a month"}
    - {name: our data, fact: prompts_go_to, is: [this machine]}
    - {name: certificate, attested: {alpha: {text: ISO 27001, dated: 2026-03-01},
       beta: {text: SOC 2, dated: 2026-04-01}, weak: {text: none needed, dated: 2026-05-01},
       rent: {text: our own audit, dated: 2026-06-01}}}
  criteria:
    - {name: quality, weight: 40, metric: accuracy, worst: 0.60, best: 1}
    - {name: dollars, weight: 35, metric: usd_per_month, worst: 4000, best: 0}
    - {name: time, weight: 25, metric: e2e_p95_s, worst: 0.5, best: 0}
"""
CLEAR = DECISION.replace("weight: 40", "weight: 20").replace("weight: 35", "weight: 60")
CLEAR = CLEAR.replace("e2e_p95_s", "e2e_p50_s").replace("weight: 25", "weight: 1")
"""Weights by which one arm is ahead beyond doubt, and even if time speaks against it: in so short a
run no claim about time is decided.
"""
SPEED = "    - {name: speed, claim: e2e p95 under 2 s}\n"
"""A requirement that so short a run leaves open."""


@dataclass
class Shop(Vendor):
    """Right on ``right`` percent of the tickets, drawn by ``salt``; slower on some than on
    others.
    """

    salt: int = 1
    slow_s: float = 0.0

    def reply(self, number: int, _text: str) -> str:
        wrong = (number * 7919 * self.salt + 13 * self.salt) % 100 >= self.right
        return LABELS[(number + wrong) % 3]


@contextmanager
def shops() -> Iterator[dict[str, str]]:
    """Serve the four arms; gives their addresses."""
    made = {
        "alpha": Shop(right=95, salt=1, delay_s=0.03, more_tokens=lambda n: 700 + 11 * (n % 37)),
        "beta": Shop(right=93, salt=3, delay_s=0.01, more_tokens=lambda n: 700 + 13 * (n % 31)),
        "weak": Shop(right=50, salt=7, delay_s=0.005, more_tokens=lambda n: 600 + n),
        "rent": Shop(right=90, salt=11, delay_s=0.02),
    }
    with ExitStack() as stack:
        urls = {}
        for name, shop in made.items():
            served = contextmanager(_serve)(shop)
            urls[name] = stack.enter_context(served).url
        yield urls


def write_case(
    folder: Path, urls: dict[str, str], volume: str = VOLUME, decision: str = DECISION
) -> Path:
    """Write the suite and its tickets."""
    rows = [
        {
            "id": f"t{i}",
            "text": f"ticket #{i} please help",
            "team": LABELS[i % 3],
            "person": f"p{i // 2}",
        }
        for i in range(N)
    ]
    (folder / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "desk.yaml"
    path.write_text(SUITE.format(**urls, volume=volume, decision=decision))
    return path
