"""matplotlib SVG -> inline SVG that a strict content security policy accepts and that follows the
page's theme.

matplotlib writes ``style`` attributes, which the policy forbids; they become presentation
attributes. Ids get a prefix, because a page holds several charts. The ink colour becomes
``currentColor``. Text stays text in the page's font.
"""

from __future__ import annotations

import re
import warnings
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

INK = "#1b1b1f"
"""Drawn with this, shown in the text colour of the page."""
FAINT = "#8c8c96"
"""Grid lines and secondary ink: readable on both themes."""

_STYLE = re.compile(r'\sstyle="([^"]*)"')
_FONT = re.compile(
    r"^(?:(?P<lead>(?:normal|italic|oblique|bold|\d00)\s+)*)(?P<size>[\d.]+)px\s+(?P<family>.+)$"
)
_TAG = re.compile(r"<[a-zA-Z][^>]*>")
_PLACES = re.compile(r"(\d+\.\d\d)\d+")
_ID = re.compile(r'\bid="([^"]+)"')
_REF = re.compile(r'(url\(#|href="#)([^")]+)')


def to_inline_svg(canvas: Canvas, prefix: str, title: str, description: str) -> str:
    """Draw ``canvas`` as an inline ``<svg role="img">`` with ``title`` and ``description`` as its
    text alternative.
    """
    import matplotlib as mpl

    buffer = StringIO()
    with (
        mpl.rc_context({"svg.hashsalt": "claimbench", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
    ):
        # Of a chart with very many rows; nobody who reads a terminal can act on it.
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        canvas.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    return inline(buffer.getvalue(), prefix, title, description)


def inline(raw: str, prefix: str, title: str, description: str) -> str:
    """Rewrite one SVG document, see the module's docstring."""
    body = raw[raw.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = _STYLE.sub(_attributes, body)
    body = _ID.sub(lambda m: f'id="{prefix}-{m.group(1)}"', body)
    body = _REF.sub(lambda m: f"{m.group(1)}{prefix}-{m.group(2)}", body)
    body = body.replace("xlink:href", "href").replace(f'"{INK}"', '"currentColor"')
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    size = f'width="{view.group(1)}" height="{view.group(2)}"' if view else ""
    head = (
        f'<svg class="drawn" role="img" aria-labelledby="{prefix}-t {prefix}-d"'
        ' xmlns="http://www.w3.org/2000/svg"'
        f' viewBox="{view.group(0)[9:-1] if view else "0 0 1 1"}" {size} stroke-linejoin="round"'
        f' stroke-linecap="butt"><title id="{prefix}-t">{escape(title)}</title><desc'
        f' id="{prefix}-d">{escape(description)}</desc>'
    )
    body = re.sub(r"<svg[^>]*>", lambda _: head, body, count=1)
    body = _TAG.sub(_shorter, body)
    return re.sub(r"\n\s*", "\n", body).strip()


def _shorter(tag: re.Match[str]) -> str:
    """Cut coordinates to hundredths of a unit; what a text says is never touched."""
    return _PLACES.sub(r"\1", tag.group())


def _attributes(match: re.Match[str]) -> str:
    """One style attribute as presentation attributes; the shorthand ``font`` is taken apart."""
    found: list[str] = []
    for part in match.group(1).split(";"):
        name, colon, value = part.partition(":")
        name, value = name.strip(), value.strip()
        if not colon:
            continue
        font = _FONT.match(value) if name == "font" else None
        if font is not None:
            found.append(f'font-size="{font.group("size")}"')
            if "bold" in value or "700" in value:
                found.append('font-weight="700"')
        elif name not in ("font", "font-family"):
            found.append(f'{name}="{value}"')
    return (" " + " ".join(found)) if found else ""
