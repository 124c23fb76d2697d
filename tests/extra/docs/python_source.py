"""Finds public names in the source without importing it: the same on every Python, with and without extras."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
PACKAGE = "leadnator_auth"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Named(NamedTuple):
    """A public name: where it is defined, and the words on it."""

    name: str
    definition: Definition
    words: str


def public_modules() -> list[str]:
    """Returns the modules that the package names, in their order."""
    words = ast.get_docstring(_tree(PACKAGE)) or ""
    names: list[str] = []
    for name in re.findall(r"`([\w.]+)`", words.partition("\n- ")[2]):
        beside = names[-1].split(".")[1] if names else ""  # `.system` after `leadnator_auth.adapters.sql`
        full = f"{PACKAGE}.{beside}{name}" if name.startswith(".") else name
        if full.startswith(f"{PACKAGE}.") and full not in names:
            names.append(full)
    return names


def words_of(module: str) -> str:
    """Returns the docstring of a module."""
    return ast.get_docstring(_tree(module)) or ""


def public_names(module: str) -> list[Named]:
    """Returns what a module's `__all__` names, by name."""
    return [found(module, name) for name in sorted(_exported(module))]


def _exported(module: str) -> list[str]:
    """Returns `__all__`, to which those of other modules may be added."""
    names: list[str] = []
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and _assigned(node) == "__all__":
            names = list(ast.literal_eval(node.value))
        elif isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "__all__":
            names += _exported(_origin(module, ast.unparse(node.value).removesuffix(".__all__")))
    if not names:
        raise LookupError(f"{module} says nothing of what is public")
    return names


def _origin(module: str, name: str) -> str:
    """Returns the full name of a module that another one imports by this name."""
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and any(each.name == name for each in node.names):
            return f"{node.module}.{name}"
    raise LookupError(f"{module} has no {name}")


def found(module: str, name: str) -> Named:
    """Returns a name as it is defined, in this module or in the one that it comes from."""
    body = list(_statements(_tree(module)))
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and any(each.name == name for each in node.names):
            return found(str(node.module), name)
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and name in _exported(str(node.module)):
            return found(str(node.module), name)
        if isinstance(node, Function | ast.ClassDef) and node.name == name:
            return Named(name, node, ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign | ast.AnnAssign) and _assigned(node) == name:
            return Named(name, node, _text(after))
    raise LookupError(f"{module} has no {name}")


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yields what is at the top of a module; what is imported for its types alone may be loaded when asked for."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body
        else:
            yield node


def members(kind: ast.ClassDef) -> Iterator[Named]:
    """Yields the public methods and properties of a class in their order, but for the tests of a suite."""
    for node in kind.body:
        if isinstance(node, Function) and not node.name.startswith(("_", "test_")):
            yield Named(node.name, node, ast.get_docstring(node) or "")


def decorators(node: Definition) -> set[str]:
    """Returns the names of its decorators."""
    return {ast.unparse(each).partition("(")[0] for each in getattr(node, "decorator_list", [])}


@cache
def _tree(module: str) -> ast.Module:
    base = ROOT / "src" / module.replace(".", "/")
    path = base / "__init__.py"
    return ast.parse((path if path.is_file() else base.with_suffix(".py")).read_text())


def _assigned(node: ast.stmt) -> str:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return targets[0].id if targets and isinstance(targets[0], ast.Name) else ""


def _text(node: ast.stmt | None) -> str:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return str(node.value.value) if is_text else ""  # type: ignore[union-attr]  # as was looked at
