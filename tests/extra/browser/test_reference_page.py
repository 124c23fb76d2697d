"""The reference page, as people with all kinds of browsers meet it."""

from collections.abc import Callable

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from tests.e2e.server import Server
from tests.extra.browser.looking import (
    assert_accessible,
    assert_no_wider_than,
    loaded_by,
    look_like_a_desktop,
    look_like_a_phone,
    prefer,
    waiting,
)

Screenshot = Callable[[Chrome, str], None]


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """One kind is enough: the page asks the database nothing."""
    return str(request.param)


@pytest.fixture
def page(server: Server) -> str:
    """Where the page is."""
    return f"{server.url}/docs"


def snippet_of(chrome: Chrome, name: str) -> WebElement:
    """Returns the block with the curl command of an operation."""
    return chrome.find_element(By.CSS_SELECTOR, f"#{name} figure[data-copy]")


def wait_for_top(chrome: Chrome, element_id: str, highest: float) -> None:
    """Waits until an element begins less than `highest` pixels below the top of the window.

    A browser may scroll to the fragment, and know its target, a little after it has told that the page is there.
    """
    top = f"return document.getElementById('{element_id}').getBoundingClientRect().top"
    waiting(chrome).until(lambda _: 0 <= chrome.execute_script(top) < highest)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_nothing_stands_in_the_way_of_anybody(
    browser: Chrome, page: str, screenshot: Screenshot, device: str, scheme: str
) -> None:
    prefer(browser, scheme)
    width = 375 if device == "phone" else 1280
    (look_like_a_phone if device == "phone" else look_like_a_desktop)(browser, width)
    for place in ("", "#examples", "#sign_up", "#list_sessions", "#email_taken"):
        browser.get("about:blank")
        browser.get(page + place)
        screenshot(browser, f"docs-{device}-{scheme}{place.replace('#', '-')}")
        assert_no_wider_than(browser, width)
    assert_accessible(browser)


def test_what_is_too_long_for_a_phone_scrolls_by_itself(browser: Chrome, page: str) -> None:
    look_like_a_phone(browser, width=375)
    browser.get(page)
    wide = browser.execute_script(
        "return [...document.querySelectorAll('pre')].filter(pre => pre.scrollWidth > pre.clientWidth)"
    )
    assert wide
    assert all(pre.value_of_css_property("overflow-x") == "auto" for pre in wide)
    assert all(pre.get_attribute("tabindex") == "0" for pre in wide), "the arrow keys reach what is hidden"


def test_light_and_dark_are_different(browser: Chrome, page: str) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        prefer(browser, scheme)
        browser.get(page)
        backgrounds.add(browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
    assert len(backgrounds) == 2


def test_everything_is_there_with_scripts_switched_off(
    plain_browser: Chrome, page: str, screenshot: Screenshot
) -> None:
    look_like_a_desktop(plain_browser)
    plain_browser.get(page + "#log_in")
    screenshot(plain_browser, "docs-without-script")
    assert plain_browser.find_elements(By.TAG_NAME, "button") == [], "what cannot work is not offered"
    assert "/api/auth/login" in snippet_of(plain_browser, "log_in").text
    shown = [article.get_attribute("id") for article in plain_browser.find_elements(By.TAG_NAME, "article")]
    assert sorted(map(str, shown)) == sorted(operation.name for operation in OPERATIONS)


def test_a_command_is_copied_as_it_stands(browser: Chrome, page: str, server: Server) -> None:
    for permission in ("clipboard-read", "clipboard-write"):
        grant = {"origin": server.url, "permission": {"name": permission}, "setting": "granted"}
        browser.execute_cdp_cmd("Browser.setPermission", grant)
    browser.get(page)
    snippet = snippet_of(browser, "log_in")
    button = snippet.find_element(By.TAG_NAME, "button")
    assert button.accessible_name == "Copy curl for POST /api/auth/login"
    button.send_keys(Keys.ENTER)
    waiting(browser).until(lambda _: button.text == "Copied")
    assert browser.find_element(By.ID, "told").text == "Copied."
    copied = browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == snippet.find_element(By.TAG_NAME, "code").get_property("textContent")
    assert copied.startswith(f"curl '{server.url}/api/auth/login'")
    assert copied.endswith("'")


def test_without_a_clipboard_the_command_is_selected(browser: Chrome, page: str) -> None:
    """As on a page that came over plain HTTP from another machine."""
    browser.get(page)
    browser.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    snippet = snippet_of(browser, "get_me")
    snippet.find_element(By.TAG_NAME, "button").click()
    told = browser.find_element(By.ID, "told")
    waiting(browser).until(lambda _: "Ctrl+C" in told.text)
    assert browser.execute_script("return getSelection().toString()") == snippet.find_element(By.TAG_NAME, "code").text


def test_the_type_of_a_problem_leads_to_what_it_means(browser: Chrome, server: Server) -> None:
    look_like_a_desktop(browser)
    problem = server.log_in(password="wrong-password").json
    browser.get(server.url + problem["type"])
    row = waiting(browser).until(lambda it: it.find_element(By.CSS_SELECTOR, "tr:target"))
    assert problem["code"] in row.text
    assert problem["title"] in row.text
    assert str(problem["status"]) in row.text
    wait_for_top(browser, problem["code"], 900)


def test_the_contents_lead_to_each_operation(browser: Chrome, page: str) -> None:
    look_like_a_desktop(browser)
    browser.get(page)
    browser.find_element(By.LINK_TEXT, "Change password").click()
    waiting(browser).until(lambda browser: browser.current_url.endswith("#change_password"))
    wait_for_top(browser, "change_password", 100)


def test_the_keyboard_is_enough(browser: Chrome, page: str) -> None:
    browser.get(page)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    skip = browser.switch_to.active_element
    assert skip.text == "Skip to the content"
    skip.send_keys(Keys.ENTER)
    waiting(browser).until(lambda browser: browser.switch_to.active_element.get_attribute("id") == "content")
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.text == "OpenAPI 3.1 document"


def test_the_page_asks_nobody_else_for_anything(browser: Chrome, page: str, server: Server) -> None:
    browser.get(page)
    assert sorted(loaded_by(browser, 2)) == [f"{server.url}/assets/reference.css", f"{server.url}/assets/reference.js"]
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
