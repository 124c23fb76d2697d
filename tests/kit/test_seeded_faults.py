"""The tests of the tests: each published suite catches the adapter with a fault, and says what to mend."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from leadnator_auth.testing import contract

FILES = sorted(Path(__file__).parent.glob("faulty_*.py"))
FAULTS = [
    (node.name, *(ast.literal_eval(line.value) for line in node.body[:2] if isinstance(line, ast.Assign)))
    for file in FILES
    for node in ast.parse(file.read_text()).body
    if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
]

Failures = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Failures:
    """What failed with which words, by class and test; all faults in one run, in pytest-asyncio's strict mode."""
    found: Failures = defaultdict(dict)

    class Collector:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            _, suite, test = report.nodeid.split("::")
            if report.failed:
                found[suite][test.partition("[")[0]] = report.longreprtext

    folder = tmp_path_factory.mktemp("faults")
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    for file in FILES:
        (folder / f"test_{file.name}").write_text(file.read_text())
    pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)], plugins=[Collector()])
    return found


@pytest.mark.parametrize(("suite", "caught_by", "tells"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_caught_and_the_message_says_what_to_mend(
    failures: Failures, suite: str, caught_by: str, tells: str
) -> None:
    assert caught_by in failures[suite], f"only these failed: {sorted(failures[suite])}"
    assert tells in failures[suite][caught_by]


def test_there_is_a_fault_for_every_suite() -> None:
    suites = {name for name in contract.__all__ if name.endswith("Contract")}
    text = "".join(file.read_text() for file in FILES)
    assert {name for name in suites if f"{name}):\n" in text} == suites
