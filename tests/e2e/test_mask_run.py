"""A masked run from file to report: what was masked is on no wire and in no artifact, and is
counted.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import LABELS, Said, Vendor

CANARY = "erika.canary@secret-customer.example"
CARD = "4111 1111 1111 1111"
PERSONAL = (CANARY, "secret-customer", CARD, CARD.replace(" ", ""))


@pytest.fixture
def personal(desk: Path) -> Path:
    """The suite with personal data in every place a row has but the target."""
    rows = [
        {
            "id": f"t{i}",
            "text": f"ticket #{i} please write to {CANARY} about {CARD}",
            "team": LABELS[i % 3],
            "person": f"{i // 2}.{CANARY}",
            "unused": CANARY,
        }
        for i in range(12)
    ]
    (desk.parent / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    few = f'    few_shot: [{{text: "ticket #900 I am {CANARY}", team: billing}}]\n    answer'
    text = (
        desk.read_text()
        .replace("provider: openai", "provider: compatible")
        .replace("    answer", few, 1)
    )
    desk.write_text(
        text.replace("tasks:", "mask: {entities: [EMAIL_ADDRESS, CREDIT_CARD]}\ntasks:", 1)
    )
    return desk


def test_nothing_masked_reaches_the_wire_or_an_artifact(
    personal: Path, bench: Callable[..., Said], vendor: Vendor, rival: Vendor
) -> None:
    checked = bench("validate", str(personal))
    assert "masked: 12 CREDIT_CARD, 13 EMAIL_ADDRESS in 13 of 13 rows" in checked.out
    planned = bench("plan", str(personal))
    assert "masked in route: 12 CREDIT_CARD, 13 EMAIL_ADDRESS in 13 of 13 rows" in planned.out
    ran = bench("run", str(personal))
    assert ran.code in (0, 1, 2), ran.err
    said = [checked.out, planned.out, ran.out, ran.err]
    for server in (vendor, rival):
        assert len(server.bodies) == 12
        assert all("<EMAIL_ADDRESS_1> about <CREDIT_CARD_1>" in body for body in server.bodies)
        assert all("ticket #900 I am <EMAIL_ADDRESS_1>" in body for body in server.bodies)
        said += server.bodies
    for form in ("json", "jsonl", "csv", "xlsx"):
        ended = bench("export", "--format", form, "--output", f"results/out.{form}")
        assert ended.code == 0, ended.err
        said += [ended.out, ended.err]
    files = [path for path in (personal.parent / "results").rglob("*") if path.is_file()]
    artifacts = [path.read_bytes() for path in files]
    with zipfile.ZipFile(personal.parent / "results" / "out.xlsx") as book:
        sheets = [book.read(name) for name in book.namelist()]
    assert any(b"tested against a stand-in" in sheet for sheet in sheets)
    artifacts += sheets
    assert len(artifacts) >= 12
    for secret in PERSONAL:
        assert all(secret not in text for text in said)
        assert all(secret.encode() not in data for data in artifacts)
    report = json.loads((personal.parent / "results" / "out.json").read_text())
    (masked,) = (fact["value"] for fact in report["privacy"] if fact["name"].startswith("Masked"))
    assert masked.startswith("12 CREDIT_CARD, 13 EMAIL_ADDRESS in 13 of 13 rows")
    (prompts,) = {fact["value"] for fact in report["privacy"] if fact["name"] == "Prompts of good"}
    assert prompts.startswith("no bytes to other machines seen; not watched: what 127.0.0.1:")
    assert {arm["provider_tested"] for arm in report["arms"]} == {"tested against a stand-in"}
    (html,) = (personal.parent / "results").glob("*/report.html")
    assert masked in html.read_text()
    assert "tested against a stand-in" in html.read_text()


def test_a_run_is_resumed_only_under_the_same_mask(
    personal: Path, bench: Callable[..., Said], vendor: Vendor
) -> None:
    vendor.status = 500
    assert bench("run", str(personal), "--no-report").code == 4
    text = personal.read_text()
    personal.write_text(text.replace("mask: {entities: [EMAIL_ADDRESS, CREDIT_CARD]}\n", ""))
    refused = bench("run", str(personal), "--resume", "latest")
    assert refused.code == 5
    assert "measured suite" in refused.err
    vendor.status = 200
    personal.write_text(text)
    assert bench("run", str(personal), "--resume", "latest").code in (0, 1, 2, 4)
