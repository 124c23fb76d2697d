"""The page that the mailed link opens, as people with all kinds of browsers meet it."""

from collections.abc import Callable

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.server import DEADLINE_SECONDS, Server
from tests.extra.browser.looking import assert_accessible, look_like_a_phone, prefer

Screenshot = Callable[[Chrome, str], None]


def waiting(chrome: Chrome) -> WebDriverWait[Chrome]:
    """Waits for the page; while one follows another, what was found may be gone again."""
    gone = (NoSuchElementException, StaleElementReferenceException)
    return WebDriverWait(chrome, DEADLINE_SECONDS, ignored_exceptions=gone)


def heading(chrome: Chrome) -> str:
    return chrome.find_element(By.TAG_NAME, "h1").text


def wait_for_heading(chrome: Chrome, text: str) -> None:
    waiting(chrome).until(lambda chrome: heading(chrome) == text)


def set_password(chrome: Chrome, password: str) -> None:
    """Types into the field, which has the focus by itself, and presses Enter: no mouse is needed."""
    waiting(chrome).until(lambda chrome: chrome.switch_to.active_element.get_attribute("id") == "password")
    chrome.switch_to.active_element.send_keys(password + Keys.ENTER)


def wait_for_problem(chrome: Chrome) -> str:
    """Returns what the page says of the password it refused."""
    return str(waiting(chrome).until(lambda chrome: chrome.find_element(By.ID, "problem").text))


def test_a_person_sets_a_new_password_and_logs_in_with_it(
    browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    browser.get(link)
    assert heading(browser) == "Set a new password"
    screenshot(browser, "reset-form")
    set_password(browser, "a brand new password")
    wait_for_heading(browser, "Your password was changed")
    screenshot(browser, "reset-done")
    assert server.log_in(password="a brand new password").status == 200
    assert server.log_in().status == 401


def test_it_works_with_scripts_switched_off(
    plain_browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    plain_browser.get(link)
    assert not plain_browser.find_element(By.ID, "show").is_displayed()
    set_password(plain_browser, "short")
    assert "at least 6 characters" in wait_for_problem(plain_browser)
    screenshot(plain_browser, "reset-problem-without-script")
    set_password(plain_browser, "a brand new password")
    wait_for_heading(plain_browser, "Your password was changed")
    assert server.log_in(password="a brand new password").status == 200


def test_opening_the_link_again_and_again_does_not_use_it_up(browser: Chrome, server: Server, link: str) -> None:
    for _ in range(3):
        browser.get(link)
        assert heading(browser) == "Set a new password"
    set_password(browser, "a brand new password")
    wait_for_heading(browser, "Your password was changed")
    browser.get(link)
    assert heading(browser) == "This link does not work"


def test_a_used_link_says_so(browser: Chrome, server: Server, link: str, screenshot: Screenshot) -> None:
    browser.get(link)
    set_password(browser, "a brand new password")
    wait_for_heading(browser, "Your password was changed")
    browser.back()
    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda chrome: chrome.find_elements(By.ID, "password"))
    browser.find_element(By.ID, "password").send_keys("another password" + Keys.ENTER)
    wait_for_heading(browser, "This link does not work")
    screenshot(browser, "reset-link-used")
    assert server.log_in(password="a brand new password").status == 200


def test_the_password_can_be_shown_and_its_length_is_told(browser: Chrome, link: str) -> None:
    browser.get(link)
    field, hint = browser.find_element(By.ID, "password"), browser.find_element(By.ID, "hint")
    show = browser.find_element(By.ID, "show")
    field.send_keys("1234")
    assert hint.text == "2 characters more."
    assert field.get_attribute("type") == "password"
    show.click()
    assert field.get_attribute("type") == "text"
    assert (show.text, show.get_attribute("aria-pressed")) == ("Hide", "true")
    field.send_keys("56")
    assert hint.text == "Long enough."
    show.click()
    assert field.get_attribute("type") == "password"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_nothing_stands_in_the_way_of_anybody(
    browser: Chrome, link: str, screenshot: Screenshot, device: str, scheme: str
) -> None:
    """Labels, contrast, roles and landmarks by axe; and no scrolling sideways."""
    prefer(browser, scheme)
    if device == "phone":
        look_like_a_phone(browser)
    broken_link = link.partition("?")[0]
    for address, name in ((link, "form"), (broken_link, "broken-link")):
        browser.get(address)
        screenshot(browser, f"reset-{name}-{device}-{scheme}")
        assert_accessible(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth <= screen.width")
    browser.get(link)
    set_password(browser, "short")
    wait_for_problem(browser)
    assert_accessible(browser)


def test_the_page_asks_nobody_else_for_anything(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert loaded, "style and script"
    assert all(address.startswith(server.url + "/assets/") for address in loaded)
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_the_secret_stays_out_of_the_log(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    set_password(browser, "a brand new password")
    wait_for_heading(browser, "Your password was changed")
    secret = link.partition("token=")[2]
    assert secret.startswith("reset_")
    assert secret not in server.log
    assert "a brand new password" not in server.log
