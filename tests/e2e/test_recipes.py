"""Every fragment of docs/recipes.md is an arm that is valid, and that runs against a double of its
protocol on loopback.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.e2e import cluster_runs as on

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"
FRAGMENTS = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
SAMPLES = 4


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "claimbench_providers.scripted.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["port"]
        process.terminate()


def name_of(fragment: str) -> str:
    return str(YAML(typ="safe").load(fragment)[0]["name"])


def test_the_page_has_a_recipe_of_each() -> None:
    assert {name_of(one) for one in FRAGMENTS} == {"ray-serve", "vllm-dp", "sglang-dp", "sky"}


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=name_of)
def test_a_fragment_is_an_arm_that_is_understood(tmp_path: Path, port: int, fragment: str) -> None:
    arm = "".join(f"  {line}\n" for line in fragment.splitlines())
    path = on.suite(tmp_path, samples=SAMPLES, arm=arm)
    name = name_of(fragment)
    command = [
        *(sys.executable, "-m", "claimbench.cli", "run", str(path), "--no-report"),
        *(
            "--results",
            str(tmp_path / "r"),
            "--set",
            f"arms.{name}.base_url=http://127.0.0.1:{port}/v1",
        ),
        *("--set", f'arms.{name}.options={{extra_body: {{script: {{text: "yes"}}}}}}'),
    ]
    ran = subprocess.run(
        command,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    records = on.rows(tmp_path / "r", "records")
    assert {one["outcome"] for one in records} == {"ok"}
    assert len(records) == 2 * SAMPLES
    book = on.rows(tmp_path / "r", "runs")[0]
    assert book["suite"]["arms"][0]["cost_model"]["host"]["usd_per_hour"] > 0
