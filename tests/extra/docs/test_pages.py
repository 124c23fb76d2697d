"""The commands of the pages do what the pages show; what is not run says why, and there is little of it."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.adapters.foreign_vectors import FIREBASE
from tests.adapters.hashes import plain_hash
from tests.adapters.mail.smtp_server import Inbox, receiving
from tests.conftest import NewDatabase
from tests.e2e.server import free_port
from tests.extra.docs.markdown import ROOT, Block, blocks, pages
from tests.extra.docs.terminal import run_page

HOW_TO = ROOT / "docs" / "how-to"
# Their commands take minutes, change the environment the tests run in, or are run by tests of their own.
RUN_ELSEWHERE = {
    "CONTRIBUTING.md",
    "docs/reference/metrics.md",
    "docs/explanation/performance.md",
    "docs/explanation/scaling.md",
    "docs/how-to/testing.md",
    "docs/how-to/embedding.md",
    "docs/explanation/testing-proof.md",
    "docs/explanation/mutation-testing.md",
}
MAX_NOT_RUN = 8


def without_installing(page: Path) -> list[Block]:
    """Returns the blocks of a page but for those that fetch packages: the command is installed where tests run."""
    return [block for block in blocks(page) if "pip install" not in block.text]


@pytest.mark.parametrize(
    "page",
    [
        ROOT / "docs" / "tutorial" / "front-end.md",
        *(
            HOW_TO / f"{name}.md"
            for name in (
                "api-keys",
                "forward-auth",
                "reverse-proxy",
                "backups",
                "master-key",
                "email-verification",
                "own-account",
                "keys",
                "second-factors",
                "token-pairs",
            )
        ),
    ],
    ids=lambda path: path.stem,
)
def test_its_commands_do_what_it_shows(page: Path, tmp_path: Path) -> None:
    run_page(blocks(page), tmp_path)


def test_a_backup_has_the_accounts(tmp_path: Path) -> None:
    made = "leadnator-auth users create --email a@example.com --name A --password-stdin <<< a-long-passphrase\n"
    looked = "cd backup && leadnator-auth users list --json | grep -c a@example.com\n"
    steps = blocks(HOW_TO / "backups.md")
    run_page([steps[0], Block("sh", made), *steps[1:], Block("sh", looked, printed="1\n")], tmp_path)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_postgresql(tmp_path: Path, new_database: NewDatabase) -> None:
    url = "postgresql://auth:password@db.example.com/auth?sslmode=verify-full"
    ours = new_database(migrated=False)
    steps = without_installing(HOW_TO / "postgresql.md")
    run_page([each._replace(text=each.text.replace(url, ours)) for each in steps], tmp_path)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_sharing_a_database(tmp_path: Path, new_database: NewDatabase) -> None:
    url = "postgresql://app:password@db.example.com/app"
    ours = new_database(migrated=False)
    steps = blocks(HOW_TO / "share-a-database.md")
    run_page([each._replace(text=each.text.replace(url, ours)) for each in steps], tmp_path)


def test_smtp(tmp_path: Path) -> None:
    inbox = Inbox()
    with receiving(inbox) as port:
        url = "smtp+starttls://user:password@smtp.example.com:587"
        ours = f"smtp://127.0.0.1:{port}"
        run_page([each._replace(text=each.text.replace(url, ours)) for each in blocks(HOW_TO / "smtp.md")], tmp_path)
    assert [mail.recipients for mail in inbox.mails] == [["you@example.com"]]


def test_importing(tmp_path: Path) -> None:
    made = plain_hash("secret")
    (tmp_path / "users.csv").write_text(f"name,email,password_hash\nA,a@example.com,{made}\n")
    (tmp_path / "people.csv").write_text(f"Name;E-Mail;Hash\nB;b@example.com;{made}\n")
    (tmp_path / "signer-key").write_text(FIREBASE["signer_key"])
    user = {"displayName": "C", "email": "c@example.com", "passwordHash": FIREBASE["password_hash"]}
    (tmp_path / "users.ndjson").write_text(json.dumps(user | {"salt": FIREBASE["salt"]}))
    run_page(without_installing(HOW_TO / "import.md"), tmp_path)
    assert {line.split(",")[1] for line in (tmp_path / "everybody.csv").read_text().splitlines()[1:]} == set("ABC")


def test_webhooks(tmp_path: Path) -> None:
    port = str(free_port())
    steps = [
        each._replace(text=each.text.replace("9000", port), printed=each.printed and each.printed.replace("9000", port))
        for each in blocks(HOW_TO / "webhooks.md")
    ]
    try:
        run_page(steps, tmp_path)
    finally:
        with suppress(OSError):  # it ended with the page, unless that failed
            os.kill(int((tmp_path / "receiver.pid").read_text()), signal.SIGKILL)


def test_what_is_not_run_says_why_and_is_little() -> None:
    unrun = [each for page in pages() for each in blocks(page) if each.is_command and each.note.startswith("not run")]
    assert all(each.reason for each in unrun)
    assert len(unrun) <= MAX_NOT_RUN


def test_every_page_with_commands_is_run() -> None:
    how_tos = (
        "api-keys",
        "forward-auth",
        "postgresql",
        "smtp",
        "backups",
        "master-key",
        "reverse-proxy",
        "import",
        "share-a-database",
        "email-verification",
        "own-account",
        "token-pairs",
        "keys",
        "second-factors",
        "webhooks",
    )
    run = {"README.md", "docs/tutorial/front-end.md", *(f"docs/how-to/{name}.md" for name in how_tos)}
    for page in pages():
        name = str(page.relative_to(ROOT))
        if name not in run | RUN_ELSEWHERE:
            assert all(each.reason for each in blocks(page) if each.is_command), name


def test_every_link_leads_to_a_file() -> None:
    for page in (*pages(), ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *ROOT.glob("examples/*/README.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_page_can_be_reached_from_the_index() -> None:
    for index in (ROOT / "docs" / "README.md", ROOT / "docs" / "adr" / "README.md"):
        linked = set(re.findall(r"\]\(([^)#]+)", index.read_text()))
        folders = tuple(f"{name}/" for name in linked if (index.parent / name).is_dir())
        below = index.parent.glob("*.md") if index.parent.name == "adr" else index.parent.rglob("*.md")
        there = {str(page.relative_to(index.parent)) for page in below if page != index}
        decisions = {name for name in there if name.startswith("adr/0")}
        assert {name for name in there - decisions - linked if not name.startswith(folders)} == set()


def test_a_page_lies_in_the_folder_of_what_it_is_for() -> None:
    there = {path.name for path in (ROOT / "docs").iterdir()}
    assert there == {"README.md", "tutorial", "how-to", "reference", "explanation", "adr"}
