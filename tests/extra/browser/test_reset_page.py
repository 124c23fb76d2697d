"""The page that the mailed link opens, as people with all kinds of browsers meet it."""

from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of

from leadnator_auth.entrypoints.http.pages.link_page import TRY_AGAIN
from tests.e2e.conftest import Serve
from tests.e2e.server import PASSWORD, Server, until
from tests.extra.browser.looking import assert_accessible, loaded_by, look_like_a_phone, prefer, waiting

Screenshot = Callable[[Chrome, str], None]


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


def change_password(chrome: Chrome, password: str) -> None:
    """Sets a password, and sees that it worked."""
    form = chrome.find_element(By.TAG_NAME, "html")
    set_password(chrome, password)
    wait_until_changed(chrome, form, password)


def wait_until_changed(chrome: Chrome, form: WebElement, password: str) -> None:
    """Waits for the answer to a form that was sent, and tries again when the page asks for it, as a person does.

    It asks where a disk takes seconds to keep something, as that of a busy machine may: the server gives up after four.
    """
    waiting(chrome).until(staleness_of(form))
    if TRY_AGAIN in waiting(chrome).until(lambda chrome: chrome.find_element(By.TAG_NAME, "main").text):
        change_password(chrome, password)
    else:
        wait_for_heading(chrome, "Your password was changed")


def log_in_status(server: Server, password: str) -> int:
    """Returns how a log-in ends, once the server has the time for it."""
    return until(lambda: 0 if (status := server.log_in(password=password).status) == 503 else status, "an answer")


def test_a_person_sets_a_new_password_and_logs_in_with_it(
    browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    browser.get(link)
    assert heading(browser) == "Set a new password"
    screenshot(browser, "reset-form")
    change_password(browser, "a brand new password")
    screenshot(browser, "reset-done")
    assert log_in_status(server, "a brand new password") == 200
    assert log_in_status(server, PASSWORD) == 401


def test_it_works_with_scripts_switched_off(
    plain_browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    plain_browser.get(link)
    assert not plain_browser.find_element(By.ID, "show").is_displayed()
    set_password(plain_browser, "short")
    assert "at least 6 characters" in wait_for_problem(plain_browser)
    screenshot(plain_browser, "reset-problem-without-script")
    change_password(plain_browser, "a brand new password")
    assert log_in_status(server, "a brand new password") == 200


def test_opening_the_link_again_and_again_does_not_use_it_up(browser: Chrome, server: Server, link: str) -> None:
    for _ in range(3):
        browser.get(link)
        assert heading(browser) == "Set a new password"
    change_password(browser, "a brand new password")
    browser.get(link)
    assert heading(browser) == "Your password was already changed"


def test_the_page_that_says_it_worked_may_be_loaded_again(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    change_password(browser, "a brand new password")
    assert "reset_" not in browser.current_url
    browser.refresh()
    assert heading(browser) == "Your password was changed"
    assert log_in_status(server, "a brand new password") == 200


def test_a_double_click_works_as_one(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    browser.find_element(By.ID, "password").send_keys("a brand new password")
    form = browser.find_element(By.TAG_NAME, "html")
    # Both in one turn of the page: the second sends the form again before the first is answered.
    browser.execute_script("const press = document.querySelector('[type=submit]'); press.click(); press.click()")
    wait_until_changed(browser, form, "a brand new password")
    assert log_in_status(server, "a brand new password") == 200


def test_the_back_button_leads_to_no_form_that_says_it_worked(
    browser: Chrome, server: Server, link: str, screenshot: Screenshot
) -> None:
    browser.get(link)
    change_password(browser, "a brand new password")
    browser.back()
    if waiting(browser).until(heading) == "Set a new password":  # as the browser kept it
        field = browser.find_element(By.ID, "password")  # which has the focus on a page that was just loaded
        field.clear()
        field.send_keys("another password" + Keys.ENTER)
    wait_for_heading(browser, "Your password was already changed")
    screenshot(browser, "reset-link-used")
    assert log_in_status(server, "a brand new password") == 200
    assert log_in_status(server, "another password") == 401


def test_a_password_manager_finds_the_name_and_the_new_password(browser: Chrome, link: str) -> None:
    browser.get(link)
    name = browser.find_element(By.CSS_SELECTOR, "[autocomplete=username]")
    assert (name.get_attribute("value"), name.get_attribute("readonly")) == ("alice@example.com", "true")
    assert name.accessible_name == "Account"
    assert browser.find_element(By.ID, "password").get_attribute("autocomplete") == "new-password"


def test_the_name_of_the_application_leads_to_its_log_in(serve: Serve, browser: Chrome, screenshot: Screenshot) -> None:
    server = serve(APP_NAME="Acme & Söhne", LOGIN_URL="http://127.0.0.1:9/in")
    for path in ("/", "/reset-password?done", "/reset-password?token=x"):
        browser.get(server.url + path)
        assert "Acme & Söhne" in browser.title
        assert "Acme & Söhne" in browser.find_element(By.TAG_NAME, "main").text
        link = browser.find_element(By.LINK_TEXT, "Log in")
        assert link.get_attribute("href") == "http://127.0.0.1:9/in"
        screenshot(browser, "named-" + path.strip("/?").replace("?", "-").replace("=", "-"))
        assert_accessible(browser)


def test_the_box_to_remove_all_else_can_be_seen_and_checked(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    box = browser.find_element(By.NAME, "revoke_all")
    assert min(box.rect["width"], box.rect["height"]) >= 20
    browser.find_element(By.CSS_SELECTOR, "label.box").click()
    assert box.is_selected()
    browser.find_element(By.ID, "password").click()
    change_password(browser, "another-password")


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
    page = link.partition("?")[0]
    home = page.removesuffix("reset-password")
    for address, name in ((link, "form"), (page, "broken-link"), (f"{page}?done", "done"), (home, "home")):
        browser.get(address)
        screenshot(browser, f"reset-{name}-{device}-{scheme}")
        assert_accessible(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth <= screen.width")
    browser.get(link)
    set_password(browser, "short")
    wait_for_problem(browser)
    screenshot(browser, f"reset-problem-{device}-{scheme}")
    assert_accessible(browser)


def test_the_page_asks_nobody_else_for_anything(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    assert all(address.startswith(server.url + "/assets/") for address in loaded_by(browser, 2))
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_the_secret_stays_out_of_the_log(browser: Chrome, server: Server, link: str) -> None:
    browser.get(link)
    change_password(browser, "a brand new password")
    secret = link.partition("token=")[2]
    assert secret.startswith("reset_")
    assert secret not in server.log
    assert "a brand new password" not in server.log
