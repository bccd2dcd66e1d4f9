"""Our metrics against their reference implementations, item by item."""

from __future__ import annotations

import collections
import random
import re
import string

import pytest

from claimbench.evaluation.lines.label_sets import figures
from claimbench.scorers import load
from claimbench.scorers.several.label_set import LabelSetScorer
from claimbench.scorers.several.overlap import SquadScorer
from claimbench.stats.epochs import reduced
from claimbench.types import AnswerSpec, Json, Sample, Score, ScorerSpec, Task

LABELS = ("alpha", "beta", "gamma", "delta")
PAIRS = [
    ("The cat sat on the mat.", "the cat sat on a mat"),
    ("It rains in Paris today", "today it is raining in Paris"),
    ("completely different", "nothing alike here"),
    ("Das Wetter ist heute schön.", "Heute ist das Wetter schön."),
    ("今天天气很好", "今天的天气很好"),
    ("Сегодня хорошая погода", "Сегодня погода хорошая"),
    ("", "a reference"),
    ("same", "same"),
]


def ask(name: str, options: dict[str, Json], answer: str, target: Json) -> Score:
    (scorer,) = load([ScorerSpec(name, options)])
    task = Task("t", (), (), (), AnswerSpec("text", constrain=False), (), 16)
    return scorer.score("c", answer, Sample("1", {}, target, "1"), task)


@pytest.mark.parametrize(("answer", "right"), PAIRS)
def test_chrf_and_bleu_equal_sacrebleu(answer: str, right: str) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    chrf = sacrebleu.sentence_chrf(answer, [right]).score / 100
    assert ask("text_overlap", {}, answer, right).value == pytest.approx(chrf)
    words = sacrebleu.sentence_chrf(answer, [right], word_order=2).score / 100
    assert ask("text_overlap", {"metric": "chrf++"}, answer, right).value == pytest.approx(words)
    for tokenize in ("13a", "zh", "char", "intl", "none"):
        bleu = sacrebleu.sentence_bleu(answer, [right], tokenize=tokenize).score / 100
        options: dict[str, Json] = {"metric": "bleu", "tokenize": tokenize}
        found = ask("text_overlap", options, answer, right).value
        assert found == pytest.approx(min(bleu, 1.0)), tokenize


@pytest.mark.parametrize(("answer", "right"), PAIRS)
@pytest.mark.parametrize("metric", ["rouge1", "rouge2", "rougeL", "rougeLsum"])
def test_rouge_equals_rouge_score_and_refuses_other_letters(
    answer: str, right: str, metric: str
) -> None:
    rouge = pytest.importorskip("rouge_score.rouge_scorer")
    if not any(char.isascii() and char.isalnum() for char in right):
        with pytest.raises(ValueError, match="take chrf"):
            ask("text_overlap", {"metric": metric}, answer, right)
        return
    theirs = rouge.RougeScorer([metric]).score(right, answer)[metric].fmeasure
    assert ask("text_overlap", {"metric": metric}, answer, right).value == pytest.approx(theirs)


def squad_f1(prediction: str, truth: str) -> tuple[float, float]:
    """Repeat the official evaluation script of SQuAD 2.0."""

    def normalize(text: str) -> str:
        lowered = "".join(ch for ch in text.lower() if ch not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", lowered).split())

    said, right = normalize(prediction).split(), normalize(truth).split()
    common = collections.Counter(said) & collections.Counter(right)
    same = sum(common.values())
    exact = float(normalize(prediction) == normalize(truth))
    if not said or not right:
        return float(said == right), exact
    if same == 0:
        return 0.0, exact
    precision, recall = same / len(said), same / len(right)
    return 2 * precision * recall / (precision + recall), exact


@pytest.mark.parametrize(("answer", "right"), PAIRS)
def test_squad_equals_the_official_scripts_logic(answer: str, right: str) -> None:
    task = Task("t", (), (), (), AnswerSpec("text", constrain=False), (), 16)
    found = SquadScorer().score("c", answer, Sample("1", {}, right, "1"), task)
    f1, exact = squad_f1(answer, right)
    assert found.parts == pytest.approx({"f1": f1, "exact": exact})


def drawn(seed: int, n: int = 25) -> list[tuple[set[str], set[str]]]:
    chance = random.Random(seed)
    some = [{label for label in LABELS if chance.random() < 0.4} for _ in range(2 * n)]
    return list(zip(some[:n], some[n:], strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_label_sets_equal_sklearn_by_item_and_over_all(seed: int) -> None:
    from sklearn.metrics import f1_score, jaccard_score

    pairs = drawn(seed)
    scorer = LabelSetScorer({"labels": list(LABELS)})
    task = Task("t", (), (), (), AnswerSpec("text", constrain=False), (), 16)

    def row(names: set[str]) -> list[int]:
        return [int(label in names) for label in LABELS]

    for said, right in pairs:
        answer = ", ".join(sorted(said)) or "none"
        target: Json = sorted(right)
        ours = scorer.score("c", answer, Sample("1", {}, target, "1"), task).parts
        empty = not said and not right
        theirs = {
            "f1": 1.0 if empty else f1_score(row(right), row(said), zero_division=0.0),
            "jaccard": 1.0 if empty else jaccard_score(row(right), row(said), zero_division=0.0),
            "subset": float(said == right),
        }
        assert ours == pytest.approx(theirs), (said, right)
    found = figures(pairs, LABELS)
    y_true, y_pred = [row(right) for _, right in pairs], [row(said) for said, _ in pairs]
    assert found.micro == pytest.approx(f1_score(y_true, y_pred, average="micro"))
    assert found.macro == pytest.approx(
        f1_score(y_true, y_pred, average="macro", zero_division=0.0)
    )


def test_pass_at_k_is_the_share_of_all_draws_of_k() -> None:
    import itertools
    import math

    for n in range(1, 7):
        for right in range(n + 1):
            scores = [1.0] * right + [0.0] * (n - right)
            for k in range(1, n + 1):
                draws = list(itertools.combinations(scores, k))
                share = sum(max(draw) for draw in draws) / len(draws)
                assert reduced(f"pass@{k}", scores) == pytest.approx(share)
                assert reduced(f"at_least@{k}", scores) == float(right >= k)
            assert math.isnan(reduced(f"pass@{n + 1}", scores))


def test_reducers_of_missing_epochs_and_ties() -> None:
    import math

    assert reduced("mode", [0.0, 1.0, 1.0]) == 1
    assert reduced("mode", [0.0, 1.0]) == 0
    assert reduced("mean", [0.0, 1.0]) == 0.5
    assert reduced("at_least@2", [1.0, 1.0], missing=3) == 1
    assert math.isnan(reduced("at_least@2", [1.0, 0.0], missing=1))
    assert reduced("at_least@3", [1.0, 0.0], missing=1) == 0
    assert math.isnan(reduced("mean", []))
    assert reduced("median", [0.0, 0.25, 1.0]) == 0.25
    assert reduced("median", [0.0, 1.0]) == 0.5
    assert reduced("median", [1.0, 1.0], missing=1) == 1
    assert math.isnan(reduced("median", [1.0, 1.0], missing=2))
    assert math.isnan(reduced("median", [0.0, 1.0, 0.5], missing=1))
    assert reduced("max", [0.0, 0.25, 0.5]) == 0.5
    assert reduced("max", [0.0, 1.0], missing=1) == 1
    assert math.isnan(reduced("max", [0.0, 0.5], missing=1))
