"""A person in front of a browser: opens tabs, waits as long as a slow machine needs, keeps pictures."""

import contextlib
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import TimeoutError as TimedOut

PATIENCE = int(os.environ.get("FEWTUNE_PATIENCE", "240")) * 1000
"""Milliseconds that anything may take on a busy machine."""
_FIGURES_DRAWN = """() => [...document.querySelectorAll('.ft-plot')].every(
    plot => plot.offsetParent === null || plot.querySelector('.main-svg'))"""
PAGES = {
    1: "data",
    2: "strategy",
    3: "train",
    4: "evaluate",
    5: "export",
    6: "runs",
    7: "augment",
    8: "studies",
    9: "playground",
}


class Viewer:
    """Tabs of one browser, with all that they asked for and complained of."""

    def __init__(self, browser: Any, artifacts: Path) -> None:
        self._browser = browser
        self._artifacts = artifacts
        self._contexts: list[Any] = []
        self.foreign: list[str] = []
        """Requests that went to another host."""
        self.dialogs: list[str] = []
        self.complaints: list[str] = []
        """Errors on the console and in the page."""

    def tab(self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> Any:
        """A tab of its own profile, opened and ready."""
        scheme = "dark" if dark else "light"
        context = self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        page = context.new_page()
        home = urlsplit(url).netloc
        page.on("request", lambda request: self._asked(request.url, home))
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.goto(url, timeout=PATIENCE)
        page.wait_for_selector("#ft-steps button.ft-here")
        return page

    def picture(self, page: Any, name: str) -> Path:
        """Keep what the tab shows, once its figures are drawn."""
        self._artifacts.mkdir(exist_ok=True)
        page.wait_for_function(_FIGURES_DRAWN)
        path = self._artifacts / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    def reload(self, page: Any) -> None:
        """Load the page anew; that this cuts off answers on their way, of which browsers complain, is no complaint."""
        before = len(self.complaints)
        page.reload()
        page.wait_for_selector("#ft-steps button.ft-here")
        cut = ("AbortError", "Connection errored out")
        self.complaints[before:] = [said for said in self.complaints[before:] if not any(it in said for it in cut)]

    def close(self) -> None:
        """Close every tab."""
        for context in self._contexts:
            context.close()

    def _asked(self, url: str, home: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != home:
            self.foreign.append(url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def go(page: Any, step: int) -> None:
    """Go to a step and wait until it is shown."""
    page.click(f"#ft-step-{step}", no_wait_after=True)
    page.wait_for_selector(f"#ft-step-{step}.ft-here")


def press(page: Any, button: str, effect: str) -> None:
    """Press until `effect` is seen: a click that comes while another event is answered is dropped.

    Raises:
        AssertionError: Nobody heard it.
    """
    until = time.monotonic() + PATIENCE / 1000
    while not page.locator(effect).is_visible():
        assert time.monotonic() < until, f"{button} is not heard"
        with contextlib.suppress(TimedOut):  # heard meanwhile, it may be hidden
            page.click(button, no_wait_after=True, timeout=2000)
        with contextlib.suppress(TimedOut):
            page.wait_for_selector(effect, timeout=2000)


def says(page: Any, text: str, where: str = "#ft-walk") -> None:
    """Wait until the page says `text`.

    Raises:
        AssertionError: It does not; the message holds what it says instead.
    """
    try:
        page.wait_for_function(
            "([where, text]) => (document.querySelector(where)?.innerText || '').includes(text)", arg=[where, text]
        )
    except TimedOut as error:
        shown = page.inner_text("body")
        raise AssertionError(f"{text!r} is not in {where}; the page says: {shown[:3000]}") from error


def overflow(page: Any) -> int:
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
