"""A plan that is fixed before the first call: what is claimed, by which margin, at which prices.

``bench plan SUITE --register FILE`` writes it, ``bench run`` stores it with the run, and every
report says how the run stands to it. It is a DSSE envelope as a bundle's manifest is. Its time is
that of its maker's clock; a time stamp of RFC 3161 (:mod:`claimbench.evidence.timestamp`) gives
another one, and the later of the two counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimbench._version import __version__
from claimbench.codec import to_plain
from claimbench.errors import BenchError, why_unreadable
from claimbench.evidence.compare import differences
from claimbench.evidence.hidden import WITHHELD
from claimbench.evidence.statement import Envelope, open_envelope, sealed, statement
from claimbench.evidence.timestamp import stamped_at
from claimbench.evidence.values import canonical
from claimbench.pricing.calls import sent_utc
from claimbench.suite.codec import measured_sha256, suite_to_json
from claimbench.types import Attempt, Json, Look, Manifest, Session, Suite, Task

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREDICATE = "urn:claimbench:registration:v1"
FORMAT = 2
"""History: 1 = first; 2 = the whole suite but its words (:data:`WORDS`)."""
OPTION = "registration"
"""Name among the options of a run's manifest: the envelope's text, and the reply of a time-stamping
authority.
"""
_MOST_BYTES = 16 << 20


def _asked(plain: dict[str, Any]) -> list[Any]:
    """Take whoever is asked out of a suite's JSON: arms, judges, simulated users."""
    return [*plain.pop("arms"), *plain.pop("judges"), *plain.pop("users", ())]


def fixed(suite: Suite, book: str, limit: int | None) -> dict[str, Json]:
    """Return what a registration fixes of a suite, by topic.

    Args:
        suite: the suite.
        book: text of its frozen price book; when it was frozen does not count.
        limit: how many samples of each task are taken; None: all.
    """
    plain = suite_to_json(suite)
    for name in (*WORDS, *_BY_TOPIC):
        plain.pop(name)
    for part in (plain["options"], *plain["arms"], *plain["judges"], *plain.get("users", ())):
        for name in _WORDS_INSIDE:
            part.pop(name, None)
    claims: dict[str, Json] = {
        claim.id: {"text": claim.text, "source": claim.source, "raw": dict(claim.raw)}
        for claim in suite.claims
    }
    return {
        "suite": {"name": suite.name, "version": suite.version},
        "measured": suite.measured_sha256,
        "tasks": {task.name: _parts(task) for task in suite.tasks},
        "arms": {arm["name"]: arm for arm in _asked(plain)},
        "claims": claims,
        "margin": suite.margin,
        "level": {"alpha": suite.alpha, "population": suite.population},
        "allowed differences": sorted(suite.allow),
        "decision": None if suite.decision is None else _unplaced(to_plain(suite.decision)),
        "stopping rule": suite.stop,
        "sample": {"limit": limit, "epochs": suite.epochs, "order seed": suite.order_seed},
        "prices": _prices(book),
        **plain.pop("options"),
        **plain,
    }


WORDS = ("schema", "description", "path", "file_sha256")
"""Fields of a suite on which no verdict and no measurement rests; all others are fixed."""
_BY_TOPIC = (
    "name",
    "version",
    "measured_sha256",
    "tasks",
    "claims",
    "margin",
    "alpha",
    "population",
    "allow",
    "decision",
    "stop",
    "epochs",
    "order_seed",
)
"""Fields that are fixed under a name of their own."""
_WORDS_INSIDE = ("about", "api_key_env", "api_key_file", "api_key_keyring")
"""In a suite's options and in its arms: what is said about it, and where a key is found."""


def _parts(task: Task) -> dict[str, Json]:
    """Return the hash of each part of a task: a plan can be shown without its texts."""
    plain = to_plain(task)
    if plain["user"] is None:  # not there before simulated users were, and so below
        del plain["user"]
    if plain["simulator"] is not None and plain["simulator"]["script"] is None:
        del plain["simulator"]["script"]
    return {
        name: hashlib.sha256(canonical(part).encode("ascii")).hexdigest()[:32]
        for name, part in plain.items()
    }


def made_anew(suite: Suite) -> str:
    """Return the measured hash of a suite as it is, whatever it says of itself."""
    return measured_sha256(suite.tasks, suite.sampling, suite.epochs, suite.judges, suite.users)


def _unplaced(decision: Any) -> Any:
    """Return a decision without the lines of the file that it stood on."""
    for part in (*decision["requirements"], *decision["criteria"]):
        part.pop("line", None)
    return decision


def _prices(book: str) -> dict[str, Json]:
    """Return the hash of each arm's price."""
    arms = json.loads(book)["arms"]
    return {
        name: hashlib.sha256(canonical(price).encode("ascii")).hexdigest()
        for name, price in arms.items()
    }


def register(
    suite: Suite, book: str, limit: int | None, now: datetime, key: Ed25519PrivateKey | None
) -> bytes:
    """Return the registration of a suite as planned at ``now``, signed with ``key`` if there is
    one.
    """
    content = fixed(suite, book, limit)
    told: dict[str, Json] = {
        "format": FORMAT,
        "tool": f"claimbench {__version__}",
        "registered_utc": now.isoformat(timespec="seconds"),
        "fixed": content,
    }
    subject = {"plan": canonical(content).encode("ascii")}
    return sealed(statement(PREDICATE, told, subject), key)


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration as read."""

    text: str
    envelope: Envelope
    registered: datetime
    fixed: Mapping[str, Any]

    @property
    def signers(self) -> tuple[str, ...]:
        """Return the ids of the keys that it says signed it; nothing says that they did."""
        return tuple(name for name, _ in self.envelope.signatures)


def read_registration(path: Path) -> Registration:
    """Read the file that ``bench plan --register`` wrote.

    Raises:
        BenchError: it cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
        return parse(data.decode("utf-8"))
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BenchError(
            f"{path}: is no registration ({why_unreadable(error):.100})",
            hint="bench plan SUITE --register FILE writes one",
        ) from None


def parse(text: str) -> Registration:
    """Read a registration from its text.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    envelope = open_envelope(text.encode("utf-8"), PREDICATE)
    told = envelope.statement["predicate"]
    if told["format"] != FORMAT:
        raise ValueError(f"format {told['format']!r:.20}, this version reads {FORMAT}")
    content = told["fixed"]
    digest = hashlib.sha256(canonical(content).encode("ascii")).hexdigest()
    if envelope.statement["subject"] != [{"name": "plan", "digest": {"sha256": digest}}]:
        raise ValueError("its plan is not what its hash says")
    registered = datetime.fromisoformat(str(told["registered_utc"]))
    if registered.tzinfo is None or not isinstance(content, dict):
        raise ValueError("its time has no zone, or its plan is no object")
    return Registration(text, envelope, registered, content)


def changes(registered: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between a registered plan and another one, in words."""
    plain = json.loads(canonical(dict(now)))
    found: list[str] = []
    for topic in dict.fromkeys([*registered, *plain]):
        found += _changed(topic, registered.get(topic), plain.get(topic))
    return found


def _changed(topic: str, was: Any, now: Any) -> Iterator[str]:
    if was == now:
        return
    if topic in ("claims", "arms", "prices") and isinstance(was, dict) and isinstance(now, dict):
        word = {"claims": "claim", "arms": "arm", "prices": "price of"}[topic]
        for name in dict.fromkeys([*was, *now]):
            if was.get(name) != now.get(name):
                how = "was added" if name not in was else "was removed"
                how = "was changed" if name in was and name in now else how
                yield f"{word} {name} {how}{_where(was, now, name)}"
    elif topic == "tasks" and isinstance(was, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*was, *now]):
            before, after = was.get(name), now.get(name)
            if isinstance(before, dict) and isinstance(after, dict):
                for part in dict.fromkeys([*before, *after]):
                    if before.get(part) != after.get(part):
                        yield f"task {name}: its {part} were changed"
            elif before != after:
                yield f"task {name} was {'added' if before is None else 'removed'}"
    elif topic == "measured":
        yield "data, prompts, scorers or sampling were changed (another measured hash)"
    else:
        for line in islice(differences(was, now, topic), _MOST_NAMED):
            yield _said(line)


_MOST_NAMED = 5
"""Differences named of one topic."""


def _where(was: Mapping[str, Any], now: Mapping[str, Any], name: str) -> str:
    """Return what of an arm or claim was changed, in brackets; of a price, a hash, nothing."""
    before, after = was.get(name), now.get(name)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    found = [_said(line) for line in islice(differences(before, after), _MOST_NAMED)]
    return f" ({'; '.join(found)})" if found else ""


def _said(line: str) -> str:
    line = line.replace("recomputed is", "now").replace("recomputed are", "now")
    line = line.replace("states", "was").replace(": is missing", ": was added")
    return line.replace(": does not belong there", ": was removed")


# --- how a run stands to its registration ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands to its registration.

    ``line``: in one sentence; ``state``: ``fixed``, ``late``, ``changed``,
    ``withheld`` or ``none``.
    ``details``: what was changed, who signed, who says when.
    ``beside``: what the same results hold of other runs of the plan, in a sentence; "" for nothing.
    """

    state: str
    line: str
    details: tuple[str, ...] = ()
    beside: str = ""


@dataclass(frozen=True, slots=True)
class OtherRuns:
    """Other runs of a registered plan that the same results know of.

    ``under``: those that hold the same registration; ``measured``: when each run of the same
    measured suite was begun, by its id; ``removed``: such runs that were removed. One plan can be
    run until it fits, and a plan can be made after a look at the answers.
    """

    under: Sequence[str] = ()
    measured: Mapping[str, datetime] = field(default_factory=dict)
    removed: Sequence[str] = ()


NO_OTHERS = OtherRuns()
NOT_REGISTERED = Standing("none", "Not registered: nothing fixed the claims before the first call.")

REGISTRATION_WITHHELD = Standing(
    "withheld",
    "Registered: by what, and whether it was kept to, the full bundle alone shows (its hashes are"
    " made over texts that are withheld here).",
    ("withheld",),
)


def standing(
    manifest: Manifest,
    suite: Suite,
    sessions: Sequence[Session],
    attempts: Sequence[Attempt],
    looks: Sequence[Look],
    others: OtherRuns = NO_OTHERS,
) -> Standing:
    """Say whether, and how long before its first answer, a run's plan was fixed, what was changed
    since, and which ``others`` of its runs there are.

    It was fixed when its maker's clock says, or later where its time stamp does: a clock that was
    set back makes no plan older than its stamp.
    """
    kept = manifest.options.get(OPTION)
    if kept is None:
        return NOT_REGISTERED
    if kept == WITHHELD:
        return REGISTRATION_WITHHELD
    try:
        found = parse(str(kept["envelope"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return Standing(
            "changed", f"What is stored as its registration is none ({why_unreadable(error):.80})."
        )
    now = fixed(suite, str(manifest.options["price_book"]), manifest.limit)
    changed = changes(found.fixed, now)
    if made_anew(suite) != suite.measured_sha256:
        changed.append(
            "the run's suite is not the one that its measured hash was made from, so that nothing"
            " shows its data, prompts, scorers and sampling to be those registered"
        )
    if looks and found.fixed.get("stopping rule") == "never":
        changed.append("stopping rule: it was looked at before its end")
    changed += _not_run(found, manifest, suite)
    first = _first_sent(sessions, attempts) or datetime.fromisoformat(manifest.created_utc)
    stamp = stamp_of(found, kept)
    details = (*changed, *_vouched(found, kept, stamp))
    beside = _beside(found, others)
    if changed:
        line = f"Changed after registration: {'; '.join(changed)}."
        return Standing("changed", line, details, beside)
    by_clock = (first - found.registered).total_seconds()
    by_stamp = by_clock if stamp is None else (first - stamp).total_seconds()
    if min(by_clock, by_stamp) >= 0:
        line = f"Claims fixed {_span(min(by_clock, by_stamp))} before the first answer."
        return Standing("fixed", line, details, beside)
    late, which = (-by_clock, "") if by_clock < 0 else (-by_stamp, ", as its time stamp says")
    line = f"Registered {_span(late)} after the first request was sent{which}."
    return Standing("late", line, details, beside)


def stamp_of(found: Registration, kept: Mapping[str, Any]) -> datetime | None:
    """Return when the time stamp that is kept with a registration says that it was seen; None
    without one, or where it is about something else.
    """
    reply = kept.get("timestamp")
    moment = None if reply is None else stamped_at(str(reply), found.text.encode("utf-8"))
    return None if moment is None else datetime.fromisoformat(moment)


def _not_run(found: Registration, manifest: Manifest, suite: Suite) -> Iterator[str]:
    """Name each registered arm that was not measured, whether nobody asked for it or it could not
    run: a rival that is left out changes what a plan compares.
    """
    registered = found.fixed.get("arms")
    names = registered if isinstance(registered, dict) else {}
    for arm in suite.arms:
        if arm.name in names and arm.name not in manifest.arms_run:
            why = manifest.arms_not_run.get(arm.name)
            yield f"arm {arm.name} was not run" + (f" ({why})" if why else "")


def _vouched(found: Registration, kept: Mapping[str, Any], stamp: datetime | None) -> Iterator[str]:
    signers = ", ".join(name[:16] for name in found.signers)
    yield f"signed with the key {signers}" if signers else "not signed"
    if stamp is not None:
        at = stamp.isoformat(timespec="seconds").replace("+00:00", "Z")
        yield f"its time stamp says that it was seen at {at}; nobody's signature is checked here"
    elif kept.get("timestamp") is not None:
        yield "its time is that of its maker's clock: the time stamp kept with it is not about it"
    else:
        yield "its time is that of its maker's clock"


def _beside(found: Registration, others: OtherRuns) -> str:
    """Say which other runs of the plan there are: under it, from before it, or removed."""
    before = [
        run_id
        for run_id, begun in others.measured.items()
        if begun < found.registered and run_id not in others.under
    ]
    said = [
        f"{_runs(ids)} {what}: {_listed(ids)}"
        for ids, what in (
            (others.under, "under this registration"),
            (before, "of the same measured suite from before it"),
        )
        if ids
    ]
    if others.removed:
        said.append(f"signs of removed runs of the same measured suite: {_listed(others.removed)}")
    return f"The same results hold {'; '.join(said)}." if said else ""


def _runs(ids: Sequence[str]) -> str:
    return "1 other run" if len(ids) == 1 else f"{len(ids)} other runs"


def _listed(ids: Sequence[str]) -> str:
    """Name the newest of some runs."""
    shown = ", ".join(ids[-_MOST_NAMED:])
    return shown if len(ids) <= _MOST_NAMED else f"{shown} and {len(ids) - _MOST_NAMED} more"


def _first_sent(sessions: Sequence[Session], attempts: Sequence[Attempt]) -> datetime | None:
    origins = {session.n: session for session in sessions}
    return min(
        (sent_utc(one, origins[one.session]) for one in attempts if one.session in origins),
        default=None,
    )


def _span(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and word == "h"):
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
