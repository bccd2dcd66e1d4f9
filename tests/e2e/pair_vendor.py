"""A loopback vendor of three writers and their judges: each draft carries its true quality, and
the judges have a known liking for the first place and for length.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field

from .conftest import Vendor

SHOWN = re.compile(
    r"\[begin first answer ([0-9a-f]+)\]\n(?P<first>.*?)\n\[end first answer \1\]"
    r".*\[begin second answer \1\]\n(?P<second>.*?)\n\[end second answer \1\]",
    re.DOTALL,
)
QUALITY = re.compile(r"worth (\d+)")

SUITE = """\
name: drafts
version: 1-0
tasks:
  - name: reply
    dataset: {{path: rows.jsonl, id: id, target: right, cluster: person}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: text}}
    scorers: [{{name: pairwise, by: [{by}], rubric: "Which draft would a customer rather get?"}}]
    max_tokens: 64
arms:
  - {{name: alpha, provider: openai, model: alpha-1, base_url: "{url}", lab: A, concurrency: 8,
     cost: {{price: {{input: 1, output: 2, source: test, dated: 2026-01-01}}}}}}
  - {{name: beta, provider: openai, model: beta-1, base_url: "{url}", lab: B, concurrency: 8,
     cost: {{price: {{input: 1, output: 2, source: test, dated: 2026-01-01}}}}}}
{more}judges:
{judges}
claims:
{claims}
"""
JUDGE = """\
  - {{name: {name}, provider: openai, model: {name}-9, base_url: "{url}", lab: {lab}, concurrency: 8,
     cost: {{price: {{input: 10, output: 30, source: test, dated: 2026-01-01}}}}}}
"""
GAMMA = """\
  - {{name: gamma, provider: openai, model: gamma-1, base_url: "{url}", lab: G, concurrency: 8,
     cost: {{price: {{input: 1, output: 2, source: test, dated: 2026-01-01}}}}}}
"""


def drafts_suite(
    url: str,
    claims: tuple[str, ...] = ("alpha is preferred over beta",),
    judges: tuple[str, ...] = ("north", "south"),
    *,
    gamma: bool = False,
    items: int = 60,
) -> tuple[str, str]:
    """A suite of drafts and its rows as JSON Lines."""
    text = SUITE.format(
        url=url,
        by=", ".join(judges),
        more=GAMMA.format(url=url) if gamma else "",
        judges="".join(JUDGE.format(name=n, url=url, lab=n.upper()) for n in judges).rstrip(),
        claims="\n".join(f'  - {{claim: "{claim}"}}' for claim in claims),
    )
    rows = [
        {"id": f"t{i}", "text": f"draft for #{i} please", "right": "-", "person": f"p{i}"}
        for i in range(items)
    ]
    return text, "".join(json.dumps(row) + "\n" for row in rows)


def drawn(*parts: object) -> float:
    """A number in [0, 1) that follows from its parts."""
    return int(hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:8], 16) / 16**8


@dataclass
class PairVendor(Vendor):
    """``edge``: share of tickets on which alpha's draft is truly better than beta's; gamma's is the
    worst. ``longer``: words that alpha adds to every draft. ``first_place``: share of pairs on
    which a judge names whatever is shown first. ``likes_length``: share on which it names the
    longer. ``silent_on``: tickets on which a draft is empty, by model.
    """

    edge: float = 0.8
    longer: int = 0
    first_place: float = 0.0
    likes_length: float = 0.0
    silent_on: dict[str, frozenset[int]] = field(default_factory=dict)

    def reply(self, number: int, text: str) -> str:
        model = json.loads(self.bodies[-1])["model"].partition("-")[0]
        shown = SHOWN.search(text)
        if shown is None:
            return self.draft(number, model)
        return self.word(number, model, shown["first"], shown["second"])

    def draft(self, number: int, model: str) -> str:
        """A draft that carries its worth; about as many words for all, and some more for alpha."""
        if number in self.silent_on.get(model, ()):
            return ""
        better = drawn("edge", number) < self.edge
        worth = {"alpha": 7 if better else 3, "beta": 5, "gamma": 1}[model]
        words = 5 + int(10 * drawn("words", number, model))
        words += self.longer if model == "alpha" else 0
        return f"Draft #{number} of {model}, worth {worth}, " + "and so on " * words

    def word(self, number: int, judge: str, first: str, second: str) -> str:
        """What a judge says of two drafts."""
        roll = drawn("roll", number, judge, *sorted((first[:20], second[:20])))
        if roll < self.first_place:
            return "first"
        if roll < self.first_place + self.likes_length:
            return "first" if len(first) > len(second) else "second"
        worth = [int(QUALITY.search(one)[1]) for one in (first, second)]  # type: ignore[index]
        return "tie" if worth[0] == worth[1] else "first" if worth[0] > worth[1] else "second"
