"""The page of all public names says what the code says, of every one of them."""

import ast
import importlib
import inspect
import re

import pytest

from tests.extra.docs import python_reference
from tests.extra.docs.python_source import public_modules, public_names
from tests.kit.test_public_modules import MODULES

PAGE = python_reference.PAGE.read_text()
AGAIN = "write it again: env -u PYTHONSAFEPATH python -m tests.extra.docs.python_reference"
INTEGRATIONS = {f"leadnator_auth.integrations.{framework}" for framework in ("fastapi", "flask", "django")} | {
    "leadnator_auth.verifier.fastapi"
}


def test_the_page_is_what_the_source_makes() -> None:
    assert python_reference.page() == PAGE, AGAIN


def test_every_public_module_is_on_it() -> None:
    assert set(public_modules()) == {*MODULES[1:], *INTEGRATIONS}
    assert re.findall(r"^## (\S+)$", PAGE, re.MULTILINE) == public_modules()


@pytest.mark.parametrize("module", public_modules())
def test_every_public_name_is_on_it_with_words(module: str) -> None:
    section = PAGE.partition(f"\n## {module}\n")[2].partition("\n## ")[0]
    for each in public_names(module):
        (line,) = re.findall(rf"^- \*\*{re.escape(each.name)}\*\*: (.*)$", section, re.MULTILINE)
        is_plain = isinstance(each.definition, ast.Assign | ast.AnnAssign)
        assert is_plain or not line.endswith("`"), f"{module}.{each.name} has no words"
        for error in re.findall(r"\w+Error\b", each.words.partition("Raises:")[2]):
            assert error in line or isinstance(each.definition, ast.ClassDef)


def errors_without_a_reason() -> list[Exception]:
    """Returns one of each public error that can be raised without telling what happened."""
    modules = [importlib.import_module(module) for module in MODULES[1:]]
    values = [getattr(module, name) for module in modules for name in module.__all__]
    errors = {value for value in values if inspect.isclass(value) and issubclass(value, Exception)}
    return [made for error in sorted(errors, key=lambda error: error.__name__) if (made := without_a_reason(error))]


def without_a_reason(error: type[Exception]) -> Exception | None:
    try:
        return error()
    except TypeError:
        return None


@pytest.mark.parametrize("error", errors_without_a_reason(), ids=lambda error: type(error).__name__)
def test_an_error_without_a_reason_still_says_what_is_wrong(error: Exception) -> None:
    assert str(error).endswith(".")


@pytest.mark.parametrize("module", MODULES[1:])
def test_no_name_that_python_sees_is_missing(module: str) -> None:
    assert sorted(names_on_the_page(module)) == sorted(importlib.import_module(module).__all__), AGAIN


def names_on_the_page(module: str) -> list[str]:
    """Returns what the page tells of a module."""
    section = PAGE.partition(f"\n## {module}\n")[2].partition("\n## ")[0]
    return re.findall(r"^- \*\*(\w+)\*\*: ", section, re.MULTILINE)


def test_arguments_are_those_that_python_sees() -> None:
    import leadnator_auth.domain as core

    for each in public_names("leadnator_auth.domain"):
        function = getattr(core, each.name)
        if inspect.isfunction(function):
            way = "await " if inspect.iscoroutinefunction(function) else ""
            (line,) = re.findall(rf"^- \*\*{each.name}\*\*: `{way}{each.name}\((.*?)\) -> ", PAGE, re.MULTILINE)
            assert all(re.search(rf"\b{name}: ", line) for name in inspect.signature(function).parameters), line
