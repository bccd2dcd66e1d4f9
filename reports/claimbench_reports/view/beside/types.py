"""What a report shows of routes and adoption, already in words."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench_reports.view.format import Figure


@dataclass(frozen=True, slots=True)
class CurveView:
    """A cascade at one threshold."""

    passed: Figure
    quality: Figure
    usd_1k: Figure


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route beside what else its arms could do on the same items.

    ``rows``: (what, quality, dollars per 1,000 requests) of the route, the best single arm, the
    random mixture and the oracle. ``gain``: above the mixture. ``answered``: which share each arm
    answered. ``why_none``: why nothing is known; then there are no rows.
    ``asks``: a question about how the route's column was made. ``chosen``: (value of the column,
    arms that its items went to), of a route whose arms were fitted by slice.
    """

    name: str
    said: str
    threshold: str
    answered: tuple[tuple[str, Figure], ...]
    rows: tuple[tuple[str, Figure, Figure], ...]
    gain: Figure | None
    n_items: Figure | None
    curve: tuple[CurveView, ...]
    why_none: str = ""
    asks: str = ""
    chosen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WayView:
    """Ways of counting that found the same."""

    status: str
    found: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdoptionView:
    """One claim about adoption, counted in every way."""

    claim: str
    status: str
    read_as: str
    ways: tuple[WayView, ...]


@dataclass(frozen=True, slots=True)
class TallyView:
    """Who said it (a judge, the panel, people, a stratum of length), and on how many items the
    first arm won, tied and lost; ``rate``: the share won, ties as half. Of a judge that saw both
    orders: ``seen`` pairs, ``flips`` (the rate, changed words counted in its note) and ``firsts``,
    the share of its answers that chose the first place.
    """

    who: str
    n: Figure
    wins: Figure
    ties: Figure
    losses: Figure
    rate: Figure
    seen: Figure | None = None
    flips: Figure | None = None
    firsts: Figure | None = None


@dataclass(frozen=True, slots=True)
class PairView:
    """Two arms' answers compared, from the side of ``one``: ``tallies`` by the panel, each judge
    and people; ``strata`` by which answer was longer; ``equal_length``: the share won there.
    """

    one: str
    two: str
    tallies: tuple[TallyView, ...]
    strata: tuple[TallyView, ...]
    equal_length: Figure | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StrengthView:
    """One arm's chance to win against an arm of average strength."""

    arm: str
    chance: Figure


@dataclass(frozen=True, slots=True)
class JudgeBillView:
    """What one judge's comparisons cost."""

    judge: str
    calls: Figure
    usd: Figure


@dataclass(frozen=True, slots=True)
class PairsView:
    """One task's comparisons in pairs. ``strengths_by``: whose words the strengths rest on."""

    task: str
    pairs: tuple[PairView, ...]
    strengths: tuple[StrengthView, ...]
    strengths_by: str
    bills: tuple[JudgeBillView, ...]


@dataclass(frozen=True, slots=True)
class QuantisationView:
    """One quantisation beside the arm it is a variant of (whose own row has nothing changed)."""

    arm: str
    quantisation: str
    file: Figure
    memory: Figure
    speed: Figure
    quality: Figure
    changed: Figure | None
    tokens: Figure | None


@dataclass(frozen=True, slots=True)
class QuantisationsView:
    """The quantisations of one arm, itself first."""

    base: str
    rows: tuple[QuantisationView, ...]


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn over all conversations: calls ``asked`` and, for their conversation had ended,
    not (``ended``); ``ttft``: median seconds to the first token; ``tokens_in``: mean.
    """

    number: int
    asked: Figure
    ended: Figure
    quality: Figure
    ttft: Figure
    tokens_in: Figure
    usd_1k: Figure


@dataclass(frozen=True, slots=True)
class ArmTurnsView:
    """One arm by turn; ``conversation_usd``: mean dollars of a whole conversation; ``whole``: how
    many of its conversations that is of, whose every turn was asked and priced.
    """

    arm: str
    turns: tuple[TurnView, ...]
    conversation_usd: Figure
    whole: Figure


@dataclass(frozen=True, slots=True)
class TurnsView:
    """One task's conversations by arm and turn."""

    task: str
    conversations: Figure
    arms: tuple[ArmTurnsView, ...]


@dataclass(frozen=True, slots=True)
class BesideView:
    """Routes in the suite's order; claims about adoption with their ways of counting; ``as_of``:
    the snapshots that they rest on. ``pairs``: comparisons in pairs by task; ``quantisations``: by
    the arm that they are variants of; ``turns``: tasks with conversations, turn by turn.
    """

    routes: tuple[RouteView, ...] = ()
    adoption: tuple[AdoptionView, ...] = ()
    as_of: tuple[str, ...] = ()
    pairs: tuple[PairsView, ...] = ()
    quantisations: tuple[QuantisationsView, ...] = ()
    turns: tuple[TurnsView, ...] = ()
