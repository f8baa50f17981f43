"""What the live page of a run takes from the network while it is open, in a real browser.

`pytest -m benchmark -s tests/benchmarks/test_page_bytes.py` prints kilobytes per second, as they came over the wire.
"""

import time

import pytest
from playwright.sync_api import sync_playwright

from tests.benchmarks.test_viewers import running
from tests.chromium import FLAGS, find_chromium

__all__ = ["running"]

SECONDS = 30
WANTED = 12.0
"""Kilobytes per second: a few for each tick, of which there is one a second, and the figures at every third."""


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_an_open_training_page_takes_a_few_kilobytes_a_second(running, capsys):
    served, _, run_id = running
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=list(FLAGS))
        page = browser.new_page()
        page.goto(f"{served.url}/?step=3&run={run_id}")
        page.wait_for_selector("#ft-loss .main-svg", timeout=120_000)
        page.wait_for_timeout(3000)
        devtools, came, asked = page.context.new_cdp_session(page), [0], [0]
        devtools.send("Network.enable")

        def receive(event):
            came[0] += max(event["encodedDataLength"], event["dataLength"])

        def send(event):
            asked[0] += len(event["request"].get("postData", ""))

        devtools.on("Network.dataReceived", receive)
        devtools.on("Network.requestWillBeSent", send)
        began = time.monotonic()
        page.wait_for_timeout(1000 * SECONDS)
        took = time.monotonic() - began
        browser.close()
    received, sent = came[0] / took / 1000, asked[0] / took / 1000
    with capsys.disabled():
        print(f"\nreceived {received:.1f} kB/s, sent {sent:.1f} kB/s")
    assert 0 < received + sent < WANTED
