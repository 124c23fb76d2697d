"""Looks at a page as different people do."""

import json

from axe_core_python.selenium import Axe
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.server import DEADLINE_SECONDS


def waiting(chrome: Chrome) -> WebDriverWait[Chrome]:
    """Waits for the page; while one follows another, what was found may be gone again."""
    gone = (NoSuchElementException, StaleElementReferenceException)
    return WebDriverWait(chrome, DEADLINE_SECONDS, ignored_exceptions=gone)


def loaded_by(chrome: Chrome, at_least: int) -> list[str]:
    """Returns the addresses of all that a page has loaded, once a browser tells of as many as there must be.

    It may do so a little after it has told that the page is there.
    """
    names = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    waiting(chrome).until(lambda chrome: len(chrome.execute_script(names)) >= at_least)
    loaded: list[str] = chrome.execute_script(names)
    return loaded


def look_like_a_desktop(chrome: Chrome, width: int = 1280) -> None:
    """Gives the page the window of an ordinary screen."""
    _resize(chrome, width=width, height=900, mobile=False)


def look_like_a_phone(chrome: Chrome, width: int = 360) -> None:
    """Gives the page the window of a phone."""
    _resize(chrome, width=width, height=740, mobile=True)


def _resize(chrome: Chrome, *, width: int, height: int, mobile: bool) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(chrome: Chrome, scheme: str) -> None:
    """Prefers the light or the dark colours."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def assert_accessible(chrome: Chrome) -> None:
    """Asserts that axe finds nothing: labels, contrast, roles, landmarks, the order of headings."""
    # What passes is not described: on a long page that takes two thirds of the time.
    violations = Axe().run(chrome, options={"resultTypes": ["violations"]})["violations"]
    assert not violations, json.dumps(violations, indent=2)


def assert_no_wider_than(chrome: Chrome, width: int) -> None:
    """Asserts that nobody has to scroll sideways; a phone would make its window wider instead."""
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
