"""Public names of a package, each imported when it is first used.

A package's ``__init__`` hands on its public face without importing what stands behind it: asking
``bench`` for help, or one package for one name, loads neither a database nor numpy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
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


def callable_package(package: str, module: str, name: str) -> None:
    """Let a package be called as a function of the public face: ``claimbench.run(...)``.

    The name of the function is that of a package of ours, and Python sets the package over the
    function as soon as anything in it is imported. So the package itself takes the call and hands
    it on; the module of the function is imported at the first call.

    Args:
        package: the package's ``__name__``.
        module: the module that defines the function; it stands above the package, which does not
            import it.
        name: of the function.
    """

    class Called(ModuleType):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(module), name)(*args, **kwargs)

        @property
        def __signature__(self) -> Any:
            from inspect import signature

            return signature(getattr(import_module(module), name))

    sys.modules[package].__class__ = Called
