"""Reading an arm's ``options`` mapping: unknown names and wrong types are errors, not silence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from claimbench.errors import PluginError
from claimbench.provider.sent import OMISSIBLE
from claimbench.types import Arm, Json

HARNESS_OPTIONS = ("accept_model",)
"""Options of every provider's arms that the harness itself reads: other model ids that count as the
arm's own.
"""


class ArmOptions:
    """Typed access to one arm's options; each error names the arm, the option, what was seen and
    what is allowed.
    """

    def __init__(self, arm: Arm, known: Sequence[str]) -> None:
        self._arm = arm
        known = (*known, *HARNESS_OPTIONS)
        for name in arm.options:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                meant = f"; did you mean `{near[0]}`?" if near else ""
                raise PluginError(
                    f"arm {arm.name!r}: provider {arm.provider!r} knows no option `{name}`{meant}",
                    hint="its options: " + ", ".join(sorted(known)),
                    option=name,
                )
        self.texts("accept_model")

    def has(self, name: str) -> bool:
        """Tell whether the suite gives the option a value."""
        return self._arm.options.get(name) is not None

    def integer(self, name: str, default: int | None, *, least: int) -> int | None:
        """A whole number of at least ``least``."""
        value = self._get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self._wrong(name, value, f"a whole number, {least} or more")
        return value

    def real(self, name: str, default: float, *, least: float, most: float) -> float:
        """A number within bounds."""
        value = self._get(name)
        if value is None:
            return default
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not least <= value <= most
        ):
            raise self._wrong(name, value, f"a number from {least:g} to {most:g}")
        return float(value)

    def text(
        self, name: str, default: str | None = None, *, choices: Sequence[str] = ()
    ) -> str | None:
        """A string, one of ``choices`` if there are any."""
        value = self._get(name)
        if value is None:
            return default
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._wrong(name, value, "one of " + ", ".join(choices) if choices else "a text")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def mapping(self, name: str) -> Mapping[str, Json]:
        """A mapping with string keys; empty by default."""
        value = self._get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
            raise self._wrong(name, value, "a mapping")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty by default."""
        value = self._get(name)
        if value is None:
            return ()
        if (
            isinstance(value, str)
            or not isinstance(value, Sequence)
            or not all(isinstance(v, str) for v in value)
        ):
            raise self._wrong(name, value, "a list of texts")
        return tuple(value)

    def omitted(self, *also: str) -> tuple[str, ...]:
        """Return the parameters not to send, by the suite's names for them; ``also``: further names
        that the provider knows.
        """
        names = self.texts("omit")
        known = (*OMISSIBLE, *also)
        for name in names:
            if name not in known:
                raise self._wrong("omit", name, "of " + ", ".join(known))
        return names

    def _get(self, name: str) -> Json:
        return self._arm.options.get(name)

    def _wrong(self, name: str, value: Json, wanted: str) -> PluginError:
        message = f"arm {self._arm.name!r}: options.{name} is {value!r}, but must be {wanted}"
        return PluginError(message, option=name)
