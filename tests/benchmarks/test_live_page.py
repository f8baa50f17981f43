"""What an open training page costs the server per tick, by the length of the run."""

import statistics
import time

import pytest

from core.events import RunState, StateChanged, StepTaken
from core.store.log import Record
from core.store.store import Store
from ui import plots
from ui.present import RunView, follow

LENGTHS = (100, 10_000, 1_000_000)
NEWS = 20
"""Steps between two ticks."""


def _record(number: int) -> Record:
    taken = StepTaken(
        step=number,
        total_steps=LENGTHS[-1],
        epoch=number / LENGTHS[-1],
        loss=1 + (number * 7919 % 1000) / 1000,
        learning_rate=1e-3 * (1 - number / 2e6),
        grad_norm=0.5 + (number * 31 % 97) / 97,
        tokens=700 * number,
        seconds=0.05 * number,
    )
    return Record(number, 1, "train", 1, 0.0, taken)


def _figures(view: RunView) -> list[int]:
    built = [plots.loss(view), *(plots.small(view, name) for name in ("rate", "norm", "speed"))]
    return [len(plots.drawn(figure).plot) for figure in built]


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_a_run_of_a_million_steps_takes_little_longer_to_open_than_one_of_thirty_thousand(tmp_path):
    took = {}
    for length in (30_000, LENGTHS[-1]):
        store = Store(tmp_path / str(length))
        job = store.add_run({}, "long")
        begun = (RunState.PREPARING, RunState.TRAINING)
        store.append_all(job.id, [(0.0, StateChanged(state=state)) for state in begun])
        for start in range(0, length, 1000):
            store.append_all(job.id, [(0.0, _record(number).event) for number in range(start + 1, start + 1001)])
        times = []
        for _ in range(5):
            began = time.perf_counter()
            view = follow(RunView(), store.overview(job.run_id))
            _figures(view)
            times.append(time.perf_counter() - began)
        took[length] = statistics.median(times)
        print(f"{length:,} steps: read, folded and drawn in {took[length]:.2f} s")
        store.close()
    assert took[LENGTHS[-1]] < 15 * took[30_000]  # of 33 times the steps


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_a_tick_sends_as_little_at_a_million_steps_as_at_ten_thousand():
    view, done, sizes = RunView(), 0, {}
    for length in LENGTHS:
        began = time.perf_counter()
        view = follow(view, (_record(number) for number in range(done + 1, length + 1)))
        folded, done = time.perf_counter() - began, length
        began = time.perf_counter()
        then = follow(view, [_record(length + more) for more in range(1, NEWS + 1)])
        followed = time.perf_counter() - began
        began = time.perf_counter()
        sizes[length] = sum(_figures(then))
        drawn = time.perf_counter() - began
        print(
            f"{length:,} steps: folded in {folded:.2f} s; a tick of {NEWS} steps {1000 * followed:.1f} ms, its figures "
            f"{1000 * drawn:.1f} ms and {sizes[length]:,} bytes"
        )
    assert sizes[1_000_000] < 1.2 * sizes[10_000]
