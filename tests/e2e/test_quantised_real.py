"""Two files of one model, made here by llama.cpp itself: what the report's table says of them."""

from __future__ import annotations

import ctypes
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore

from .conftest import Said

pytestmark = [pytest.mark.model, pytest.mark.long]
Bench = Callable[..., Said]
CAPITALS = (
    "France Paris,Italy Rome,Spain Madrid,Germany Berlin,Japan Tokyo,Egypt Cairo,Peru Lima,"
    "Norway Oslo,Kenya Nairobi,Cuba Havana,Greece Athens,Poland Warsaw,Austria Vienna,"
    "Russia Moscow,China Beijing,India Delhi,Iran Tehran,Iraq Baghdad,Turkey Ankara,"
    "Finland Helsinki,Sweden Stockholm,Denmark Copenhagen,Ireland Dublin,Hungary Budapest"
)
SUITE = """\
name: quantised
version: 1-0
sampling: {temperature: 0, seed: 7}
tasks:
  - name: facts
    dataset: {path: facts.jsonl, id: id, target: target}
    prompt: [{user: "{{ text }}"}]
    answer: {type: text}
    scorers: [contains]
    max_tokens: 12
arms:
  - {name: local, provider: llama_cpp, model: q4.gguf, options: {n_ctx: 512, n_threads: 1}}
variants:
  - {of: local, quantisation: {q8: q8.gguf, q2: q2.gguf, same: same.gguf}}
claims:
  - claim: every variant of local is as accurate as local
"""


def quantised(source: Path, target: Path, kind: str) -> None:
    """Write a model's file anew in another quantisation."""
    from llama_cpp import llama_cpp as low

    told = low.llama_model_quantize_default_params()
    told.ftype = getattr(low, f"LLAMA_FTYPE_MOSTLY_{kind}")
    told.nthread, told.allow_requantize = 1, True
    made = low.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(told))
    assert made == 0


def test_a_quantisation_is_told_by_its_answers_its_size_its_memory_and_its_speed(
    bench: Bench, tmp_path: Path, small_model: Path
) -> None:
    for name in ("q4", "same"):
        shutil.copy(small_model, tmp_path / f"{name}.gguf")
    for name, kind in (("q8", "Q8_0"), ("q2", "Q2_K")):
        quantised(small_model, tmp_path / f"{name}.gguf", kind)
    rows = [pair.split() for pair in CAPITALS.split(",")]
    (tmp_path / "facts.jsonl").write_text(
        "".join(
            json.dumps({"id": n, "text": f"What is the capital of {country}?", "target": city})
            + "\n"
            for n, (country, city) in enumerate(rows)
        )
    )
    (tmp_path / "quantised.yaml").write_text(SUITE)
    done = bench("run", "quantised.yaml", "--json", timeout=900)
    assert done.code in (0, 1, 2), done.err
    said: dict[str, dict[str, str]] = {}
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        for record in store.records(done.json["run"]):
            said.setdefault(record.call.arm, {})[record.call.sample_id] = record.text
    assert bench("export", "--format", "json", "--output", "out.json").code == 0
    (family,) = json.loads((tmp_path / "out.json").read_text())["beside"]["quantisations"]
    told = {row["arm"]: row for row in family["rows"]}
    assert (
        set(told)
        == set(said)
        == {"local", *(f"local@quantisation={q}" for q in ("q8", "q2", "same"))}
    )
    for arm, row in told.items():
        file = tmp_path / f"{arm.partition('=')[2] or 'q4'}.gguf"
        assert row["file"]["value"] == file.stat().st_size
        assert row["memory"]["value"] > 0.5 * file.stat().st_size
        assert row["speed"]["value"] > 0
        if arm != "local":
            other = [said["local"][key] != text for key, text in said[arm].items()]
            assert row["changed"]["value"] == pytest.approx(sum(other) / len(other))
    assert told["local@quantisation=same"]["changed"]["value"] == 0
    assert told["local@quantisation=same"]["tokens"]["value"] == 1
    assert told["local@quantisation=q2"]["changed"]["value"] > 0.2, "a third of the bits is gone"
