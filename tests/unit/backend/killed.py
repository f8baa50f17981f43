"""Trains in processes that end themselves at their n-th step on the way to the disk, for `test_killed_anywhere.py`.

A step is: before a file is opened for writing, renamed or removed; in the middle of a file's bytes; after a file's
bytes; before its fsync. Torch is loaded once, and each process is a fork that has computed nothing yet.
"""

import builtins
import hashlib
import json
import os
import shutil
import sys
import threading
from pathlib import Path

import torch

from core.backend import keeper, trainer
from core.backend import weights as kept
from core.backend.checkpoints import examine, newest, tidy
from core.backend.train import TrainTask, train
from core.events import CheckpointSaved
from core.strategy.plan import Plan
from tests.unit.backend.conftest import example

ROWS = 16


class Steps:
    """Counts the steps to the disk and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self.done = 0
        self.last = last

    def __call__(self) -> None:
        self.done += 1
        if self.done == self.last:
            os._exit(7)

    def watch(self) -> None:
        """See every step from now on."""
        names = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}

        def audit(event, args):
            writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wxa+")
            if writes or event in names:
                self()

        sys.addaudithook(audit)
        plain = os.fsync
        os.fsync = lambda handle: (self(), plain(handle))[1]
        # These write past Python: the file is cut in half at one step, and whole at the next.
        kept.save_file = self._halved(kept.save_file, 1)
        torch.save = self._halved(torch.save, 1)
        Path.write_text = self._halved(Path.write_text, 0)

    def _halved(self, write, place):
        def writing(*args, **kwargs):
            done = write(*args, **kwargs)
            path = Path(args[place])
            whole = path.read_bytes()
            if self.done + 1 == self.last:
                os.truncate(path, len(whole) // 2)
            self()
            self()
            return done

        return writing


def task(home: Path, tiny: str, name: str, *, resume: bool = False) -> TrainTask:
    """A run of six steps with a checkpoint after each validation."""
    from core.backend import train as module
    from core.dataset.choice import DataChoice
    from core.dataset.example import Split

    rows = [example(number) for number in range(ROWS + 8)]
    split = Split(tuple(rows[:ROWS]), tuple(rows[ROWS : ROWS + 4]), tuple(rows[ROWS + 4 :]))
    module.load = lambda choice, home, seed: split
    data = DataChoice(name="colours", source="colours", sha256="0" * 64, format="labelled_text", mapping={})
    plan = Plan(
        data=data,
        model=tiny,
        method="lora",
        options={"dropout": 0.1, "rank": 2},
        epochs=2,
        learning_rate=5e-3,
        precision="fp32",
        patience=50,
    )
    return TrainTask(plan, home, home / name, resume)


def run(work: TrainTask, last: int = 0) -> int:
    """Train in a fork until the n-th step to the disk; what was announced stands in `told`. Its exit code."""
    told = work.folder.parent / f"{work.folder.name}.told"
    told.touch()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = os.open(told, os.O_WRONLY | os.O_APPEND)

    def emit(event):
        if isinstance(event, CheckpointSaved):
            os.write(said, f"{event.folder} {event.step}\n".encode())

    steps = Steps(last)
    steps.watch()
    try:
        train(work, emit, threading.Event())
    except BaseException as error:  # noqa: BLE001 - the parent must hear of it
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(9)
    os.write(said, f"steps {steps.done}\n".encode())
    os._exit(0)


def announced(work: TrainTask) -> dict[str, int]:
    """The newest step that was announced as best and as checkpoint, and the steps to the disk of a whole run."""
    found = {"best": 0, "checkpoints": 0, "steps": 0}
    for line in (work.folder.parent / f"{work.folder.name}.told").read_text().splitlines():
        name, step = line.split()
        found[name.partition("/")[0]] = int(step)
    return found


def weights(work: TrainTask) -> str:
    """The sha256 of the best weights."""
    return hashlib.sha256((work.folder / "best" / "adapter_model.safetensors").read_bytes()).hexdigest()


def look(work: TrainTask) -> dict[str, object]:
    """What is wrong after a kill: empty where every promise is kept."""
    known = announced(work)
    tidy(work.folder)
    place, damaged = newest(work.folder)
    found = int(place.name.removeprefix("checkpoint-")) if place else 0
    best = work.folder / "best"
    wrong: dict[str, object] = {}
    if damaged:
        wrong["offered"] = [str(damage) for damage in damaged]
    if found < known["checkpoints"]:
        wrong["lost"] = [known["checkpoints"], found]
    if known["best"] and (not best.is_dir() or examine(best) is not None):
        wrong["best"] = known["best"]
    return wrong


def main() -> None:
    """Kill at some steps (all with a stride of 1), look each time, and go on from every third."""
    home, tiny, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    keeper.SAVING_SHARE = 1e9
    trainer.set_seed(1)
    whole = task(home, tiny, "whole")
    assert run(whole) == 0
    total = announced(whole)["steps"]
    places = range(1, total + 1) if not count else sorted({1 + round(i * (total - 1) / count) for i in range(count)})
    wrong: dict[int, object] = {}
    resumed = 0
    for number, last in enumerate(places):
        work = task(home, tiny, f"k{last}")
        code = run(work, last)
        problem = look(work)
        if code != 7:
            problem["code"] = code
        if number % 3 == 0:
            resumed += 1
            again = task(home, tiny, f"k{last}", resume=True)
            if run(again) != 0 or weights(again) != weights(whole):
                problem["resumed"] = "differs"
        if problem:
            wrong[last] = problem
        shutil.rmtree(work.folder)
    answer = {"steps": total, "killed": len(places), "resumed": resumed, "wrong": wrong}
    builtins.print(json.dumps(answer))


if __name__ == "__main__":
    main()
