# ruff: noqa: E501 - tables of words
"""What can be read, by example, and which examples are nearest to a sentence that cannot."""

from __future__ import annotations

import difflib
import re

EXAMPLES: tuple[str, ...] = (
    "A is 90% cheaper than B", "A is 10x cheaper than B", "A costs half as much as B", "A costs 10% of what B costs",
    "A is at a tenth of the price of B", "A cuts costs by 40% compared with B", "A undercuts B by 80%", "A is between 80% and 90% cheaper than B",
    "A costs under $0.50 per 1,000 requests", "A costs at most $2 per million tokens", "A is more expensive than B", "A is 5x more expensive than B",
    "A costs under $2,000 a month", "A saves $1M a year compared with B", "A pays for itself in 8 months against B",
    "A is the cheapest", "A is as cheap as B", "A is 30% more accurate than B", "A is 5 points better than B", "A makes 20% fewer errors than B",
    "A has half the errors of B", "A's error rate is 30% lower than B's", "A is as accurate as B", "A matches B", "A is within 2 points of B",
    "A is at most 3 points worse than B", "A retains 95% of B's accuracy", "A has caught up with or surpassed B", "A is the best",
    "A is at least 90% accurate", "A has an error rate below 5%", "A is faster than B", "A is faster at p95 than B", "A is 30% faster than B",
    "A is twice as fast as B", "A has 30% lower latency than B", "A's p95 latency is under 2 s", "A answers 95% of requests in under 2 s",
    "A delivers 3x the throughput of B", "A generates 200 tokens per second", "A is just as good as B and 90% cheaper",
    "A delivers 99% of the quality of B at 10% of the cost", "A is better than B on every task", "A is better than B in 4 of 5 tasks",
    "A is better than B on t1", "A is not cheaper than B", "A is outperformed by B", "A achieves 92% accuracy versus 90% for B",
    "open models have caught up with closed ones", "A is up to 90% cheaper than B", "A is sometimes 90% cheaper than B",
    "A is slower than B", "A is worse than B", "A is as accurate in turn 5 as in turn 1", "A keeps its accuracy over five turns",
    "A is 30% faster than B in turn 3", "A is as accurate as B in every turn", "A costs 50% less per conversation than B",
    "A is as accurate as B over all wordings",
)  # fmt: skip
UNDERSTOOD = """\
cost      "90% cheaper than X", "10x cheaper", "half the price of X",
          "costs 10% of what X costs", "as cheap as X", "the cheapest",
          "20% more expensive", "cuts costs by half", "undercuts X by 80%",
          "under $0.50 per 1,000 requests", "$2 per million tokens"
bills     "under $2,000 a month", "saves $1M a year", "pays for itself in
          8 months" (the suite states its volume)
accuracy  "30% more accurate than X", "5 points better", "20% fewer errors",
          "half the errors", "as accurate as X", "matches or exceeds X",
          "within 2 points of X", "at most 3 points worse", "the best",
          "retains 95% of X's accuracy", "beats X", "is beaten by X",
          "caught up with or surpassed X", "at least 90% accurate",
          "error rate below 5%", "92% accuracy versus 90% for X"
latency   "faster", "faster at p95", "30% faster", "twice as fast",
          "30% lower latency", "3x the throughput", "ttft p95 under 450 ms",
          "answers 95% of requests in under 2 s", "200 tokens per second"
with it   about, nearly, up to, only, sometimes, at least, more than, at most,
          80-90%; not, never, neither ... nor
where     "on every task", "in 4 of 5 tasks", "on most tasks", "on t1",
          "for German" (tasks and slices of the suite)
turns     "as accurate in turn 5 as in turn 1", "keeps its accuracy over
          five turns", "30% faster than X in the third turn", "as accurate
          as X in every turn", "half the cost of X per conversation"
wordings  "as accurate as X over all wordings", "whatever the prompt"
lists     "lower latency and cost", "beats X on accuracy and cost",
          "cuts cost by 80% and latency by half", "all others but X"
joined by and, but, at, with, while, commas: "just as good and 90% cheaper",
          "99% of the quality at 10% of the cost"
classes   "open models have caught up with closed ones"\""""


def nearest_sentences(text: str, n: int = 3) -> str:
    """List the examples whose words are nearest to the sentence's, one a line."""
    wanted = set(re.findall(r"[a-z%$]+", text.lower()))

    def score(example: str) -> float:
        have = set(re.findall(r"[a-z%$]+", example.lower()))
        shared = len(wanted & have) / max(len(have), 1)
        return shared + difflib.SequenceMatcher(None, text.lower(), example.lower()).ratio()

    best = sorted(EXAMPLES, key=score, reverse=True)[:n]
    return "\n".join(f'  "{example}"' for example in best)
