"""What a sender hands on of a fault."""

from __future__ import annotations

import pytest

from claimbench.errors import BadRequest, MalformedStream, ProviderError, UnknownShape
from claimbench.run.senders import process


class _Own(MalformedStream):
    """A plugin's."""

    lasting = True


@pytest.mark.parametrize(
    ("fault", "kind", "lasting"),
    [
        (UnknownShape("x"), UnknownShape, True),
        (_Own("x"), MalformedStream, True),
        (MalformedStream("x"), MalformedStream, False),
        (BadRequest("x"), BadRequest, False),
    ],
)
def test_a_fault_that_lasts_is_handed_on_as_one(
    fault: ProviderError, kind: type[ProviderError], *, lasting: bool
) -> None:
    plain = process._plain(fault)
    assert (type(plain), plain.lasting, plain.outcome) == (kind, lasting, fault.outcome)
