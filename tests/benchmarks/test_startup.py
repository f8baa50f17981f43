"""How long until the first page is usable, as a ratio to the smallest Gradio program that there is."""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
MOST = 1.5

HELLO = """
import gradio as gr
with gr.Blocks() as page:
    gr.Textbox(label="Name")
_, url, _ = page.launch(quiet=True, prevent_thread_lock=True)
print("ready at", url, flush=True)
page.block_thread()
"""


def first_page(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of wall clock and of CPU until page, configuration and style have been answered."""
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    ) as process:
        assert process.stdout is not None
        url = next(found[0] for line in process.stdout if (found := re.search(r"http://[\w.:]+", line)))
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            for path in ("/", "/theme.css", "/config"):
                assert client.get(path).status_code == 200
        times = psutil.Process(process.pid).cpu_times()
        taken = time.monotonic() - began, times.user + times.system
        process.kill()
    return taken


@pytest.mark.benchmark
def test_the_first_page_comes_nearly_as_fast_as_an_empty_one(tmp_path):
    hello = [sys.executable, "-c", HELLO]
    ours = [sys.executable, str(ROOT / "app.py"), "--home", str(tmp_path / "home"), "--port", "0", "--no-open"]
    rounds = [(first_page(hello, tmp_path), first_page(ours, tmp_path)) for _ in range(ROUNDS)]
    for place, what in enumerate(("wall", "CPU")):
        bare = [one[place] for one, _ in rounds]
        full = [other[place] for _, other in rounds]
        ratios = [theirs / its for its, theirs in zip(bare, full, strict=True)]
        print(
            f"{what}: bare {statistics.median(bare):.2f} s, Fewtune {statistics.median(full):.2f} s, "
            f"ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}], n={ROUNDS}"
        )
    cpu = [other[1] / one[1] for one, other in rounds]
    assert statistics.median(cpu) <= MOST
