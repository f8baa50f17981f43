"""A study against the same runs begun one by one, each from a home of its own as a person's first run is.

`pytest -m benchmark -s tests/benchmarks/test_study_speed.py` prints wall seconds. All sides train the same eight LoRA
runs on 100 legal clauses and score them on 300; a study scores the untuned model once. The third side is the same study
where the operator allows two runs at once.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
APP = Path(__file__).resolve().parents[2] / "app.py"
RUNS = int(os.environ.get("FEWTUNE_RUNS", "8"))
PLAN = ["legal_clauses", "--method", "lora", "--set", "train_rows=100"]


def spent(*commands):
    """Seconds that the commands took, one after the other."""
    began = time.monotonic()
    for command in commands:
        subprocess.run([sys.executable, APP, *command], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def test_a_study_of_eight_runs_takes_at_most_four_fifths_of_eight_separate_runs(tmp_path, capsys):
    seeds = [str(seed) for seed in range(1, RUNS + 1)]
    apart = [["train", *PLAN, "--set", f"seed={seed}", "--home", str(tmp_path / seed)] for seed in seeds]
    one, two = (
        ["study", *PLAN, "--kind", "seeds", "--values", ",".join(seeds), "--home", str(tmp_path / home)]
        for home in ("one", "two")
    )
    spent(["queue", "--at-once", "2", "--home", str(tmp_path / "two")])
    half = RUNS // 2
    first, alone, beside, second = spent(*apart[:half]), spent(one), spent(two), spent(*apart[half:])
    wall = first + second
    with capsys.disabled():
        print(f"\nseparate {wall:.0f} s, study {alone:.0f} s ({alone / wall:.2f} of the time), ", end="")
        print(f"with two runs at once {beside:.0f} s ({beside / wall:.2f})")
    assert min(alone, beside) <= 0.8 * wall
