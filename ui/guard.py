"""Who may speak to the dashboard: a plain ASGI layer around everything that it serves.

Gradio checks no Host header and trusts every Origin on a local network, so any page that the user visits could drive
the dashboard (by a form, or by rebinding a name to 127.0.0.1). The layer refuses both before Gradio sees the request.
It passes streams through untouched.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Mapping[str, str] = {
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline'",
            "script-src-attr 'none'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
        )
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Sent with every answer; `data:` images and fonts are Gradio's own."""

OPEN_PATHS = frozenset({"/", "/login", "/login/", "/theme.css", "/gradio_api/theme.css", "/favicon.ico", "/robots.txt"})
OPEN_FOLDERS = ("/static/", "/assets/", "/svelte/")
"""What answers without a login when there are accounts: the login page and the library's own static files."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Refuses foreign hosts, foreign origins and, where there are accounts, whoever is not signed in."""

    def __init__(
        self,
        app: "ASGIApp",
        *,
        host: str,
        signed_in: Callable[[str], bool] | None = None,
        on_page: Callable[[], None] | None = None,
    ) -> None:
        """Stand before `app`, which listens on `host`.

        `signed_in` gets the Cookie header; None means that nobody needs to sign in. `on_page` is called after each
        answer to "/".
        """
        self._app = app
        self._names = allowed_names(host)
        self._any_address = not is_loopback(host)
        self._signed_in = signed_in
        self._on_page = on_page

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        await self._app(scope, receive, _with_headers(send))
        if self._on_page is not None and scope["path"] == "/":
            self._on_page()

    def _refusal(self, scope: "Scope") -> tuple[int, str] | None:
        headers = _headers_of(scope)
        host = headers.get("host", "")
        path = scope["path"]
        if not self._knows(host):
            return 400, "This dashboard does not answer under that name. Open it under the address that it printed."
        if not _is_own_origin(headers, host) or not _is_own_page(headers, path):
            return 403, "This request comes from another site."
        if _leads_elsewhere(path):
            return 403, "This dashboard fetches nothing from elsewhere."
        if self._signed_in is not None and not _is_open(path) and not self._signed_in(headers.get("cookie", "")):
            return 401, "Sign in first."
        return None

    def _knows(self, host: str) -> bool:
        """Whether the Host header names this server; the port is left out, so that tunnels to another port work."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or (self._any_address and _is_address(name))


def allowed_names(host: str) -> frozenset[str]:
    """The names under which a server that listens on `host` may be called; addresses cannot be rebound."""
    if is_loopback(host):
        return LOOPBACK
    own = socket.gethostname().lower()
    return LOOPBACK | {host.strip("[]").lower(), own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    name = host.strip("[]").lower()
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def signed_in_by(tokens: Mapping[str, str], cookie_id: str) -> Callable[[str], bool]:
    """A check of the Cookie header against the sessions that Gradio's login page opened."""

    def check(cookies: str) -> bool:
        try:
            jar = SimpleCookie(cookies)
        except CookieError:
            return False
        names = (f"access-token-{cookie_id}", f"access-token-unsecure-{cookie_id}")
        return any(name in jar and jar[name].value in tokens for name in names)

    return check


def _headers_of(scope: "Scope") -> dict[str, str]:
    """Headers by lower-case name; a Host or Origin that is sent twice becomes one that matches nothing."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}; {value}" if name in headers else value
    return headers


def _is_own_origin(headers: Mapping[str, str], host: str) -> bool:
    """Whether the page that asks was served from here; programs that are no browsers send no Origin."""
    origin = headers.get("origin")
    if origin is None:
        return True
    scheme, _, rest = origin.partition("://")
    return scheme in {"http", "https"} and rest.lower() == host.lower()


def _is_own_page(headers: Mapping[str, str], path: str) -> bool:
    """Whether a browser says that this is our page asking, or a person who follows a link to a page."""
    if headers.get("sec-fetch-site", "none") not in {"cross-site", "same-site"}:
        return True
    follows_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return follows_link and not path.startswith(("/gradio_api/", "/logout"))


def _leads_elsewhere(path: str) -> bool:
    """Whether Gradio would fetch an address for whoever asks."""
    return "://" in path or "/proxy=" in path


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: "Send") -> "Send":
    async def answer(message: "Message") -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            theirs = [pair for pair in message.get("headers", ()) if pair[0].decode("latin-1").lower() not in HEADERS]
            message = {**message, "headers": [*theirs, *ours]}
        await send(message)

    return answer


async def _answer(send: "Send", status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    guarded = _with_headers(send)
    await guarded({"type": "http.response.start", "status": status, "headers": headers})
    await guarded({"type": "http.response.body", "body": body})
