"""The command as it is installed: whatever interrupts it, it ends in one line."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from leadnator_auth import __main__ as program

COMMAND = "leadnator_auth.entrypoints.cli"


class Interruption:
    """Ctrl-C, while the command is loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == COMMAND:
            raise KeyboardInterrupt
        return None


def test_ctrl_c_while_it_loads_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, COMMAND, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interruption(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "Aborted!\n")


def test_the_package_is_the_command_too() -> None:
    told = subprocess.run([sys.executable, "-m", "leadnator_auth", "--version"], capture_output=True, text=True)
    assert told.returncode == 0
    assert told.stdout.startswith("leadnator-auth")
