"""What the command makes of its standard streams and of variables that are meant for others, seen from inside."""

import gc
import io
import os
import sys
from pathlib import Path

import click
import pytest
import uvicorn

from leadnator_auth.entrypoints.cli.program import FOREIGN, FOREIGN_PREFIXES, is_foreign, without_foreign_variables
from leadnator_auth.entrypoints.cli.standard_streams import Output, printable, problem_of, told
from leadnator_auth.entrypoints.cli.webhooks import webhooks as cli_webhooks
from leadnator_auth.entrypoints.server.serve import uvicorn_options
from leadnator_auth.entrypoints.settings import Settings

PAGE = next((Path(__file__).parents[2] / "docs").rglob("settings.md")).read_text()


def output_to(path: Path | str, encoding: str = "utf-8") -> Output:
    return Output(path, encoding)


def test_a_stream_that_works_has_all_and_no_failure(tmp_path: Path) -> None:
    with output_to(tmp_path / "out", "latin-1") as stream:
        stream.write("Łé\udcff\n")
        stream.flush()
        assert stream.failure is None
    assert (tmp_path / "out").read_bytes() == b"\\u0141\xe9\\udcff\n"


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_stream_that_is_full_remembers_its_first_failure_and_goes_on(size: int) -> None:
    stream = output_to("/dev/full")
    for _ in range(3):
        assert stream.write("x" * size) == size
        stream.flush()
    assert stream.failure is not None
    assert stream.failure.strerror == "No space left on device"


@pytest.mark.parametrize("size", [1, 100_000])
def test_data_fails_once_it_cannot_be_written_and_nothing_is_said_of_it_behind_our_back(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: said.append(told.exc_type))
    stream = output_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        for _ in range(3):
            stream.write_data(b"x" * size)
            stream.flush_data()
    assert problem_of(stream) == "cannot write to standard output: No space left on device"
    stream.close()
    del stream
    gc.collect()
    assert [each for each in said if each is not ResourceWarning] == []


def test_data_is_written_as_it_is(tmp_path: Path) -> None:
    with output_to(tmp_path / "out", "latin-1") as stream:
        stream.write_data("Łé\n".encode())
        stream.flush_data()
    assert (tmp_path / "out").read_bytes() == "Łé\n".encode()


def test_data_fails_where_the_stream_was_closed_and_talk_does_not(tmp_path: Path) -> None:
    with Output(tmp_path / "out", "utf-8", is_closed_outside=True) as stream:
        stream.write("talk\n")
        stream.flush()
        assert problem_of(stream) == ""
        with pytest.raises(OSError, match="it is closed"):
            stream.flush_data()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(5, "Input/output error", "a\nb\x1b[2J"), r"a\u000ab\u001b[2J: Input/output error"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError("words"), "words"),
    ],
)
def test_an_error_is_one_line_that_steers_no_terminal(error: OSError, line: str) -> None:
    assert told(error) == line


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("what", ["a\nb", "\x1b[2J", "\u202e", "\u2028"])
def test_so_is_a_question(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    asked = io.StringIO()
    monkeypatch.setattr(sys, "stderr", asked)
    with pytest.raises(click.Abort):
        cli_webhooks(["delete", what], standalone_mode=False)
    assert asked.getvalue().startswith(f"Remove {printable(what)} with")
    assert what not in asked.getvalue()


def test_variables_of_others_are_away_while_a_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = {"PGHOST": "a", "WEB_CONCURRENCY": "auto", "http_proxy": "b", "HTTPS_PROXY": "c", "TQDM_NCOLS": "d"}
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with without_foreign_variables():
        assert not [name for name in os.environ if is_foreign(name)]
        assert os.environ["SSL_CERT_FILE"] == "/nowhere"
    assert {name: os.environ[name] for name in foreign} == foreign


@pytest.mark.parametrize("name", ["PATH", "HOME", "SSL_CERT_FILE", "OTEL_TRACES_SAMPLER", "LEADNATOR_PG", "TMPDIR"])
def test_what_is_obeyed_or_harmless_stays(name: str) -> None:
    assert not is_foreign(name)


@pytest.mark.parametrize("name", [*sorted(FOREIGN), *FOREIGN_PREFIXES])
def test_each_of_them_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_uvicorn_is_told_what_it_would_read_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "auto")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    config = uvicorn.Config("none", workers=1, **uvicorn_options(Settings()))
    assert (config.workers, config.forwarded_allow_ips, config.proxy_headers) == (1, [], False)


@pytest.mark.parametrize("seconds", [1, 75, 3600])
def test_a_connection_is_kept_as_long_as_it_is_set(seconds: int) -> None:
    assert uvicorn_options(Settings(keep_alive=seconds))["timeout_keep_alive"] == seconds
