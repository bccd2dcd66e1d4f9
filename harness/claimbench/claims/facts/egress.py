"""Claims that data stay: "user data never leaves its own machines", "data is never shared".

Read from the sentence, and decided by what the run counted: bytes by host and arm
(:mod:`claimbench.privacy.egress`). Refuted if bytes of the arm went to another machine. Supported
only where the prompts stayed in the measuring process and it reached no host that no arm explains.
Everything else is inconclusive, with what was seen: a server on this machine may send on what it
was sent. It speaks of the run alone, not of what a company does elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claimbench.claims.facts.receivers import Receiver, receiver_of
from claimbench.claims.fields import named_arms
from claimbench.claims.language.names import flexible
from claimbench.errors import ClaimError
from claimbench.privacy.egress import is_here, unwatched
from claimbench.types import Arm, Claim, ClaimSpec, Reason, Suite, VerdictStatus

METRIC = "egress"
NEEDED = (
    "decided by the bytes and hosts that the run counts for the arm: none may leave this machine"
)
_DATA = (
    r"(?>(?:all|any|the|its|their|our|your|no|user|users'?|customer|customers'?|client|personal"
    r"|private|guest|traveller)s? )*(?:data|information|prompts?|e-?mails?|tickets|requests"
    r"|messages)"
)
_OWN = (
    r"(?:(?:the|its|their|our|your|his) )?(?:(?:company|user|customer|platform|own)(?:'s)? )*"
    r"(?:own )?(?:machines?|servers?|infrastructure|premises|network|data ?cent(?:er|re)s?"
    r"|hardware|systems?|walls|house|building|computers?)"
)
_HERE = rf"(?:this machine|{_OWN})"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_DATA} (?:will |does |do |did |has |have |is |are )?(?:never|not|n't) (?:leaves?|left"
        rf"|leaving) {_HERE}",
        rf"\b{_DATA} (?:doesn't|don't|didn't) leave {_HERE}",
        rf"\bno {_DATA} (?:ever )?(?:leaves?|left) {_HERE}",
        rf"\b{_DATA} (?:is|are|was|were|will be) (?:never|not) (?:shared|sent|passed on|uploaded"
        r"|transferred|transmitted|given)(?: (?:with|to|on to) (?:anyone|anybody|third parties"
        r"|others|other (?:companies|machines|parties)|outside(?:rs)?|vendors?|the cloud))?",
        rf"\b(?:never|does not|doesn't|do not|don't) (?:shares?|sends?|pass(?:es)? on|uploads?"
        rf"|transfers?) (?:any )?{_DATA}",
        rf"\bkeeps? (?:all )?{_DATA} (?:on|in|inside|within) {_HERE}",
        rf"\b{_DATA} (?:always )?(?:stays?|remains?|kept|is kept|are kept) (?:on|in|inside|within)"
        rf" {_HERE}",
    )
)


def says_data_stay(text: str) -> bool:
    """Return whether a sentence says that data do not leave, and nothing else besides."""
    words = " ".join(text.replace("\u2019", "'").split())
    for pattern in _PATTERNS:
        found = pattern.search(words)
        if found is None:
            continue
        rest = f"{words[: found.start()]} {words[found.end() :]}"
        if not re.search(r"\b(?:and|but|while|cheaper|faster|accurate|better|\d+ ?%)\b", rest):
            return True
    return False


def egress_claim(base: Claim, spec: ClaimSpec, arms: Sequence[Arm]) -> Claim | None:
    """Return the claim that data stay, as a sentence says it; None where it says something else.

    Raises:
        ClaimError: it is not clear which arm is meant.
    """
    if not says_data_stay(spec.text) or spec.raw.get("kind") is not None:
        return None
    known = {arm.name for arm in arms}
    ours = named_arms(spec.raw.get("arm"), known, "arm")
    if not ours:
        named = [
            arm.name
            for arm in arms
            if re.search(rf"(?<![\w.-]){flexible(arm.name)}(?![\w-])", spec.text, re.IGNORECASE)
        ]
        ours = tuple(named) or (tuple(known) if len(known) == 1 else ())
    if not ours and arms:
        raise ClaimError(
            "which arm is it about?", hint=f"add `arm:`, one of {', '.join(sorted(known))}"
        )
    if spec.raw.get("than") is not None:
        raise ClaimError("where data go is no comparison", hint="drop `than:`")
    return replace(
        base, kind="not_measurable", relation="none", metric=METRIC, treatments=ours, note=NEEDED
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run saw of one arm: a status, why in words, and the other machines that bytes went
    to.
    """

    status: VerdictStatus
    told: str
    hosts: tuple[str, ...] = ()


def egress_seen(
    suite: Suite,
    sessions: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Seen]:
    """Return arm, judge or simulated user -> what was seen of where its bytes went.

    Args:
        suite: whose arms.
        sessions: number -> its rows (:func:`claimbench.privacy.egress.traffic_rows`); empty where
            a session could not count.
        facts: what each arm's provider told when it started.
    """
    every = [rows for rows in sessions.values() if rows]
    lost = [number for number, rows in sessions.items() if not rows]
    explained = {host for rows in every for host in _hosts_of(rows)}
    names = {str(n) for rows in every for n in (rows.get("process") or {}).get("names", ())}
    found: dict[str, Seen] = {}
    for arm in suite.asked:
        rows = [one for session in every if (one := session.get(f"arm/{arm.name}")) is not None]
        if rows:
            receiver = receiver_of(suite, arm, (facts or {}).get(arm.name))
            found[arm.name] = _seen(arm, receiver, rows, lost, names - explained)
    return found


def _hosts_of(rows: Mapping[str, Any]) -> set[str]:
    held = [row.get("hosts") or {} for name, row in rows.items() if name.startswith("arm/")]
    return {_name(host) for hosts in held for host in hosts}


def _name(host: str) -> str:
    return host.rpartition(":")[0].strip("[]")


def _seen(
    arm: Arm,
    receiver: Receiver,
    rows: Sequence[Mapping[str, Any]],
    lost: list[str],
    odd: set[str],
) -> Seen:
    sent: dict[str, int] = {}
    for row in rows:
        for host, traffic in (row.get("hosts") or {}).items():
            sent[host] = sent.get(host, 0) + int(traffic.get("bytes_sent") or 0)
    away = {host: n for host, n in sent.items() if not is_here(_name(host)) and n > 0}
    beyond = {host: n for host, n in away.items() if not _is_private(_name(host))}
    hosts = tuple(dict.fromkeys(_name(host) for host in away))
    if beyond:
        shown = ", ".join(f"{n:,} bytes went to {host}" for host, n in beyond.items())
        return Seen("refuted", shown, hosts)
    if away:
        shown = ", ".join(f"{n:,} bytes went to {host}" for host, n in away.items())
        told = f"{shown}, and whose machine that is the run cannot know"
        return Seen("inconclusive", told, hosts)
    if lost:
        told = f"session {', '.join(lost)} was killed before it could count"
        return Seen("inconclusive", told)
    hidden = next((str(row["unwatched"]) for row in rows if row.get("unwatched")), "its client")
    if receiver.kind == "cluster":
        told = f"prompts went to {receiver.told}, and its bytes were not counted"
        return Seen("inconclusive", f"{told}; not watched: {hidden}")
    if receiver.kind == "process":
        beside = [row for row in rows if row.get("unwatched") not in (None, unwatched(arm))]
        if beside:
            return Seen("inconclusive", f"not watched: {beside[0]['unwatched']}")
        if odd:
            told = f"the process looked up {', '.join(sorted(odd))}, which no arm explains"
            return Seen("inconclusive", told)
        return Seen(
            "supported",
            "the model ran in the measuring process, which reached no host that no arm explains;"
            " not watched: the sockets of llama.cpp's C library (it opens none that we know of)",
        )
    if arm.serve is not None:
        return Seen("inconclusive", "the server that the run started is not watched")
    if any(row.get("hosts") is None for row in rows) or not sent:
        return Seen("inconclusive", f"its bytes were not counted; not watched: {hidden}")
    shown = ", ".join(f"{n:,} bytes" for n in sent.values())
    return Seen(
        "inconclusive",
        f"{shown} went to {', '.join(sent)} on this machine; what the server there sends on is not"
        " seen",
    )


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))


def decided(
    claim: Claim, seen: Mapping[str, Seen], parts: Mapping[str, Sequence[str]] | None = None
) -> tuple[VerdictStatus, tuple[Reason, ...]]:
    """Return the status of a claim over all its arms, and what was seen of each; ``parts``: of a
    route all that it may ask, judges on its way among them.
    """
    made_of = parts or {}
    asked = [one for arm in claim.treatments for one in made_of.get(arm, (arm,))]
    known = {arm: seen[arm] for arm in asked if arm in seen}
    absent = [arm for arm in dict.fromkeys(asked) if arm not in seen]
    gone = {arm: one for arm, one in known.items() if one.status == "refuted"}
    if gone:
        return "refuted", _told(gone)
    if absent or not asked:
        detail = f"nothing was counted for {', '.join(absent) or 'any arm'}"
        return "not_comparable", (Reason("egress_unknown", detail),)
    states = {one.status for one in known.values()}
    if "inconclusive" in states:
        still = {arm: one for arm, one in known.items() if one.status == "inconclusive"}
        return "inconclusive", _told(still)
    return "supported", _told(known)


def _told(seen: Mapping[str, Seen]) -> tuple[Reason, ...]:
    return tuple(Reason("egress_seen", f"{arm}: {one.told}") for arm, one in seen.items())


def sentence(claim: Claim, status: VerdictStatus, reasons: Sequence[Reason]) -> str:
    """Say what was seen and what it makes of the claim."""
    quoted = f'"{claim.text or claim.id}"'
    why = "; ".join(reason.detail for reason in reasons)
    if status == "supported":
        return f"Supported: in this run {quoted} held: {why}."
    if status == "refuted":
        return f"Refuted: in this run {quoted} did not hold: {why}."
    if status == "inconclusive":
        return f"Inconclusive: {quoted} is not settled: {why}."
    return f"Not comparable: {quoted} cannot be judged: {why}."
