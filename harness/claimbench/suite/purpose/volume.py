"""What a volume says beside the rest of a suite, checked; and the volume of a ``--volume``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import BenchError
from claimbench.pricing.price_lists.codec import fx_from_json
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema.volume import VolumeModel, volume_json
from claimbench.types import Json, Suite

HOST_ONLY = ("capacity_per_hour", "spare_machines", "scales_to_zero")
"""Terms of machines."""
ENDPOINT_ONLY = (
    "free_requests_per_month",
    "free_usd_per_month",
    "tiers",
    "batch_share",
    "cache",
)
"""Terms of endpoints."""
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
_NUMBER = re.compile(r"\d+(?:[.,_]?\d+)*(?:e[+]?\d+)?", re.IGNORECASE)


def check_volume(
    document: YamlDocument, volume: VolumeModel | None, hosts: Mapping[str, bool]
) -> None:
    """Raise unless the volume goes with the suite. ``hosts``: arm -> whether it runs on a machine
    whose hours are paid.
    """
    if volume is None:
        return
    for loc, message, hint in _faults(volume, hosts):
        raise document.error(("volume", *loc), message, hint=hint)


def _faults(volume: VolumeModel, hosts: Mapping[str, bool]) -> list[tuple[Loc, str, str]]:
    """List what a volume and a suite's arms contradict each other in, with what to do."""
    found: list[tuple[Loc, str, str]] = []
    for name, terms in volume.arms.items():
        place: Loc = ("arms", name)
        if name not in hosts:
            known = sorted(hosts)
            message = f"volume.arms names the unknown arm {name!r}{did_you_mean(name, known)}"
            found.append((place, message, f"arms: {one_of(known)}"))
            continue
        wrong = ENDPOINT_ONLY if hosts[name] else HOST_ONLY
        kind = "a machine" if hosts[name] else "an endpoint"
        other = "endpoints" if hosts[name] else "machines (cost.host)"
        for key in terms.model_fields_set & set(wrong):
            message = f"volume.arms.{name}.{key} is a term of {other}, and {name} is {kind}"
            found.append(((*place, key), message, "remove it, or state the arm's cost otherwise"))
        commitment = terms.commitment
        if commitment is None:
            continue
        key = "machines" if hosts[name] else "usd_per_month"
        if getattr(commitment, key) is None or len(commitment.model_fields_set) > 2:
            message = f"volume.arms.{name}.commitment of {kind} states discount and {key}"
            found.append(((*place, "commitment"), message, f"write {{discount: 0.3, {key}: …}}"))
    return found + _currency_faults(volume)


def _currency_faults(volume: VolumeModel) -> list[tuple[Loc, str, str]]:
    found: list[tuple[Loc, str, str]] = []
    stated = set()
    for row in volume.fx:
        try:
            stated.add(fx_from_json(row).currency)
        except (BenchError, ValueError) as error:
            return [(("fx",), f"volume.fx: {error}", _FX)]
        if not fx_from_json(row).usd_per_unit:
            return [(("fx",), "volume.fx: usd_per_unit is 0", _FX)]
    if volume.currency != "USD" and volume.currency not in stated:
        message = f"volume.currency is {volume.currency}, and no exchange rate is stated for it"
        found.append((("currency",), message, _FX))
    return found


_BRANCHES = ("number", "span", "constrained-float", "OneOffModel", "float")
"""What pydantic calls the branches of a value that may be a number or a span."""
_FX = "write fx: [{currency: EUR, usd_per_unit: 1.1, dated: 2026-11-01, source: …}]"


def with_volume(suite: Suite, text: str | None) -> Suite:
    """Return a suite with the volume that ``--volume`` states over its own: ``2M``, or
    ``requests_per_month=2M,peak_factor=6``.

    Raises:
        BenchError: no number, an unknown key, or a value out of range.
    """
    if text is None:
        return suite
    own = suite.options.get("volume")
    stated: dict[str, Any] = dict(own) if isinstance(own, Mapping) else {}
    for part in re.split(r",(?=\s*[a-z_]+\s*=)", text):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = "requests_per_month", part
        stated[key.strip()] = _value(value.strip(), text)
    try:
        model = VolumeModel.model_validate(stated, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(step) for step in first["loc"] if step not in _BRANCHES) or text
        known = list(VolumeModel.model_fields)
        if first["type"] == "extra_forbidden":
            message = f"--volume: unknown key {name!r}{did_you_mean(name, known)}"
            raise BenchError(message, hint=f"keys: {one_of(known, 20)}") from None
        seen = first["input"] if not isinstance(first["input"], Mapping) else text
        raise BenchError(
            f"--volume: {name}: {first['msg'][:1].lower()}{first['msg'][1:]}, got {seen!r}",
            hint=_HINT,
        ) from None
    hosts = {arm.name: "host" in arm.cost_model for arm in suite.arms}
    for _, message, hint in _faults(model, hosts):
        raise BenchError(f"--volume: {message}", hint=hint)
    return replace(suite, options={**suite.options, "volume": volume_json(model)})


_HINT = "give --volume 2M, or --volume requests_per_month=2M,peak_factor=6,months=12"


def _value(text: str, whole: str) -> Json:
    """Read a number with separators or k, M, B behind it; other text stays as it is."""
    match = re.fullmatch(rf"(?P<n>-?{_NUMBER.pattern})\s*(?P<scale>[kmb]?)", text, re.IGNORECASE)
    if match is None:
        if not text:
            raise BenchError(f"--volume {whole!r}: a value is missing", hint=_HINT)
        return text
    digits = match["n"].replace("_", "")
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+", digits):
        digits = digits.replace(",", "")
    try:
        number = float(digits) * _SCALES[match["scale"].lower()]
    except ValueError:
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
