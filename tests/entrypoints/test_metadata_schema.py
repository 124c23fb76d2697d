"""The setting that names a JSON Schema: read when the server starts, and told in one line where it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from leadnator_auth.domain import JsonObject
from leadnator_auth.entrypoints.compose.metadata_schema import metadata_schema
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import SettingError, StartError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a schema."""
    path = tmp_path / "schema.json"
    path.write_text('{"properties": {"theme": {"enum": ["dark", "light"]}}, "additionalProperties": false}')
    return path


async def test_a_schema_is_in_force(file: Path) -> None:
    schema = metadata_schema(Settings(user_metadata_schema=file))
    assert schema is not None
    assert await schema.problem(JsonObject.of({"theme": "dark"})) is None
    assert await schema.problem(JsonObject.of({"theme": "blue"})) == "$.theme: 'blue' is not one of ['dark', 'light']"


def test_without_the_setting_there_is_none_and_nothing_of_its_library_is_loaded() -> None:
    assert metadata_schema(Settings()) is None
    program = "import leadnator_auth.entrypoints.compose.ports, sys; print({'jsonschema', 're2'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_a_file_that_holds_none_is_told_in_one_line(file: Path) -> None:
    file.write_text('{"$ref": "https://example.com/schema.json"}')
    with pytest.raises(StartError) as told:
        metadata_schema(Settings(user_metadata_schema=file))
    line = str(told.value)
    assert line.startswith(f"LEADNATOR_USER_METADATA_SCHEMA: got {str(file)!r}, takes a file with a JSON Schema; ")
    assert "\n" not in line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"LEADNATOR_USER_METADATA_SCHEMA: got .*, takes a file with a JSON Schema"):
        Settings.read({"LEADNATOR_USER_METADATA_SCHEMA": str(tmp_path / "none.json")})


def test_an_extra_that_is_not_installed_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "leadnator_auth.adapters.json_schema", raising=False)
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(
        StartError, match=r"LEADNATOR_USER_METADATA_SCHEMA needs the extra: pip install '.\[jsonschema\]'"
    ):
        metadata_schema(Settings(user_metadata_schema=file))
