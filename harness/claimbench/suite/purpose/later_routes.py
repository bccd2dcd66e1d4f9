"""A file of routes and claims that are declared after a run, read against the run's suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import Field, ValidationError

from claimbench.suite.datasets import read_limited
from claimbench.suite.document import parse_yaml
from claimbench.suite.purpose.route_text import route_json
from claimbench.suite.purpose.routes import RouteChecker, routes_of
from claimbench.suite.schema import ClaimModel
from claimbench.suite.schema.base import Strict
from claimbench.suite.schema.errors import first_error
from claimbench.suite.schema.routes import RouteModel
from claimbench.types import ClaimSpec, Suite
from claimbench.types.routes import ROUTE

_MOST_BYTES = 32 * 2**20


class LaterModel(Strict):
    """Routes and claims that are declared after a run."""

    routes: list[RouteModel] = Field(min_length=1, max_length=100)
    claims: list[ClaimModel] = Field(default_factory=list, max_length=300)


def with_later_routes(
    suite: Suite, file: Path, *, allow_outside: bool = False
) -> tuple[Suite, tuple[ClaimSpec, ...]]:
    """Return the suite of a stored run with the routes of ``file``, and the file's claims.

    Raises:
        SuiteError: what is wrong in the file, with its line.
    """
    document = parse_yaml(read_limited(file, str(file), most=_MOST_BYTES), str(file))
    try:
        model = LaterModel.model_validate(document.data)
    except ValidationError as exc:
        raise first_error(exc, document) from None
    arms = tuple(arm.name for arm in suite.arms if arm.provider != ROUTE)
    before = routes_of(suite)
    taken = (*arms, *(one.name for one in suite.helpers), *(spec.name for spec in before))
    checker = RouteChecker(document, suite.tasks, arms, taken, file.parent, allow_outside)
    later = tuple(replace(spec, declared="after") for spec in checker.check(model.routes))
    plain = [route_json(spec) for spec in (*before, *later)]
    claims: list[ClaimSpec] = []
    for index, claim in enumerate(model.claims):
        raw = claim.model_dump(exclude_unset=True, exclude={"claim", "id", "source"})
        name = claim.id or f"route-claim-{index + 1}"
        line = document.line(("claims", index))
        claims.append(ClaimSpec(name, claim.claim or "", claim.source, raw, line))
    whole = replace(suite, path=str(file), options={**suite.options, "routes": plain})
    return whole, tuple(claims)
