"""A million rows: how long reading and inspecting them takes beside a bare read, and how much memory."""

import contextlib
import importlib.util
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.job.inquiry import Inquiry
from core.job.library import Library

ROOT = Path(__file__).resolve().parents[2]
ROWS = 1_000_000
ROUNDS = 3
MOST_READ_MIB = 1400
MOST_ALL_MIB = 2000
MOST_CHECK_MIB = 1550
SLACK = 10.0
"""Seconds that detection and exact checks may take beyond twice the bare read."""

MEASURED = """
import json, resource, sys, time
from pathlib import Path
path, home = Path(sys.argv[1]), Path(sys.argv[2])
began = time.monotonic()
{work}
taken = time.monotonic() - began
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"rows": rows, "seconds": taken, "mib": most}}))
"""
BARE = """
from pyarrow import json as arrow
rows = arrow.read_json(path).num_rows
"""
POLARS = """
import polars
rows = polars.read_ndjson(path).height
"""
READ = """
from core.dataset.files.read import read_table
rows = len(read_table(path).rows)
"""
EXACT = """
from core.dataset.detect import detect
from core.dataset.examples import read_examples
from core.dataset.health import duplicates
from core.dataset.health.check import Inspection
from core.dataset.files.read import read_table
table = read_table(path)
found = detect(table)
reading = read_examples(table, found.format, found.mapping, "")
inspection = Inspection(readings={"train": reading}, format=found.format, mapping=found.mapping)
list(duplicates.CHECK.run(inspection))
rows = len(reading.examples)
"""


def make(path: Path) -> None:
    """Two fields of text, 400 bytes a row, every hundredth row there twice."""
    chance = random.Random(7)
    words = [f"word{n}" if n % 9 else f"Wörter’{n}" for n in range(5000)]
    line = ""
    with path.open("w", encoding="utf-8") as file:
        for number in range(ROWS):
            if number % 100 or not line:
                prompt, answer = chance.choices(words, k=26), chance.choices(words, k=16)
                row = {"prompt": f"{number} {' '.join(prompt)}", "completion": " ".join(answer)}
                line = json.dumps(row, ensure_ascii=False) + "\n"
            file.write(line)


def measured(work: str, path: Path) -> dict[str, float]:
    """Rows, seconds and the peak of memory of a process that does `work`."""
    command = [sys.executable, "-c", MEASURED.format(work=work), str(path), str(path.parent / "home")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("big") / "big.jsonl"
    make(path)
    return path


def compared(what: str, work: str, path: Path) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Rounds of a bare read and of `work`, in turn; prints their medians."""
    rounds = [(measured(BARE, path), measured(work, path)) for _ in range(ROUNDS)]
    bare, ours = ([one[place] for one in rounds] for place in (0, 1))
    assert {one["rows"] for one in (*bare, *ours)} == {ROWS}
    ratios = [theirs["seconds"] / its["seconds"] for its, theirs in rounds]
    print(
        f"{what}: bare {statistics.median(one['seconds'] for one in bare):.2f} s, "
        f"{max(one['mib'] for one in bare):,.0f} MiB; "
        f"Fewtune {statistics.median(one['seconds'] for one in ours):.2f} s, "
        f"{max(one['mib'] for one in ours):,.0f} MiB; "
        f"ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}], n={ROUNDS}, "
        f"{path.stat().st_size / 1e6:,.0f} MB"
    )
    return bare, ours


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
@pytest.mark.skipif(importlib.util.find_spec("polars") is None, reason="polars is not installed")
def test_polars_is_told_beside_the_bare_read(path):
    compared("polars instead of Fewtune", POLARS, path)


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_a_million_rows_are_read_within_the_memory_of_a_laptop(path):
    _, ours = compared("read", READ, path)
    assert max(one["mib"] for one in ours) < MOST_READ_MIB


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_a_million_rows_are_read_detected_and_compared_in_twice_the_time_of_a_bare_read(path):
    bare, ours = compared("read, detect and exact checks", EXACT, path)
    allowed = 2 * statistics.median(one["seconds"] for one in bare) + SLACK
    assert statistics.median(one["seconds"] for one in ours) <= allowed
    assert max(one["mib"] for one in ours) < MOST_ALL_MIB


@dataclass
class Watched:
    """What someone sees who waits for an inquiry."""

    seconds: float
    mib: float
    stands: float
    """The longest time without a change, in seconds."""
    falls: int
    """How often the share was smaller than before."""


def watched(inquiry: Inquiry[Any]) -> Watched:
    """Wait for the answer and look at what is told meanwhile."""
    began = changed = time.monotonic()
    seen, stands, falls, mib = (inquiry.about, inquiry.share), 0.0, 0, 0.0
    process = psutil.Process(inquiry._process.pid)
    while not inquiry.is_over:
        now, said = time.monotonic(), (inquiry.about, inquiry.share)
        with contextlib.suppress(psutil.Error, AttributeError):
            mib = max(mib, process.memory_info().rss / 2**20)
        if said != seen:
            stands, falls = max(stands, now - changed), falls + (said[1] < seen[1])
            seen, changed = said, now
        time.sleep(0.02)
    inquiry.answer()
    return Watched(time.monotonic() - began, mib, max(stands, time.monotonic() - changed), falls)


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_a_million_rows_are_taken_in_and_checked_and_one_sees_how_far_that_is(path, tmp_path):
    rounds = []
    for number in range(ROUNDS):
        library = Library(tmp_path / str(number))
        library.home.mkdir()
        opening = library.begin_open([path])
        taking = watched(opening)
        choice = opening.answer().choice
        rounds.append({"take in": taking, "check": watched(library.begin_check(choice))})
        began = time.monotonic()
        split = library.split(choice, 7)
        assert sum(map(len, (split.train, split.validation, split.test))) > 0.98 * ROWS
        assert time.monotonic() - began < 1
        shutil.rmtree(library.home)
    for what in rounds[0]:
        ours = [one[what] for one in rounds]
        print(
            f"{what}: {statistics.median(one.seconds for one in ours):.1f} s, "
            f"{max(one.mib for one in ours):,.0f} MiB, "
            f"stood still for at most {max(one.stands for one in ours):.1f} s, n={ROUNDS}"
        )
        assert max(one.mib for one in ours) < MOST_CHECK_MIB
        assert sum(one.falls for one in ours) == 0
