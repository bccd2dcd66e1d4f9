"""Public names of a package, each imported when it is first used.

A package's ``__init__`` hands on its public face without importing what stands behind it: asking
``bench`` for help, or one package for one name, loads neither a database nor numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package (PEP 562) whose public names live in its modules.

    Args:
        package: the package's ``__name__``.
        home: public name -> module of the package that defines it.
    """

    def __getattr__(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return __getattr__
