"""Routes: arms that are made from stored records, as a suite declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ROUTE = "route"
"""What stands as the provider of an arm that no request is sent to."""

EARLIER_RUNS = "earlier_runs"
"""Option of a manifest: how many runs of the same samples, without the routes of this one, were
there when it was planned.
"""

RouteKind = Literal["cascade", "slice", "decisions"]
Signal = Literal["probability", "repeats", "length", "field", "scorer", "file"]


@dataclass(frozen=True, slots=True)
class FitSpec:
    """How a cascade's threshold is fitted, out of fold by cluster; exactly one aim is set.

    ``keep``: the cheapest threshold that keeps this share of the second arm's score;
    ``max_usd_per_1k``: the best score within these dollars; ``share``: the second arm answers at
    most this share.
    """

    keep: float | None = None
    max_usd_per_1k: float | None = None
    share: float | None = None
    folds: int = 5


@dataclass(frozen=True, slots=True)
class ChooseSpec:
    """How a slice route's arms are chosen, out of fold by cluster: in each slice the cheapest of
    ``among`` that keeps this share (``keep``) of the best one's score there.
    """

    among: tuple[str, ...]
    keep: float = 1.0
    folds: int = 5


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One step of a cascade: when an arm's answer is passed on (as in :class:`RouteSpec`), and to
    which arm (``then``).
    """

    then: str
    unparsable: bool = True
    signal: Signal | None = None
    of: str = ""
    below: float | Literal["fit"] | None = None
    above: float | Literal["fit"] | None = None
    values: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""

    @property
    def fitted(self) -> bool:
        """Tell whether the threshold comes from the data."""
        return "fit" in (self.below, self.above)

    @property
    def threshold(self) -> float | None:
        """Return the declared threshold; None where there is none, or it is fitted."""
        found = self.below if self.below is not None else self.above
        return None if found is None or found == "fit" else found


@dataclass(frozen=True, slots=True)
class Decided:
    """What a router decided of one sample: the arm, and what deciding itself cost (None: not
    stated).
    """

    arm: str
    usd: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One route.

    A cascade asks ``first``, and ``then`` too where the answer cannot be read (``unparsable``) or
    the ``signal`` is ``below`` (or ``above``) its threshold; ``below`` or ``above`` is the number,
    or "fit". ``of``: the field, scorer or file that the signal is read from. ``values``: a file's,
    by (task, sample). A slice route chooses by the ``slice`` column, a decisions route by
    ``decided``; both take ``otherwise`` for what is not named. ``sha256``: of the file. ``later``:
    of a cascade of more than two arms, the steps after the first; ``fit`` is then the aim of the
    whole. ``choose``: which arm a slice takes is fitted.
    """

    name: str
    kind: RouteKind
    first: str = ""
    then: str = ""
    unparsable: bool = True
    signal: Signal | None = None
    of: str = ""
    below: float | Literal["fit"] | None = None
    above: float | Literal["fit"] | None = None
    fit: FitSpec | None = None
    slice: str = ""
    arms: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    values: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    decided: Mapping[tuple[str, str], Decided] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    declared: Literal["before", "after"] = "before"
    later: tuple[StageSpec, ...] = ()
    choose: ChooseSpec | None = None

    @property
    def stages(self) -> tuple[StageSpec, ...]:
        """Return the steps of a cascade in order; empty for another kind."""
        if self.kind != "cascade":
            return ()
        one = StageSpec(
            self.then,
            self.unparsable,
            self.signal,
            self.of,
            self.below,
            self.above,
            self.values,
            self.file,
            self.sha256,
        )
        return (one, *self.later)

    @property
    def fitted(self) -> bool:
        """Tell whether a threshold, or a choice by slice, comes from the data."""
        return self.choose is not None or any(stage.fitted for stage in self.stages)

    @property
    def declared_threshold(self) -> bool:
        """Tell whether some threshold was stated, not fitted."""
        return any(stage.threshold is not None for stage in self.stages)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the arms that the route may ask, each once."""
        named = [self.first, self.then, *(stage.then for stage in self.later)]
        named += [*self.arms.values(), self.otherwise or ""]
        named += () if self.choose is None else self.choose.among
        named += [one.arm for one in self.decided.values()]
        return tuple(dict.fromkeys(name for name in named if name))
