"""Templates of a suite file, checked before the first row: errors name the line inside the file."""

from __future__ import annotations

from collections.abc import Collection

from claimbench.error_words import did_you_mean, one_of
from claimbench.plan import prompts
from claimbench.suite.document import Loc, YamlDocument


def check_template(
    document: YamlDocument, loc: Loc, source: str, known: Collection[str]
) -> frozenset[str]:
    """Return the names that the template at ``loc`` reads.

    Raises:
        SuiteError: a template that cannot be parsed, or a name that is not ``known``.
    """
    fault = prompts.check_syntax(source)
    if fault is not None:
        line = document.template_line(loc, fault[1])
        raise document.error(loc, f"the template is broken: {fault[0]}", line=line)
    read = prompts.variables(source)
    for name in sorted(read - set(known)):
        message = f"undefined template variable '{name}'{did_you_mean(name, known)}"
        line = document.line_of(loc, name)
        raise document.error(
            loc, message, line=line, hint=f"variables: {one_of(sorted(known), 30)}"
        )
    return read
