"""Fields of one more claim, given from Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from claimbench.error_words import arguments, show
from claimbench.errors import ClaimError
from claimbench.suite.schema import ClaimModel

if TYPE_CHECKING:
    from claimbench.types import Json


def claim_fields(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the fields of one more claim as given, checked as those of a suite are.

    Raises:
        BenchError: a field that claims do not have, or one of another kind.
    """
    known = [name for name in ClaimModel.model_fields if name != "claim"]
    for name in fields:
        if name not in known:
            raise arguments.unknown("Run.judge", name, known)
    for name in ("arm", "than"):
        if not isinstance(fields.get(name), str):
            arguments.several(name, fields.get(name), "local")
    try:
        ClaimModel.model_validate({**fields})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "a field"
        said = show(fields.get(name))
        raise ClaimError(f"{name}={said}: {first['msg']}", hint=arguments.SENTENCE) from None
    return fields
