"""The integrations as modules: public names with words, and no framework before it is asked for."""

import importlib
import inspect
import subprocess
import sys

import pytest

from tests.kit.test_python_reference import names_on_the_page

FRAMEWORKS = ["fastapi", "flask", "django"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_is_public_is_there_and_documented(framework: str) -> None:
    module = importlib.import_module(f"leadnator_auth.integrations.{framework}")
    assert sorted(module.__all__) == list(module.__all__)
    for name in module.__all__:
        value = getattr(module, name)
        assert not inspect.isroutine(value) or (value.__doc__ or "").strip(), f"{name} has no words"


@pytest.mark.parametrize("module", [*(f"integrations.{each}" for each in FRAMEWORKS), "verifier.fastapi"])
def test_all_that_is_public_is_on_the_page(module: str) -> None:
    public = importlib.import_module(f"leadnator_auth.{module}").__all__
    assert sorted(names_on_the_page(f"leadnator_auth.{module}")) == sorted(public)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_module_imports_its_framework_and_no_other(framework: str) -> None:
    importing = f"before = set(sys.modules); import leadnator_auth.integrations.{framework}"
    program = f"import sys, leadnator_auth.integrations; {importing}; print(*before); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = ({name.partition(".")[0] for name in line.split()} for line in run.stdout.splitlines())
    assert before & set(FRAMEWORKS) == set()
    assert after & set(FRAMEWORKS) == {framework}
