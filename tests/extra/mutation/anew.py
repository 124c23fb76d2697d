"""Changes outside of functions: the package and its tests are loaded anew, with the change in it."""

import ast
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

import attrs
import pytest

from tests.extra.mutation.mutants import ROOT, Mutant

MOST_FILES = 4
"""Of tests, that are tried before all the others."""


def fails_anew(mutant: Mutant, tests: Sequence[str], *, quick: bool = False) -> str:
    """Returns "anew" if any test fails, else an empty text; this process is of no use for anything else then.

    Asserts must be plain: else pytest loads by itself whatever has plugins for it. The files that name most of what the
    module declares are tried first; with `quick`, no others are.
    """
    nearest = _nearest(mutant, tests)
    others = [f"--ignore={file}" for file in nearest]
    is_noticed = _fails(mutant, [*tests, *nearest])
    is_noticed = is_noticed or (not quick and _fails(mutant, [*tests, *others, "tests/unit"]))
    return "anew" if is_noticed else ""


def _fails(mutant: Mutant, arguments: list[str]) -> bool:
    for name in list(sys.modules):
        if name.startswith(("leadnator_auth", "tests.")) and not name.startswith("tests.extra"):
            del sys.modules[name]
    finder = _Finder(mutant)
    sys.meta_path.insert(0, finder)
    result = pytest.main(arguments)
    sys.meta_path.remove(finder)
    return result not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


@attrs.frozen
class _Finder(MetaPathFinder):
    """Finds the module that is changed."""

    mutant: Mutant

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        file = str(ROOT / self.mutant.file)
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, file, self.mutant.source))


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


def _nearest(mutant: Mutant, tests: Sequence[str]) -> list[str]:
    tree = ast.parse((ROOT / mutant.file).read_text("utf-8"))
    names = "|".join(name for node in tree.body for name in _declared(node)) or "$."
    word = re.compile(rf"\b(?:{names}|{Path(mutant.file).stem})\b")
    texts = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in (ROOT / "tests/unit").glob("test_*.py")}
    named = {file: len(set(word.findall(text))) for file, text in texts.items() if f"--ignore={file}" not in tests}
    return sorted(named, key=lambda file: (-named[file], file))[:MOST_FILES]


def _declared(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
