"""A headless Chromium, and a server whose mailed links it opens."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.conftest import Serve, database_settings, serve
from tests.e2e.mails import reset_link
from tests.e2e.server import DEADLINE_SECONDS, Server

__all__ = ["database_settings", "serve"]

SCRIPT_SECONDS = 100.0
"""How long a script may take: axe reads a long page for five seconds, and for many times that beside other tests."""


@contextmanager
def chromium(profile: Path, *, javascript: bool = True) -> Iterator[Chrome]:
    """Runs a browser of its own with an empty profile."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    needed = "these tests need chromium and chromedriver: apt-get install chromium chromium-driver"
    assert browser, needed
    assert driver, needed
    options = ChromeOptions()
    options.binary_location = browser
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    chrome = Chrome(options, Service(driver))
    chrome.set_script_timeout(SCRIPT_SECONDS)
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """A browser as most people have it."""
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


@pytest.fixture
def plain_browser(tmp_path: Path) -> Iterator[Chrome]:
    """A browser in which scripts are switched off."""
    with chromium(tmp_path / "plain-profile", javascript=False) as chrome:
        yield chrome


@pytest.fixture
def server(serve: Serve) -> Server:
    """A running server, on each kind of database in turn, with an account that asked for a link."""
    server = serve()
    assert server.sign_up().status == 200
    assert server.forgot().status == 200
    return server


@pytest.fixture
def link(server: Server) -> str:
    """The link in the mail."""
    (mail,) = server.mails(1)
    return reset_link(mail)


@pytest.fixture
def screenshot(pytestconfig: pytest.Config) -> Callable[[Chrome, str], None]:
    """Keeps pictures of the pages, to be looked at after the run."""
    folder = pytestconfig.rootpath / "artifacts"
    folder.mkdir(exist_ok=True)

    def keep(chrome: Chrome, name: str) -> None:
        # A browser may not be able to take one yet, as long as it puts one page in the place of another.
        wait = WebDriverWait(chrome, DEADLINE_SECONDS, ignored_exceptions=(WebDriverException,))
        wait.until(lambda chrome: chrome.save_screenshot(str(folder / f"{name}.png")))

    return keep
