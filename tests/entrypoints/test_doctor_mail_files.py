"""What `doctor` says of the mails that are files, and of an operator's templates."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from leadnator_auth.entrypoints.compose.doctor import checks
from leadnator_auth.entrypoints.compose.ports import prepare
from leadnator_auth.entrypoints.doctor import Finding, Level, examine
from leadnator_auth.entrypoints.doctor.local import check_mail_files
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder with two mails in it, as they are made."""
    (tmp_path / "mail").mkdir(mode=0o700)
    for name in ("1.eml", "2.eml"):
        (tmp_path / "mail" / name).touch(mode=0o600)
    return tmp_path / "mail"


def found_in(folder: Path, *, is_used: bool = True) -> list[Finding]:
    found = list(check_mail_files(folder, is_used=is_used))
    assert all(bool(each.cure) is (each.level is not Level.OK) for each in found)
    return found


def test_mails_that_lie_there_are_counted(folder: Path) -> None:
    (finding,) = found_in(folder)
    assert (finding.level, "2 mails" in finding.found) == (Level.OK, True)


def test_mails_from_before_there_was_a_server_are_warned_of(folder: Path) -> None:
    (finding,) = found_in(folder, is_used=False)
    assert (finding.level, "never sent" in finding.found) == (Level.WARN, True)
    for file in folder.iterdir():
        file.unlink()
    assert [each.level for each in found_in(folder, is_used=False)] == [Level.OK]


def test_where_there_is_no_folder_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert found_in(tmp_path / "mail") == []
    (tmp_path / "mail").touch()
    assert found_in(tmp_path / "mail") == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
@pytest.mark.parametrize("name", ["1.eml", ".m_1.draft"])
def test_a_mail_that_others_can_read_fails(folder: Path, name: str, mode: int) -> None:
    (folder / name).touch()
    (folder / name).chmod(mode)
    (finding,) = found_in(folder)
    assert (finding.level, "chmod 600" in finding.cure) == (Level.FAIL, True)
    assert "1 files" in finding.found


@pytest.mark.parametrize(("mode", "level"), [(0o755, Level.FAIL), (0o701, Level.FAIL), (0o750, Level.WARN)])
def test_a_folder_that_others_can_enter_is_told(folder: Path, mode: int, level: Level) -> None:
    folder.chmod(mode)
    (finding,) = found_in(folder)
    assert (finding.level, finding.cure) == (level, f"chmod 700 {folder}")


def of_templates(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    monkeypatch.chdir(folder)
    settings = Settings(mail_templates=folder)
    return list(examine(check for check in checks(settings, {}, None) if check.name == "mail templates"))


def test_templates_that_mails_can_be_made_of_are_ok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reset_link.txt").write_text("Here: {{ link }}", "utf-8-sig")
    assert [each.level for each in of_templates(tmp_path, monkeypatch)] == [Level.OK]


@pytest.mark.parametrize("name", ["reset_link.txt", "en/password_changed.html", "reset_link.subject.txt"])
@pytest.mark.parametrize("content", [b"{{ lnik }}", b"{% if %}", b"\xff\xfe{\x00", b"{{ 1 / 0 }}"])
def test_a_broken_template_fails_before_a_mail_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    (finding,) = of_templates(tmp_path, monkeypatch)
    assert finding.level is Level.FAIL
    assert Path(name).name in finding.found
    assert "MAIL_TEMPLATES" in finding.cure

    with pytest.raises(StartError) as refusal:
        prepare(Settings(mail_templates=tmp_path))
    line = str(refusal.value)
    assert line.isprintable()
    assert line.startswith(f"LEADNATOR_MAIL_TEMPLATES: the mail template {Path(name).name} ")
    assert not Path("leadnator.db").exists(), "before anything is made"


def test_a_fault_that_has_a_line_is_told_with_its_file_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "footer.txt").write_text("One\n{{ two }")
    (tmp_path / "reset_link.txt").write_text("{{ link }}\n{% include 'footer.txt' %}")
    with pytest.raises(
        StartError, match=rf"reset_link.txt \({re.escape(str(tmp_path))}/footer.txt, line 2\) is broken"
    ):
        prepare(Settings(mail_templates=tmp_path))


def test_a_template_that_no_mail_is_made_of_keeps_nobody_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("de/reset_link.txt", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{% broken")
    assert prepare(Settings(mail_templates=tmp_path))


def test_without_the_setting_no_template_is_read(tmp_path: Path) -> None:
    program = (
        "import sys; from leadnator_auth.entrypoints.compose.ports import Settings, prepare; prepare(Settings()); "
        "print('jinja2' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


def test_without_templates_of_an_operator_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not list(examine(check for check in checks(Settings(), {}, None) if check.name == "mail templates"))
