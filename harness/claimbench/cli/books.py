"""The price book of the command line: our own YAML books, shipped with the providers, and
genai-prices.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from claimbench.pricing.arms import ArmPrice
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Suite


def bundled_books() -> list[Path]:
    """List the books shipped with the providers: YAML as people write, JSON as programs do."""
    import claimbench_providers

    folder = Path(claimbench_providers.__path__[0]) / "prices"
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.json")])


def price_book(first: Sequence[Path] = ()) -> PriceBook:
    """Return the price book; files in ``first`` stand in for others where both name a model."""
    from claimbench.pricing.price_lists.book import PriceBook

    return PriceBook(bundled_books(), first=first)


def book_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--book FILE`` to a command, as ``books``."""
    import click

    option = click.option(
        "--book",
        "books",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A price book of your own (YAML), ahead of the installed ones. Repeatable.",
    )
    return option(command)


def prices_from(path: Path, suite: Suite) -> Mapping[str, ArmPrice]:
    """Read prices for a suite from ``path``: a YAML book, a book frozen with another run (JSON), or
    ``installed``.

    Raises:
        BenchError: it is neither, or the frozen book lacks an arm.
    """
    from claimbench.errors import BenchError
    from claimbench.pricing.arms import resolve_arm
    from claimbench.pricing.frozen import thaw
    from claimbench.pricing.price_lists.book import OTHER_FORM

    if path.suffix != ".json":
        book = price_book([] if str(path) == "installed" else [path])
        return {arm.name: resolve_arm(arm, book) for arm in suite.asked}
    if path.exists() and not path.is_file():
        raise BenchError(f"{path}: not a regular file")
    try:
        frozen = thaw(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"{path}: cannot read the price book: {error.strerror}") from error
    except OTHER_FORM as error:
        raise BenchError(
            f"{path}: not a frozen price book: {error}", hint="a YAML book ends in .yaml"
        ) from error
    missing = [arm.name for arm in suite.asked if arm.name not in frozen]
    if missing:
        raise BenchError(f"{path}: this price book has no arm {', '.join(missing)}")
    return frozen
