"""A study against the same runs begun one by one, each from a home of its own as a person's first run is.

`pytest -m benchmark -s tests/benchmarks/test_study_speed.py` prints wall and processor seconds. Both sides train the
same eight LoRA runs on 100 legal clauses and score them on 300; a study scores the untuned model once.
"""

import os
import resource
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
    """Wall seconds and processor seconds that the commands took, one after the other."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run([sys.executable, APP, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_study_of_eight_runs_takes_at_most_four_fifths_of_eight_separate_runs(tmp_path, capsys):
    seeds = [str(seed) for seed in range(1, RUNS + 1)]
    apart = [["train", *PLAN, "--set", f"seed={seed}", "--home", str(tmp_path / seed)] for seed in seeds]
    study = ["study", *PLAN, "--kind", "seeds", "--values", ",".join(seeds), "--home", str(tmp_path / "study")]
    half = RUNS // 2
    first = spent(*apart[:half])
    together = spent(study)
    second = spent(*apart[half:])
    wall, work = (one + other for one, other in zip(first, second, strict=True))
    with capsys.disabled():
        print(f"\nseparate {wall:.0f} s ({work:.0f} of a processor), study {together[0]:.0f} s ({together[1]:.0f})")
        print(f"{together[0] / wall:.2f} of the time, {together[1] / work:.2f} of the work")
    assert together[0] <= 0.8 * wall
