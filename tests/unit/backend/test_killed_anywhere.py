"""P8: whoever is ended at any step on the way to the disk finds a verified checkpoint, and never a partial one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forks, so that torch loads once")


def _kill(home, tiny, count):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.unit.backend.killed", str(home), str(tiny), str(count)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_run_killed_at_steps_all_over_finds_its_newest_checkpoint_and_ends_as_if_nothing_had_been(tmp_path, tiny):
    found = _kill(tmp_path, tiny, 9)
    assert found["steps"] > 100
    assert found["resumed"] >= 3
    assert found["wrong"] == {}


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_a_run_killed_at_every_single_step_finds_its_newest_checkpoint(tmp_path, tiny):
    found = _kill(tmp_path, tiny, 0)
    print(found)
    assert found["killed"] == found["steps"] > 100
    assert found["wrong"] == {}
