"""A million rows: how long reading and inspecting them takes beside a bare read, and how much memory."""

import json
import random
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = 1_000_000
ROUNDS = 3
MOST_READ_MIB = 1400
MOST_ALL_MIB = 2000
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
INSPECT = """
from core.dataset.load import inspect
from core.dataset.files.source import open_source
rows = inspect(open_source(path, home)).rows
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


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_all_checks_of_a_million_rows_stay_within_two_gigabytes(path):
    _, ours = compared("take in and inspect", INSPECT, path)
    assert max(one["mib"] for one in ours) < MOST_ALL_MIB
