"""The page that proves an address, as people with all kinds of browsers meet it."""

from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.e2e.conftest import Serve
from tests.e2e.mails import verification_link
from tests.e2e.server import Server
from tests.extra.browser.looking import assert_accessible, loaded_by, look_like_a_phone, prefer, waiting

Screenshot = Callable[[Chrome, str], None]
ASKED, DONE, USED = (
    "Verify your e-mail address",
    "Your e-mail address is verified",
    "Your e-mail address is already verified",
)


@pytest.fixture
def server(serve: Serve) -> Server:
    """A running server, on each kind of database in turn, that requires what Alice has yet to do."""
    server = serve(EMAIL_VERIFICATION="required", APP_NAME="Acme & Söhne")
    assert server.sign_up().status == 200
    return server


@pytest.fixture
def link(server: Server) -> str:
    """The link in the mail of the sign-up."""
    (mail,) = server.mails(1)
    return verification_link(mail)


def heading(chrome: Chrome) -> str:
    return chrome.find_element(By.TAG_NAME, "h1").text


def press(chrome: Chrome) -> None:
    """Goes to the button by the keyboard, presses it, and waits for what follows."""
    chrome.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    chrome.switch_to.active_element.send_keys(Keys.ENTER)
    waiting(chrome).until(lambda chrome: heading(chrome) != ASKED)


def test_a_person_verifies_an_address_with_scripts_switched_off(
    plain_browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    for _ in range(3):
        plain_browser.get(link)
        assert heading(plain_browser) == ASKED
    assert server.log_in().status == 403, "opening the link verifies nothing"
    assert "alice@example.com" in plain_browser.find_element(By.TAG_NAME, "main").text
    screenshot(plain_browser, "verify-form-without-script")
    press(plain_browser)
    assert heading(plain_browser) == DONE
    assert "verify_" not in plain_browser.current_url
    plain_browser.refresh()
    assert heading(plain_browser) == DONE
    assert server.log_in().status == 200
    plain_browser.get(link)
    assert heading(plain_browser) == USED
    assert plain_browser.get_cookies() == []
    assert link.partition("token=")[2] not in server.log


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_nothing_stands_in_the_way_of_anybody(
    browser: Chrome, link: str, screenshot: Screenshot, device: str, scheme: str
) -> None:
    """Contrast, roles and landmarks by axe; no scrolling sideways; and nothing is loaded from elsewhere."""
    prefer(browser, scheme)
    if device == "phone":
        look_like_a_phone(browser)
    page = link.partition("?")[0]
    for address, name in ((page, "broken-link"), (f"{page}?done", "done"), (link, "form")):
        browser.get(address)
        screenshot(browser, f"verify-{name}-{device}-{scheme}")
        assert_accessible(browser)
        assert "Acme & Söhne" in browser.title
        assert browser.execute_script("return document.documentElement.scrollWidth <= screen.width")
    assets = page.removesuffix("verify-email") + "assets/"
    assert all(address.startswith(assets) for address in loaded_by(browser, 1))
    press(browser)
    browser.get(link)
    assert heading(browser) == USED
    screenshot(browser, f"verify-used-{device}-{scheme}")
    assert_accessible(browser)
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "400" not in str(entry)]
