"""The whole way of a passkey, with our authenticator, with Chromium's in our page, and with @simplewebauthn/browser."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx2
import pytest
import uvicorn
from selenium.webdriver import Chrome
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.wait import WebDriverWait
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.pages.rendering import PAGE_HEADERS
from leadnator_auth.testing import TotpApp, VirtualAuthenticator
from tests.extra.browser.passkey_clients import (
    PasskeyClient,
    RefusedError,
    WithoutBrowser,
    with_our_part,
    with_simplewebauthn,
)

HERE = Path(__file__).parent
Json = dict[str, Any]  # JSON: any value at any key
PAGE = """<!doctype html><html lang=en><title>Passkeys</title>
<script src="/simplewebauthn.js"></script>
<form><input id=name autocomplete="username webauthn" autofocus></form>"""
# As strict as our own pages, and it may call the API.
HEADERS = PAGE_HEADERS | {"Content-Security-Policy": f"{PAGE_HEADERS['Content-Security-Policy']}; connect-src 'self'"}
WITHOUT_JSON = """
delete PublicKeyCredential.parseCreationOptionsFromJSON;
delete PublicKeyCredential.parseRequestOptionsFromJSON;
delete PublicKeyCredential.prototype.toJSON;
"""


@attrs.frozen
class Service:
    """The API and a page, at one origin."""

    origin: str
    ports: MemoryPorts

    def post(self, path: str, body: Json | None = None, token: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.post(f"{self.origin}/api/auth/{path}", json=body or {}, headers=headers)

    def sign_up(self) -> str:
        body = {"name": "Alice", "email": "alice@example.com", "password": "secret"}
        return str(self.post("signup", body).json()["token"])

    def passkeys(self, token: str) -> list[Json]:
        headers = {"Authorization": f"Bearer {token}"}
        found: list[Json] = httpx2.get(f"{self.origin}/api/auth/passkeys", headers=headers).json()["passkeys"]
        return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, just installed."""
    npm = shutil.which("npm")
    assert npm, "this test needs node and npm: apt-get install nodejs npm"
    folder = tmp_path_factory.mktemp("npm")
    shutil.copy(HERE / "passkeys.json", folder / "package.json")
    subprocess.run([npm, "install", "--no-package-lock", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder / "node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js"


@pytest.fixture
def service(library: Path) -> Iterator[Service]:
    """The application in memory, with the page."""

    async def get_page(request: Request) -> Response:
        return HTMLResponse(PAGE, headers=HEADERS)

    async def get_library(request: Request) -> Response:
        return FileResponse(library, media_type="text/javascript")

    app = Starlette(routes=[Route("/page", get_page), Route("/simplewebauthn.js", get_library)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    origin = f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    ports = attrs.evolve(memory_ports(), passkeys=Fido2Passkeys("localhost", "Example", [origin]))
    app.router.routes.append(Mount("/", create_app(ports)))
    yield Service(origin, ports)
    server.should_exit = True
    thread.join()


def with_authenticator(browser: Chrome) -> Chrome:
    """Returns the browser, which has an authenticator from now on that verifies its user."""
    options = VirtualAuthenticatorOptions()
    options.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
    options.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
    options.has_resident_key = options.has_user_verification = options.is_user_verified = True
    browser.add_virtual_authenticator(options)
    return browser


@pytest.fixture
def page(browser: Chrome, service: Service) -> Chrome:
    """The page, in a browser with an authenticator."""
    browser.get(f"{service.origin}/page")
    return with_authenticator(browser)


def _without_json(page: Chrome) -> PasskeyClient:
    page.execute_script(WITHOUT_JSON)
    return with_our_part(page)


IN_PAGE: dict[str, Callable[[Chrome], PasskeyClient]] = {
    "our part of a page": with_our_part,
    "our part, without what reads and writes JSON": _without_json,
    "@simplewebauthn/browser": with_simplewebauthn,
}


@pytest.fixture(params=["no browser", *IN_PAGE])
def client(request: pytest.FixtureRequest, service: Service) -> PasskeyClient:
    """Each of those who use passkeys."""
    if request.param == "no browser":
        return WithoutBrowser(service.origin, VirtualAuthenticator(origin=service.origin))
    return IN_PAGE[request.param](request.getfixturevalue("page"))


def test_the_whole_way(client: PasskeyClient, service: Service) -> None:
    token = service.sign_up()
    passkey = client.register(token, "My phone")
    assert service.passkeys(token) == [passkey]
    assert (passkey["name"], passkey["transports"]) == ("My phone", ["internal"])

    service.ports.clock.advance(minutes=11)
    signed_in = client.log_in()
    assert signed_in["user"]["name"] == "Alice"
    assert service.passkeys(signed_in["token"])[0]["last_used_at"] == "2026-01-01T00:11:00Z"
    with pytest.raises(RefusedError, match="step_up_required"):
        client.register(token, "Another")
    assert client.step_up(token) == {"ok": True, "expires_at": "2026-01-01T00:21:00Z"}

    with pytest.raises(RefusedError, match="InvalidStateError") as refused:
        _register_again(client, token)
    assert refused.value

    app = TotpApp(service.post("totp", token=token).json()["secret"], service.ports.clock)
    assert service.post("totp/confirm", {"code": app.code}, token).status_code == 200
    asked = service.post("login", {"email": "alice@example.com", "password": "secret"}).json()
    assert asked["factors"] == ["totp", "recovery_code", "passkey"]
    assert client.give_second_factor(asked)["user"]["name"] == "Alice"
    with pytest.raises(RefusedError, match="invalid_challenge"):
        client.give_second_factor(asked)

    path = f"{service.origin}/api/auth/passkeys/{passkey['id']}"
    again = client.log_in()["token"]
    assert httpx2.delete(path, headers={"Authorization": f"Bearer {again}"}).json() == {"ok": True}
    with pytest.raises(RefusedError, match="invalid_passkey"):
        client.log_in()


def _register_again(client: PasskeyClient, token: str) -> None:
    try:
        client.register(token, "Twice")
    except Exception as error:  # ours says by its name what a browser says by a DOMException's
        raise RefusedError(getattr(error, "name", str(error))) from error


WAIT = """
import("/assets/passkeys.js").then(part => part.logInWhenChosen())
  .then(answer => answer ? answer.user.name : "nobody", error => error.name)
  .then(told => { document.title = told; });
"""


def test_a_passkey_is_chosen_where_names_are_filled_in(page: Chrome, service: Service) -> None:
    with_our_part(page).register(service.sign_up(), "My phone")
    assert page.execute_async_script("import('/assets/passkeys.js').then(part => part.canFillIn()).then(arguments[0])")
    page.execute_script(WAIT)
    WebDriverWait(page, 20).until(lambda found: found.title != "Passkeys")
    assert page.title == "Alice"


def test_another_ceremony_of_the_page_ends_the_one_that_waits(browser: Chrome, service: Service) -> None:
    browser.get(f"{service.origin}/page")
    browser.execute_script(WAIT)
    WebDriverWait(browser, 20).until(lambda _: service.ports.unit_of_work.tables.one_time_tokens)
    assert browser.title == "Passkeys"
    registered = with_our_part(with_authenticator(browser)).register(service.sign_up(), "My phone")
    assert registered["name"] == "My phone"
    WebDriverWait(browser, 20).until(lambda found: found.title != "Passkeys")
    assert browser.title == "nobody"


def test_what_the_api_refuses_is_told(page: Chrome, service: Service) -> None:
    client = with_our_part(page)
    client.register(service.sign_up(), "My phone")
    service.ports.unit_of_work.tables.passkeys.clear()
    with pytest.raises(RefusedError, match="invalid_passkey"):
        client.log_in()
    page.set_user_verified(False)
    with pytest.raises(RefusedError, match="NotAllowedError"):
        client.log_in()
