"""Tiny files of the shapes that other tools write, made here."""

from __future__ import annotations

import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


def lm_eval_files(
    folder: Path,
    model: str,
    scores: Sequence[float],
    *,
    prompt: str = "Q{}",
    n_samples: bool = False,
) -> Path:
    """Results and samples of one model on a task ``toy``; the standard error is lm-eval's (n - 1)."""
    n = len(scores)
    mean = sum(scores) / n
    stderr = (sum((s - mean) ** 2 for s in scores) / (n - 1)) ** 0.5 / n**0.5
    data: dict[str, Any] = {
        "results": {
            "toy": {
                "alias": "toy",
                "bleu_max,none": 25.1,
                "acc,none": mean,
                "acc_stderr,none": stderr,
            }
        },
        "configs": {"toy": {"task": "toy", "doc_to_text": "{{q}}"}},
        "versions": {"toy": 1.0},
        "n-shot": {"toy": 0},
        "model_name": f"lab/{model}",
        "model_source": "hf",
        "chat_template": None,
    }
    if n_samples:
        data["n-samples"] = {"toy": {"original": n, "effective": n}}
    folder.mkdir(parents=True, exist_ok=True)
    stamp = "2026-01-02T03-04-05.6"
    results = folder / f"results_{stamp}.json"
    results.write_text(json.dumps(data))
    rows = [
        {
            "doc_id": i,
            "doc": {"q": f"q{i}"},
            "target": f"t{i}",
            "arguments": [[prompt.format(i), ""]],
            "resps": [["a"]],
            "filtered_resps": ["a"],
            "doc_hash": f"h{i}",
            "prompt_hash": prompt.format(i),
            "bleu_max": 3.5 * i,
            "acc": score,
        }
        for i, score in enumerate(scores)
    ]
    (folder / f"samples_toy_{stamp}.jsonl").write_text(
        "\n".join(json.dumps(row) for row in rows) + "\n"
    )
    return results


def inspect_log(
    values: Sequence[Any], model: str = "openai/gpt-4o-mini", **changes: Any
) -> dict[str, Any]:
    """A log of Inspect as its ``.json``; ``values`` are the scores of the scorer ``match``."""
    usage = {"input_tokens": 64, "output_tokens": 2, "total_tokens": 66}
    numbers = [{"C": 1.0, "I": 0.0, "P": 0.5}.get(v, v) for v in values]
    mean = sum(numbers) / len(numbers)
    stderr = (sum((v - mean) ** 2 for v in numbers) / max(1, len(values) - 1) / len(values)) ** 0.5
    samples = [
        {
            "id": i + 1,
            "epoch": 1,
            "input": f"attachment://{i}",
            "attachments": {str(i): f"statement {i}"},
            "target": "Yes",
            "messages": [{"role": "assistant", "source": "generate", "content": "Yes"}],
            "output": {
                "model": "gpt-4o-mini-2024-07-18",
                "usage": usage,
                "time": 0.5,
                "choices": [{"message": {"content": "Yes"}, "stop_reason": "stop"}],
            },
            "scores": {"match": {"value": value, "explanation": "as asked"}},
            "model_usage": {model: usage},
        }
        for i, value in enumerate(values)
    ]
    metrics = {"accuracy": {"value": mean}, "stderr": {"value": stderr}}
    return {
        "version": 2,
        "status": "success",
        "eval": {"task": "popularity", "model": model, "created": "2025-05-12T20:28:13-04:00"},
        "plan": {"steps": [{"solver": "generate", "params": {}}], "config": {"temperature": 0.0}},
        "results": {
            "total_samples": len(values),
            "completed_samples": len(values),
            "scores": [{"name": "match", "scorer": "match", "metrics": metrics}],
        },
        "stats": {"started_at": "2025-05-12T20:28:13-04:00"},
        "samples": samples,
        **changes,
    }


def write_eval(path: Path, log: dict[str, Any], *, zstd: bool = False) -> Path:
    """The same log as Inspect's zip; ``zstd``: members compressed by method 93, which zipfile
    cannot write.
    """
    members = {f"samples/{s['id']}_epoch_{s['epoch']}.json": s for s in log["samples"]}
    members["header.json"] = {k: v for k, v in log.items() if k != "samples"}
    if not zstd:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, value in members.items():
                archive.writestr(name, json.dumps(value))
        return path
    import zstandard

    body, directory = b"", b""
    for name, value in members.items():
        data = json.dumps(value).encode()
        packed = zstandard.ZstdCompressor().compress(data)
        sizes = struct.pack("<III", zlib.crc32(data), len(packed), len(data))
        common = struct.pack("<HHHHH", 63, 0, 93, 0, 0) + sizes
        directory += b"PK\x01\x02" + struct.pack("<H", 63) + common
        directory += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\x03\x04" + common + struct.pack("<HH", len(name), 0) + name.encode() + packed
    end = b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0
    )
    path.write_bytes(body + directory + end)
    return path


def promptfoo_output(passes: dict[str, Sequence[bool]], **changes: Any) -> dict[str, Any]:
    """promptfoo's JSON; one entry per provider and test."""
    rows = [
        {
            "provider": {"id": provider, "label": ""},
            "promptIdx": p,
            "testIdx": i,
            "promptId": "one",
            "success": ok,
            "score": 0.75 if ok else 0.25,
            "namedScores": {},
            "vars": {"question": f"q{i}"},
            "latencyMs": 49,
            "cost": 0.0,
            "prompt": {"raw": f"Question: q{i}"},
            "failureReason": 0 if ok else 1,
            "testCase": {"assert": [{"type": "equals", "value": "4"}]},
            "response": {
                "output": "4",
                "tokenUsage": {"prompt": 9, "completion": 4, "total": 13},
                "cached": False,
            },
        }
        for p, (provider, outcomes) in enumerate(passes.items())
        for i, ok in enumerate(outcomes)
    ]
    for key, value in changes.items():
        for row in rows:
            row[key] = value
    return {
        "evalId": "e",
        "results": {"version": 3, "timestamp": "2026-01-02T03:04:05.000Z", "results": rows},
    }


def coin(n: int, share: float, seed: int) -> list[float]:
    """n seeded zeros and ones."""
    rng = random.Random(seed)
    return [float(rng.random() < share) for _ in range(n)]


@pytest.fixture
def peers() -> SimpleNamespace:
    """The makers of files; test modules cannot import this one."""
    return SimpleNamespace(
        lm_eval=lm_eval_files,
        inspect=inspect_log,
        eval_zip=write_eval,
        promptfoo=promptfoo_output,
        coin=coin,
    )


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a JSON value (or text) under a name."""

    def write(name: str, value: Any) -> Path:
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    return write
