"""Small changes of the core, made by Cosmic Ray's operators, and how each is put into running code."""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import attrs
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[3]
SAME = ("Is_Eq", "Eq_Is", "IsNot_NotEq", "NotEq_IsNot")
"""Between members of an enumeration, None and strings: the same where it is right, and no style to test for."""


@attrs.frozen
class Mutant:
    """One change of one file."""

    file: str
    line: int
    operator: str
    source: str = attrs.field(repr=False)
    """The whole file with the change in it."""

    @property
    def name(self) -> str:
        """What is changed where, in one line."""
        return f"{self.file}:{self.line}: {self.operator.partition('/')[2]}: {self.changed_line}"

    @property
    def changed_line(self) -> str:
        """The line as it stands in the mutant."""
        return self.source.splitlines()[self.line - 1].strip()

    @property
    def module(self) -> str:
        """The name of the module."""
        return "leadnator_auth." + self.file.removesuffix(".py").replace("/", ".")

    @property
    def original(self) -> str:
        """The file as it is."""
        return (ROOT / self.file).read_text("utf-8")

    def swap(self) -> bool:
        """Puts the change into the loaded module; returns whether it is one within functions alone."""
        module = sys.modules[self.module]
        old = compile(self.original, self.file, "exec", dont_inherit=True)
        new = compile(self.source, self.file, "exec", dont_inherit=True)
        if not _is_same_outside_of_functions(old, new):
            return False
        codes = dict(_functions_in(new))
        for name, code in _functions_in(old):
            if codes[name] != code:
                _function(module, name).__code__ = codes[name]
        return True


def mutants_of(file: str) -> Iterator[Mutant]:
    """Returns the mutants of a file; those are left out in which only an annotation or nothing at all is different."""
    path = ROOT / file
    source = path.read_text("utf-8")
    known = {_meaning(source)}
    tree = get_ast_from_path(path)
    for name in sorted(operator_names()):
        if get_operator(name).arguments() or name.endswith(SAME):  # the former need to be told what to insert
            continue
        operator = get_operator(name)()
        positions = [place for node in ast_nodes(tree) for place in operator.mutation_positions(node)]
        for occurrence, ((line, _), _) in enumerate(positions):
            mutated = mutate_code(source, operator, occurrence)
            meaning = _meaning(mutated) if mutated else None
            if mutated and meaning and meaning not in known:
                known.add(meaning)
                yield Mutant(file, line, name, mutated)


def _meaning(source: str) -> str | None:
    """Returns what a source does when it runs; None when it does not compile."""
    try:
        return ast.dump(_WithoutAnnotations().visit(ast.parse(source)))
    except SyntaxError:
        return None


class _WithoutAnnotations(ast.NodeTransformer):
    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        """Whether an argument is passed by name is for the type checker."""
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.defaults = [*node.defaults, *(default for default in node.kw_defaults if default)]
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _functions_in(code: CodeType, prefix: str = "") -> Iterator[tuple[str, CodeType]]:
    """Returns the code of functions and methods, by their qualified names; what is inside of them is part of them."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            if _is_function(constant):
                yield prefix + constant.co_name, constant
            else:
                yield from _functions_in(constant, f"{prefix}{constant.co_name}.")


def _is_same_outside_of_functions(old: CodeType, new: CodeType) -> bool:
    def rest(code: CodeType) -> list[object]:
        constants = [
            rest(c) if isinstance(c, CodeType) and not _is_function(c) else _constant(c) for c in code.co_consts
        ]
        return [code.co_code, code.co_names, constants]

    names = [dict(_functions_in(code)).keys() for code in (old, new)]
    return rest(old) == rest(new) and names[0] == names[1]


def _is_function(code: CodeType) -> bool:
    """Returns whether it has a name to be found by: what a module's lambdas and comprehensions did is done already."""
    return bool(code.co_flags & inspect.CO_NEWLOCALS) and not code.co_name.startswith("<")


def _constant(constant: object) -> object:
    return constant.co_name if isinstance(constant, CodeType) else (type(constant), constant)


def _function(module: ModuleType, name: str) -> FunctionType:
    *owners, last = name.split(".")
    found: object = module
    for owner in owners:
        found = getattr(found, owner)
    found = inspect.getattr_static(found, last)
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    found = inspect.unwrap(found)  # type: ignore[arg-type]
    assert isinstance(found, FunctionType)
    return found
