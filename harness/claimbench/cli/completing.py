"""What a shell is offered for a value: ids of stored runs. No error ever leaves
here: a shell that completes has nowhere to show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

_MOST = 50


def complete_run(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the stored runs, the newest first, with suite and state."""
    from click.shell_completion import CompletionItem

    from claimbench.errors import BenchError
    from claimbench.store.configured import configured_place
    from claimbench.store.results import ResultsStore

    try:
        place = ctx.params.get("results") or configured_place()
        with ResultsStore.open(place, create=False, read_only=True) as store:
            runs = store.runs()
    except (BenchError, OSError):
        return []
    found = [info for info in reversed(runs) if info.run_id.startswith(incomplete)]
    return [
        CompletionItem(info.run_id, help=f"{info.suite_name} {info.status}")
        for info in found[:_MOST]
    ]
