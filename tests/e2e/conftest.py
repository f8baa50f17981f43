"""A real Chromium, and dashboards for it to look at."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import FLAGS, HOW, find_chromium
from tests.e2e.served import Served
from tests.e2e.viewer import Viewer

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"


@pytest.fixture(scope="session", autouse=True)
def _heed_ctrl_c():
    """A test run in the background ignores Ctrl-C, and so would every program that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def chromium():
    """The browser; a machine without one fails and says how to get it."""
    place = find_chromium()
    if place is None:
        pytest.fail(HOW)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(place), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def look(chromium) -> Iterator[Viewer]:
    """Opens tabs and remembers what they did."""
    viewer = Viewer(chromium, ARTIFACTS)
    yield viewer
    viewer.close()


@pytest.fixture
def serve() -> Iterator:
    """Starts dashboards and ends them afterwards."""
    started: list[Served] = []

    def start(home: Path, *words: str) -> Served:
        started.append(Served(home, *words))
        return started[-1]

    yield start
    for served in started:
        served.end()
