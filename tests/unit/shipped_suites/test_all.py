"""What holds for every suite that is shipped, whatever it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.plan.prompts import render
from claimbench.suite.load import load_suite
from claimbench.types import Suite

FILES = sorted((Path(__file__).parents[3] / "suites").glob("*.yaml"))


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def suite(request: pytest.FixtureRequest) -> Suite:
    return load_suite(request.param)


def test_both_suites_are_found() -> None:
    assert {"support", "shopping"} <= {path.stem for path in FILES}


def test_the_prefix_is_the_same_for_every_sample_and_short(suite: Suite) -> None:
    for task in suite.tasks:
        rendered = [render(task, sample) for sample in task.samples]
        fixed = len(rendered[0]) - 1  # all but the sample's own turn
        assert {messages[:fixed] for messages in rendered} == {rendered[0][:fixed]}
        for sample, messages in zip(task.samples, rendered, strict=True):
            alone = sample.turn is None or task.simulator is not None
            said = 0 if alone else 2 * (sample.turn.number - 1)  # type: ignore[union-attr]
            assert len(messages) == fixed + 1 + said, sample.id
        assert (
            sum(len(message.content) for message in rendered[0][:fixed]) <= 2400
        )  # some 600 tokens


def test_samples_of_one_cluster_stand_together(suite: Suite) -> None:
    for task in suite.tasks:
        order = [sample.cluster for sample in task.samples]
        assert [c for i, c in enumerate(order) if i == 0 or order[i - 1] != c] == list(
            dict.fromkeys(order)
        )
