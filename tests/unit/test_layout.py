"""The shape of the code: folders, circles, faces of packages, arguments, and what the formatter may
not touch.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "claimbench": ROOT / "harness" / "claimbench",
    "claimbench_providers": ROOT / "providers" / "claimbench_providers",
    "claimbench_reports": ROOT / "reports" / "claimbench_reports",
}
COMMANDS = PACKAGES["claimbench"] / "cli" / "commands"

MOST_MODULES = 15
"""Modules in one folder, ``__init__`` apart; the commands, one file each, are as many as there are."""

MOST_PARAMETERS = 8

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def product_files() -> list[Path]:
    return [path for root in PACKAGES.values() for path in sorted(root.rglob("*.py"))]


def script_files() -> list[Path]:
    return [*sorted((ROOT / "make").glob("*.py")), *sorted((ROOT / ".ci").glob("*.py"))]


def files_of_tests() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def packages() -> list[str]:
    """Dotted names of all packages."""
    found = []
    for name, root in PACKAGES.items():
        for init in sorted(root.rglob("__init__.py")):
            found.append(".".join((name, *init.parent.relative_to(root).parts)))
    return found


# --- folders --------------------------------------------------------------------------------------


def test_no_folder_holds_more_modules_than_a_reader_can_hold_in_mind() -> None:
    modules = Counter(path.parent for path in product_files() if path.name != "__init__.py")
    folder, most = max(
        ((folder, n) for folder, n in modules.items() if folder != COMMANDS),
        key=lambda entry: entry[1],
    )
    assert most <= MOST_MODULES, (
        f"the largest folder is {shown(folder)} with {most} modules; at most {MOST_MODULES} belong"
        " in one: split it by topic"
    )


STARTED = re.compile(r"\[?\s*sys\.executable,\s*(?:\"(-\w+)\")?")


def test_a_python_that_we_start_takes_no_module_from_the_current_folder() -> None:
    """``-c`` and ``-m`` put it first on the path: a stranger's ``json.py`` would run."""
    found = {}
    for path in product_files():
        for number, first in enumerate(STARTED.findall(path.read_text(encoding="utf-8"))):
            found[path.name, number] = first
    assert len(found) >= 7
    assert set(found.values()) <= {"-P", "-I"}, found


def test_one_file_a_command() -> None:
    from claimbench.cli import COMMANDS as NAMES

    files = {path.stem for path in COMMANDS.glob("*.py")} - {"__init__"}
    assert files == {module for module, _ in NAMES.values()}


# --- imports --------------------------------------------------------------------------------------


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which imports, over others, itself (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        path.append(module)
        for imported in sorted(arrows[module]):
            if imported not in index:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in path:
                lowest[module] = min(lowest[module], index[imported])
        if lowest[module] == index[module]:
            group = path[path.index(module) :]
            del path[path.index(module) :]
            if len(group) > 1 or module in arrows[module]:
                found.append(sorted(group))

    for module in sorted(arrows):
        if module not in index:
            visit(module)
    return found


def test_circles_are_found() -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "d"}}
    assert circles(arrows) == [["b", "c"], ["d"]]


def test_no_module_imports_itself_over_others_not_even_for_a_type() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    arrows = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    found = circles(arrows)
    assert not found, "circles of imports: " + "; ".join(" <-> ".join(group) for group in found)


# --- faces ----------------------------------------------------------------------------------------


def test_every_package_says_what_it_holds() -> None:
    silent = [
        shown(path)
        for path in product_files()
        if path.name == "__init__.py" and not ast.get_docstring(parsed(path))
    ]
    assert silent == [], "these packages have no docstring"


@pytest.mark.parametrize("name", packages())
def test_what_a_package_hands_on_is_there(name: str) -> None:
    package = importlib.import_module(name)
    names = getattr(package, "__all__", ())
    assert len(set(names)) == len(names), f"{name}.__all__ names something twice"
    missing = [each for each in names if not hasattr(package, each)]
    assert missing == [], f"{name}.__all__ names what {name} does not have"


# --- functions ------------------------------------------------------------------------------------


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, FUNCTION]]:
    """Every function with its dotted name, methods and inner functions included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FUNCTION | ast.ClassDef):
            name = f"{within}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from functions(node, f"{name}.")
        else:
            yield from functions(node, within)


def is_command(function: FUNCTION) -> bool:
    """Tell whether click calls it: it then gets every option as an argument of its own."""
    return any("click." in ast.unparse(each) for each in function.decorator_list)


def count_of_parameters(function: FUNCTION) -> int:
    """All parameters but the instance or class of a method."""
    given = function.args
    named = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    stars = (given.vararg is not None) + (given.kwarg is not None)
    return len(named) + stars - (bool(named) and named[0] in {"self", "cls"})


def test_no_function_has_more_parameters_than_a_caller_can_order() -> None:
    found = [
        f"{shown(path)}:{function.lineno} {name} has {count_of_parameters(function)}"
        for path in (*product_files(), *script_files())
        for name, function in functions(parsed(path))
        if not is_command(function) and count_of_parameters(function) > MOST_PARAMETERS
    ]
    assert found == [], f"at most {MOST_PARAMETERS}: group what belongs together in a dataclass"


# --- the formatter --------------------------------------------------------------------------------


def switched_off(path: Path) -> list[int]:
    """Lines with a comment that stops the formatter; words in strings do not count."""
    source = path.read_text(encoding="utf-8")
    if "fmt:" not in source:
        return []
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    return [c.start[0] for c in comments if re.match(r"# *fmt: *(skip|off)", c.string)]


def is_table(statement: ast.stmt) -> bool:
    """Tell whether a statement is data only: a value of a constant, or a test's table of cases."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(name, ast.Name) and name.id.isupper() for name in statement.targets)
    if isinstance(statement, ast.AnnAssign):
        return isinstance(statement.target, ast.Name) and statement.target.id.isupper()
    return False


def table_lines(tree: ast.Module | ast.ClassDef) -> set[int]:
    """Every line of a table: constants of a module or class, and the arguments of ``parametrize``."""
    lines: set[int] = set()
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            lines |= table_lines(statement)
        spans: list[ast.stmt | ast.expr] = [statement] if is_table(statement) else []
        for decorator in getattr(statement, "decorator_list", ()):
            if ".parametrize(" in ast.unparse(decorator):
                spans.append(decorator)
        for span in spans:
            lines.update(range(span.lineno, (span.end_lineno or span.lineno) + 1))
    return lines


def not_tables(files: list[Path]) -> list[str]:
    found = []
    for path in files:
        tree = parsed(path)
        tables = table_lines(tree)
        starts = {line for line in tables if line - 1 not in tables}
        for line in switched_off(path):
            # `fmt: off` stands on a line of its own above its table.
            if line not in tables and line + 1 not in starts:
                found.append(f"{shown(path)}:{line}")
    return found


def test_the_formatter_lays_out_all_of_the_product_but_tables() -> None:
    found = not_tables(product_files() + script_files())
    assert found == [], f"{len(found)} places keep the formatter out that are no table"


def test_the_formatter_lays_out_all_of_the_tests_but_tables() -> None:
    found = not_tables(files_of_tests())
    assert found == [], f"{len(found)} places keep the formatter out that are no table"
