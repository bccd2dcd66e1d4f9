"""``engine``, ``resources``, ``replicas`` and ``load.senders`` of a suite: what is read, what is
refused at its line.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.cli.scaling.options import merged, scaling_overrides
from claimbench.errors import BenchError, SuiteError
from claimbench.suite.idle_settings import idle_settings
from claimbench.suite.load import load_suite, suite_from_json, suite_to_json
from claimbench.suite.purpose.cluster_address import checked_address, place_of
from claimbench.types import Resources, Suite

HEAD = """\
name: s
version: 1-0
{top}
tasks:
  - name: one
    dataset: {{path: rows.csv, target: a}}
    prompt: [{{user: "{{{{ q }}}}"}}]
    answer: {{type: text}}
    scorers: [exact]
    max_tokens: 4
arms:
  - name: small
    provider: llama_cpp
    model: m
    {arm}
"""


def suite(folder: Path, top: str = "", arm: str = "", overrides: tuple[str, ...] = ()) -> Suite:
    (folder / "rows.csv").write_text("q,a\nx,y\n")
    path = folder / "s.yaml"
    path.write_text(HEAD.format(top=top, arm=arm))
    return load_suite(path, overrides=overrides)


def test_what_is_stated_is_read_and_stored(tmp_path: Path) -> None:
    top = 'engine: {name: ray, address: "10.0.0.5:6379", wait_s: 5}\nload: {senders: 3}'
    found = suite(tmp_path, top, "resources: {cores: 4}\n    replicas: auto")
    assert found.options["engine"] == {"name": "ray", "address": "10.0.0.5:6379", "wait_s": 5.0}
    assert found.load.senders == 3
    assert found.arms[0].resources == Resources(4, 0)
    assert found.arms[0].replicas == 0
    again = suite_from_json(suite_to_json(found))
    assert again.arms[0] == found.arms[0]
    assert again.options["engine"] == found.options["engine"]


def test_where_it_runs_is_not_what_is_measured(tmp_path: Path) -> None:
    plain = suite(tmp_path)
    elsewhere = suite(tmp_path, "engine: ray\nload: {senders: 2}", "replicas: 4")
    assert elsewhere.measured_sha256 == plain.measured_sha256
    assert "engine" not in plain.options
    assert "engine" not in suite(tmp_path, "engine: local").options


@pytest.mark.parametrize(
    ("top", "arm", "line", "words"),
    [
        ("engine: slurm", "", 3, "local"),
        ("engine: {name: ray, address: http://x}", "", 3, "names no cluster"),
        ("engine: {name: ray, adress: auto}", "", 3, "adress"),
        ("engine: {name: ray, wait_s: 0}", "", 3, "wait_s"),
        ("load: {senders: 0}", "", 3, "senders"),
        ("", "replicas: 0", 15, "replicas"),
        ("", "replicas: many", 15, "replicas"),
        ("", "resources: {gpu: 1}", 15, "gpu"),
        ("", "resources: {cores: 0.5}", 15, "cores"),
        ("", "resources: {gpus: 1}", 15, "n_gpu_layers is 0"),
    ],
)
def test_what_cannot_be_is_refused_at_its_line(
    tmp_path: Path, top: str, arm: str, line: int, words: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        suite(tmp_path, top, arm)
    assert words in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.line == line


def test_what_does_nothing_without_a_cluster_is_said(tmp_path: Path) -> None:
    arm = "replicas: 2\n    resources: {cores: 2}"
    told = idle_settings(suite(tmp_path, "", arm))
    assert len([one for one in told if "does nothing without a cluster" in one]) == 2
    assert not [
        one for one in idle_settings(suite(tmp_path, "engine: ray", arm)) if "cluster" in one
    ]


@pytest.mark.parametrize(
    "text", ["auto", "local", "10.0.0.5:6379", "head.example:6379", "ray://h:10001", "[::1]:6379"]
)
def test_addresses_of_clusters(text: str) -> None:
    assert checked_address(text) == text
    assert (place_of(text) is None) == (text in ("auto", "local"))


@pytest.mark.parametrize(
    "text",
    ["", "head", "head:", "head:0", "head:99999", "http://h:1", "ray://h", "h:1 --x", "h:1/x"],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="names no cluster"):
        checked_address(text)


def test_options_come_before_what_is_set_and_take_the_place_of_their_key(tmp_path: Path) -> None:
    more = scaling_overrides("ray", "local", 2)
    kept = ("engine=ray", "engine.wait_s=5", "arms.small.replicas=3", "load.senders=9")
    found = suite(tmp_path, "", "", merged(kept, more))
    assert found.options["engine"] == {"name": "ray", "address": "local", "wait_s": 5.0}
    assert found.load.senders == 2
    assert found.arms[0].replicas == 3
    assert scaling_overrides(None, None, None) == ()
    assert "ray" in scaling_overrides(None, "local", None)[0]
    with pytest.raises(BenchError, match="--engine local uses none"):
        scaling_overrides("local", "auto", None)
