"""Domain types: frozen, slotted, tuples instead of lists, units in the names.

Nothing here imports another module of ours, performs I/O or reads a clock. Conventions:

* ``None`` means unknown or not measured. It is never replaced by 0.
* Money is :class:`decimal.Decimal` in the stated currency; time is ``int`` nanoseconds on the
  monotonic clock unless the name says ``utc``; durations derived for tables are ``float`` seconds
  (``_s``).
"""

from __future__ import annotations

from claimbench.types.base import ConstraintKind, Json
from claimbench.types.calls import (
    ANSWERED,
    RECORD_SCHEMA,
    RETRYABLE,
    STOPS_ARM,
    Attempt,
    Billable,
    Call,
    CallRecord,
    Delta,
    Done,
    Event,
    Intent,
    Meta,
    Outcome,
    Provenance,
    Request,
    Score,
    ScoreStatus,
    StampSource,
    Timing,
    ToolCall,
    Usage,
    UsageReport,
)
from claimbench.types.claims import Claim, Estimate, Look, Reading, Verdict, VerdictStatus
from claimbench.types.money import Cost, CostBasis
from claimbench.types.runs import ArmFacts, Manifest, Session
from claimbench.types.suite import (
    AnswerKind,
    AnswerSpec,
    Arm,
    BudgetSpec,
    ClaimSpec,
    ErrorPolicy,
    LoadSpec,
    Masked,
    MaskSpec,
    Message,
    RateLimits,
    Sample,
    SamplingParams,
    ScorerSpec,
    ServeSpec,
    Suite,
    Task,
    Weights,
)

__all__ = [
    "ANSWERED",
    "RECORD_SCHEMA",
    "RETRYABLE",
    "STOPS_ARM",
    "AnswerKind",
    "AnswerSpec",
    "Arm",
    "ArmFacts",
    "Attempt",
    "Billable",
    "BudgetSpec",
    "Call",
    "CallRecord",
    "Claim",
    "ClaimSpec",
    "ConstraintKind",
    "Cost",
    "CostBasis",
    "Delta",
    "Done",
    "ErrorPolicy",
    "Estimate",
    "Event",
    "Intent",
    "Json",
    "LoadSpec",
    "Look",
    "Manifest",
    "MaskSpec",
    "Masked",
    "Message",
    "Meta",
    "Outcome",
    "Provenance",
    "RateLimits",
    "Reading",
    "Request",
    "Sample",
    "SamplingParams",
    "Score",
    "ScoreStatus",
    "ScorerSpec",
    "ServeSpec",
    "Session",
    "StampSource",
    "Suite",
    "Task",
    "Timing",
    "ToolCall",
    "Usage",
    "UsageReport",
    "Verdict",
    "VerdictStatus",
    "Weights",
]
