"""Two runs side by side against the same two one after the other, on this machine.

`pytest -m benchmark -s tests/benchmarks/test_two_at_once.py` prints the seconds until both are done and scored, of
interleaved rounds. `FEWTUNE_ROUNDS` sets how many.
"""

import os
import statistics
import time

import pytest

from core.engine import Engine
from core.events import RunState

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
ROUNDS = int(os.environ.get("FEWTUNE_ROUNDS", "3"))


def seconds(home, at_once):
    """Until two runs that began together are done."""
    engine = Engine(home)
    engine.queue.allow(at_once)
    choice = engine.choose(engine.open_data("legal_clauses")).model_copy(update={"train_rows": 100})
    plan = engine.advise(choice, "starter").plan
    began = time.monotonic()
    runs = [engine.start(plan.model_copy(update={"weight_decay": number * 1e-6})) for number in range(2)]
    while engine.store.unfinished():
        time.sleep(0.2)
    spent = time.monotonic() - began
    assert {engine.run(run).row.state for run in runs} == {RunState.DONE}
    engine.close()
    return spent


def test_two_runs_at_once_are_no_slower_than_one_after_the_other(tmp_path, capsys):
    found = {1: [], 2: []}
    for number in range(ROUNDS):
        for at_once in found:
            found[at_once].append(seconds(tmp_path / f"{number}-{at_once}", at_once))
    apart, together = (statistics.median(found[at_once]) for at_once in (1, 2))
    with capsys.disabled():
        print(f"\none after the other {apart:.0f} s, both at once {together:.0f} s: {together / apart:.2f} of the time")
    assert together <= 1.1 * apart
