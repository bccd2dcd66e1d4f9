"""An independent bill: rational arithmetic, its own reading of the rules, nothing of the product's
pricing modules.
"""

from __future__ import annotations

from fractions import Fraction


def oracle(tokens, rates, *, over=None, factor="1", per_request="0", fees=(), fx="1"):
    """Dollars as a Fraction.

    ``tokens``: bucket -> count. ``rates``: bucket -> dollars per million, as text. ``over``:
    (tokens, rates) pairs in rising order; the last one that the whole input exceeds replaces those
    rates for every token of the request.
    """
    inputs = sum(n for b, n in tokens.items() if not b.startswith("out"))
    live = dict(rates)
    for bound, higher in over or ():
        if inputs > bound:
            live.update(higher)
    total = Fraction(0)
    for bucket, count in tokens.items():
        rate = live.get(bucket)
        if rate is None and count:
            rate = live["out"] if bucket == "out_reasoning" else live["in"]
        total += Fraction(count) * Fraction(rate or 0) / 10**6
    for count, price in fees:
        total += count * Fraction(price)
    return (total + Fraction(per_request)) * Fraction(factor) * Fraction(fx)
