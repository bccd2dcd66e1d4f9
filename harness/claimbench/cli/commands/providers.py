"""``bench providers``: who can be named in a suite, what that rests on, and whether a key is
set.
"""

from __future__ import annotations

import os
from typing import Any

import click

from claimbench.cli.common import json_option, print_json

WORDS = {
    "live": "live",
    "stand-in": "tested against a stand-in",
    "untested": "untested",
}


OWN_APIS = {
    "openai": ["chat", "responses"],
    "compatible": ["chat", "responses"],
    "litellm": ["chat"],
}


def provider_rows() -> list[dict[str, Any]]:
    """One row per provider: name, title, protocol, address, key, whether it is set, status, source,
    day, APIs, note.
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


@click.command("providers")
@json_option
def providers_command(as_json: bool) -> int:
    """List the providers that a suite can name, with what their working rests on."""
    rows = provider_rows()
    if as_json:
        print_json({"providers": rows})
        return 0
    for row in rows:
        key = (
            "no key needed"
            if row["key"] is None
            else f"{row['key']} {'set' if row['key_set'] else 'not set'}"
        )
        click.echo(f"{row['name']:<13} {row['title']:<42} {WORDS[str(row['status'])]:<27} {key}")
    click.echo(
        "\nlive: answered a real request. stand-in: its protocol, on a server that others wrote."
        " Name one with"
    )
    click.echo(
        "`provider: NAME` in an arm; `bench providers --json` shows addresses, APIs, sources with"
        " the day they were"
    )
    click.echo("read, and notes.")
    return 0
