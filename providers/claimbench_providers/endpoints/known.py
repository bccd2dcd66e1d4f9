"""The providers that a suite can name, and what the working of each rests on."""

from __future__ import annotations

import os
from typing import Any

STANDING = {
    "live": "live",
    "stand-in": "tested against a stand-in",
    "untested": "untested",
}
"""A provider's status -> the words for it: what its working rests on."""


OWN_APIS = {
    "openai": ["chat", "responses"],
    "compatible": ["chat", "responses"],
    "litellm": ["chat"],
}
"""Provider that is no vendor of the catalogue -> the APIs that it speaks."""


def known_providers() -> list[dict[str, Any]]:
    """Return one row per provider: name, title, protocol, address, key, whether it is set, status,
    source, day, APIs, note.
    """
    from claimbench_providers.endpoints.vendors import catalogue

    own = [
        ("llama_cpp", "llama.cpp in this process", "in process", None, None, "live"),
        (
            "openai",
            "OpenAI, by its SDK",
            "openai",
            "https://api.openai.com/v1",
            "OPENAI_API_KEY",
            "stand-in",
        ),
        ("compatible", "any OpenAI-compatible endpoint", "compatible", None, None, "stand-in"),
        ("litellm", "what only litellm reaches (extra)", "litellm", None, None, "stand-in"),
    ]
    rows: list[dict[str, Any]] = [
        {"name": n, "title": t, "protocol": p, "base_url": u, "key": k, "status": s}
        | {"apis": OWN_APIS.get(n, []), "source": None, "checked": None, "note": None}
        for n, t, p, u, k, s in own
    ]
    for vendor in catalogue().values():
        rows.append(
            {
                "name": vendor.name,
                "title": vendor.title,
                "protocol": vendor.protocol,
                "base_url": vendor.base_url,
                "key": vendor.key,
                "status": vendor.status,
                "apis": list(vendor.apis),
                "source": vendor.source,
                "checked": None if vendor.checked is None else str(vendor.checked),
                "note": vendor.note,
            }
        )
    for row in rows:
        row["key_set"] = None if row["key"] is None else bool(os.environ.get(str(row["key"])))
    return rows
