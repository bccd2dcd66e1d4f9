"""A compound claim keeps the figures and flags of its parts in formats that show one line each."""

from __future__ import annotations

from claimbench_reports.view.types import VerdictView


def view(
    sentence: str, status: str = "Supported", parts: tuple[VerdictView, ...] = ()
) -> VerdictView:
    return VerdictView(
        id="c",
        claim="c",
        source="",
        status=status.lower(),
        status_text=status,
        sentence=sentence,
        qualifier="",
        about="",
        readings=(),
        flags=(),
        reasons=(),
        projected=(),
        parts=parts,
    )


def test_a_claim_without_parts_says_its_sentence() -> None:
    assert view("A is better.").in_full == "A is better."


def test_parts_say_their_own_in_order_with_their_status() -> None:
    cheap, good = view("A costs 20%."), view("A is 2 points worse.", "Refuted")
    whole = view("At least one part of it does not hold.", "Refuted", (cheap, good))
    assert whole.in_full == (
        "At least one part of it does not hold. (1) Supported: A costs 20%."
        " (2) Refuted: A is 2 points worse."
    )


def test_parts_of_parts_are_said_too() -> None:
    inner = view("Both.", parts=(view("One."), view("Two.")))
    assert view("All.", parts=(inner,)).in_full == (
        "All. (1) Supported: Both. (1) Supported: One. (2) Supported: Two."
    )
