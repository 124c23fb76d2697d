"""The page of the tutorial, used by a person from sign-up to a new password; only the address of the API differs."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_link
from tests.e2e.server import HOST, Server, free_port, until
from tests.extra.browser.looking import assert_accessible, waiting

PAGE = Path(__file__).parents[3] / "docs" / "tutorial" / "index.html"


@pytest.fixture
def port() -> int:
    """Where the page will be."""
    return free_port()


@pytest.fixture
def server(serve: Serve, port: int) -> Server:
    """A server with the settings of the tutorial."""
    origin = f"http://{HOST}:{port}"
    return serve(CORS_ORIGINS=origin, RESET_URL=f"{origin}/#token={{token}}")


@pytest.fixture
def page(server: Server, port: int, tmp_path: Path) -> Iterator[str]:
    """The address of the page, on an origin of its own."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE.read_text().replace("http://127.0.0.1:8000", server.url))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer((HOST, port), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://{HOST}:{port}/"
        serving.shutdown()
        thread.join()


def fill(chrome: Chrome, form: str, **values: str) -> None:
    for name, value in values.items():
        field = chrome.find_element(By.CSS_SELECTOR, f"#{form} [name={name}]")
        field.clear()
        field.send_keys(value)


def press(chrome: Chrome, text: str) -> None:
    chrome.find_element(By.XPATH, f"//button[.='{text}']").click()


def wait_for_words(chrome: Chrome, words: str) -> None:
    waiting(chrome).until(lambda chrome: words in chrome.find_element(By.ID, "says").text)


def test_a_person_signs_up_leaves_and_sets_a_new_password(browser: Chrome, server: Server, page: str) -> None:
    browser.get(page)
    wait_for_words(browser, "Logged out")
    assert_accessible(browser)
    fill(browser, "enter", name="Alice", email="alice@example.com", password="short")
    press(browser, "Sign up")
    wait_for_words(browser, "password:")
    fill(browser, "enter", password="minimum-6-chars")
    press(browser, "Sign up")
    wait_for_words(browser, "Logged in as Alice")
    press(browser, "Log out")
    wait_for_words(browser, "Logged out")
    assert browser.find_element(By.CSS_SELECTOR, "#enter [name=password]").get_property("value") == ""
    until(lambda: "session.ended" in server.log, "the end of the session in the log")

    press(browser, "Forgot it")
    wait_for_words(browser, "a mail is on its way")
    (mail,) = server.mails(1)
    for earlier in ("about:blank", page):
        browser.get(earlier)
        browser.get(reset_link(mail))
        waiting(browser).until(lambda chrome: chrome.find_element(By.ID, "reset").is_displayed())
        waiting(browser).until(lambda chrome: "reset_" not in chrome.current_url)
    fill(browser, "reset", password="a new password")
    press(browser, "Set it")
    wait_for_words(browser, "log in with it")

    fill(browser, "enter", email="alice@example.com", password="minimum-6-chars")
    press(browser, "Log in")
    wait_for_words(browser, "wrong")
    fill(browser, "enter", password="a new password")
    press(browser, "Log in")
    wait_for_words(browser, "Logged in as Alice")
