"""Find a Chromium for the browser tests, or install one the way this system allows.

`python -m tests.chromium` is part of `make test`: it prints where the browser is, or says how to get one and fails.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files\Chromium\Application\chrome.exe",
)
HOW = (
    "The browser tests need a Chromium. Install one ('apt-get install chromium', 'brew install --cask chromium' or "
    "'playwright install chromium'), or name it in the environment variable FEWTUNE_CHROMIUM."
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> Path | None:
    """The browser named in FEWTUNE_CHROMIUM, one on this machine, or the one that Playwright installed."""
    named = os.environ.get("FEWTUNE_CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    for place in (*found, *PLACES):
        if place and Path(place).is_file():
            return Path(place)
    return _of_playwright()


def _of_playwright() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def install_chromium() -> Path | None:
    """Try the ways that need no one's password, one after the other."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0:
        attempts = [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"], *attempts]
    for command in attempts:
        try:
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False, timeout=900)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"{command[0]}: {error}", file=sys.stderr)
        if found := find_chromium():
            return found
    return None


if __name__ == "__main__":
    browser = find_chromium() or install_chromium()
    sys.exit(HOW) if browser is None else print(f"Browser tests use {browser}")
