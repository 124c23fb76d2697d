"""The pages of a change of address, as people with all kinds of browsers meet them."""

from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.e2e.conftest import Serve
from tests.e2e.mails import link_in
from tests.e2e.server import Server
from tests.extra.browser.looking import assert_accessible, look_like_a_phone, prefer, waiting

Screenshot = Callable[[Chrome, str], None]
NEW = "al@example.org"
CONFIRM, CONFIRMED, CONFIRMED_BEFORE = (
    "Confirm your new e-mail address",
    "Your e-mail address is changed",
    "Your e-mail address is already changed",
)
UNDO, UNDONE = "Take your account back", "Your account has its e-mail address again"


@pytest.fixture
def server(serve: Serve) -> Server:
    """A running server, on each kind of database in turn, with Alice, who has asked for another address."""
    server = serve(EMAIL_VERIFICATION="off", APP_NAME="Acme & Söhne")
    token = server.sign_up().json["token"]
    assert server.post_as(token, "/api/auth/change-email", email=NEW).status == 200
    return server


@pytest.fixture
def link(server: Server) -> str:
    """The link in the mail to the new address."""
    return link_in(server.mails(1)[-1])


def heading(chrome: Chrome) -> str:
    return chrome.find_element(By.TAG_NAME, "h1").text


def press(chrome: Chrome) -> None:
    """Goes to the button by the keyboard, presses it, and waits for what follows."""
    before = heading(chrome)
    chrome.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    chrome.switch_to.active_element.send_keys(Keys.ENTER)
    waiting(chrome).until(lambda chrome: heading(chrome) != before)


def test_a_person_moves_and_takes_it_back_with_scripts_switched_off(
    plain_browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    for _ in range(3):
        plain_browser.get(link)
        assert heading(plain_browser) == CONFIRM
    assert server.log_in().status == 200, "opening the link changes nothing"
    assert NEW in plain_browser.find_element(By.TAG_NAME, "main").text
    press(plain_browser)
    assert heading(plain_browser) == CONFIRMED
    assert "email_" not in plain_browser.current_url
    assert server.log_in().status == 401
    plain_browser.get(link)
    assert heading(plain_browser) == CONFIRMED_BEFORE
    undo = link_in(server.mails(2)[-1])
    plain_browser.get(undo)
    assert heading(plain_browser) == UNDO
    assert "alice@example.com" in plain_browser.find_element(By.TAG_NAME, "main").text
    press(plain_browser)
    assert heading(plain_browser) == UNDONE
    plain_browser.refresh()
    assert heading(plain_browser) == UNDONE
    assert plain_browser.get_cookies() == []
    assert "reset_" in link_in(server.mails(3)[-1])
    assert all(address.partition("token=")[2] not in server.log for address in (link, undo))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_nothing_stands_in_the_way_of_anybody(
    browser: Chrome, server: Server, link: str, screenshot: Screenshot, device: str, scheme: str
) -> None:
    """Contrast, roles and landmarks by axe; and no scrolling sideways."""
    prefer(browser, scheme)
    if device == "phone":
        look_like_a_phone(browser)

    def look(address: str, name: str) -> None:
        browser.get(address)
        screenshot(browser, f"{name}-{device}-{scheme}")
        assert_accessible(browser)
        assert "Acme & Söhne" in browser.title
        assert browser.execute_script("return document.documentElement.scrollWidth <= screen.width")

    page = link.partition("?")[0]
    for address, name in ((page, "broken-link"), (f"{page}?done", "done"), (link, "form")):
        look(address, f"confirm-{name}")
    press(browser)
    undo = link_in(server.mails(2)[-1])
    page = undo.partition("?")[0]
    for address, name in ((page, "broken-link"), (f"{page}?done", "done"), (undo, "form")):
        look(address, f"undo-{name}")
    press(browser)
    look(undo, "undo-used")
