"""A run's sessions and their notes, the facts of its arms, and its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from claimbench.types.base import Json


@dataclass(frozen=True, slots=True)
class Session:
    """One process that worked on a run; monotonic stamps only compare within a session."""

    run_id: str
    n: int
    started_utc: str
    monotonic_origin_ns: int
    host: Mapping[str, Json]
    loop_lag_ms: Mapping[str, float] = field(default_factory=dict)
    calibration: Mapping[str, Json] = field(default_factory=dict)
    ended_utc: str | None = None
    end_reason: str | None = None


class NoteKind(StrEnum):
    """Name the kinds of events of a session that are worth a line."""

    ARM_STOPPED = "arm_stopped"  # an arm was given up
    STOPPING = "stopping"  # a person asked the session to stop
    LOOK = "look"  # an interim look was taken
    RETRY = "retry"  # calls that had failed are asked again, or are not
    ENDPOINT = "endpoint"  # an endpoint keeps books or writes answers in an odd way
    OVERRUN = "overrun"  # a provider billed more than was reserved
    LIMIT = "limit"  # a limit of dollars slowed an arm
    CLOCK_JUMP = "clock_jump"  # wall and monotonic time drifted apart
    BUSY = "busy"  # other work loads the machine
    OTHER = "other"  # stored by an earlier version, which kept the text alone


@dataclass(frozen=True, slots=True)
class Note:
    """Hold an event of a session that is worth a line.

    ``text`` is what people read; nothing else is read out of it. ``arm``: whom it is about.
    ``in_end_reason``: the session's end reason says the same, so that it need not be said twice.
    """

    kind: NoteKind
    text: str
    arm: str | None = None
    in_end_reason: bool = False


@dataclass(frozen=True, slots=True)
class ArmFacts:
    """Facts that a provider knows of its arm once started; goes into the manifest.

    ``details``: anything else worth a line (layers offloaded, n_ctx, chat template, build info).
    """

    model_returned: str | None = None
    model_sha256: str | None = None
    load_seconds: float | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a run: what was measured, with what, where.

    ``suite`` is the resolved suite as JSON (samples included), enough to
    re-score, re-price and re-judge the run without the suite's files.
    """

    run_id: str
    schema: int
    created_utc: str
    tool_version: str
    suite_name: str
    suite_version: str
    suite_path: str
    file_sha256: str
    measured_sha256: str
    plan_sha256: str
    price_book_sha256: str | None
    suite: Mapping[str, Json]
    arms_run: tuple[str, ...]
    arms_not_run: Mapping[str, str]
    arm_facts: Mapping[str, Json]
    limit: int | None
    claims: tuple[Mapping[str, Json], ...]
    git: Mapping[str, Json]
    packages: Mapping[str, str]
    host: Mapping[str, Json]
    seed: int
    options: Mapping[str, Json] = field(default_factory=dict)
