"""The advised plan beside every plan of a grid (method x rank x learning rate), on the bundled tasks cut to few rows.

`python -m tests.benchmarks.advice_grid OUT.jsonl [task:rows ...]` trains and scores each plan on the same test rows and
appends a line per plan; begun again, it goes on where it was; `skip=x0.3,r=4` leaves plans out that have
such a word in their names. `... OUT.jsonl --again [task:rows ...] [SEED ...]` trains
the advised plan and the best other one on other seeds (8, 9 and 10): the best of many on one seed is partly lucky. With
`plan=qlora,x3` these are the advised one and that one.
`... OUT.jsonl --table` prints the table for `docs/advice-beside-a-grid.md`. Hours on two cores.
"""

import csv
import itertools
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.backend.model import load_tuned
from core.backend.train import TrainTask, train
from core.dataset.choice import DataChoice
from core.dataset.samples import SAMPLES
from core.engine import Engine
from core.evaluate.answers import _questions, ask
from core.evaluate.metrics import METRICS
from core.strategy.plan import Plan

TASKS = [(task, rows) for rows in (50, 100, 200, 500) for task in SAMPLES]
METRIC = {"legal_clauses": "accuracy", "medical_notes": "rouge_l", "financial_qa": "token_f1"}
MOST_TEST_ROWS = {"legal_clauses": 300, "medical_notes": 60, "financial_qa": 60}
"""Free answers take a second each."""
RATES = (0.3, 1.0, 3.0)
RANKS = (4, 8, 16, 32)
"""Of LoRA; the rates are tried at the advised rank."""
OTHER_SEEDS = (8, 9, 10)
DRAW = 3
"""Of the rows."""
ASSETS = Path(__file__).resolve().parents[2] / "assets" / "samples"


def cut(task: str, rows: int, folder: Path, draw: int = DRAW) -> None:
    """Write `rows` training rows, each label as often, and the test rows, the same in all draws, into `folder`."""
    for side, most, chance in (("train", rows, draw), ("test", MOST_TEST_ROWS[task], DRAW)):
        with (ASSETS / f"{task}_{side}.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        random.Random(chance).shuffle(found)
        label = SAMPLES[task].mapping.get("label")
        if label and side == "train":
            turns: dict[str, int] = defaultdict(int)
            for row in found:
                turns[row[label]] += 1
                row["turn"] = str(turns[row[label]])
            found.sort(key=lambda row: int(row["turn"]))
        with (folder / f"{side}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [name for name in found[0] if name != "turn"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(found[:most])


def choose(engine: Engine, task: str, rows: int, draw: int = DRAW) -> DataChoice:
    """The cut rows, read as the sample is."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / f"{task}-{rows}-{draw}"
        folder.mkdir()
        cut(task, rows, folder, draw)
        choice = engine.choose(engine.open_data(folder))
    sample = SAMPLES[task]
    changes = {"format": sample.format, "mapping": dict(sample.mapping), "instruction": sample.instruction}
    return choice.model_copy(update=changes)


def grid(engine: Engine, choice: DataChoice) -> Iterator[tuple[str, Plan]]:
    """The advised plan first, then the others; each method's middle rate is the one that is advised for it."""
    advice = engine.advise(choice, "starter")
    yield "advised", advice.plan
    for other in advice.alternatives:
        advised_rank = other.options.get("rank")
        ranks = RANKS if other.method == "lora" else (advised_rank,)
        for rank in ranks:
            for rate in RATES if rank == advised_rank else (1.0,):
                options = dict(other.options) | ({"rank": rank} if rank else {})
                changes = {"method": other.method, "options": options, "learning_rate": other.learning_rate * rate}
                plan = engine.read_plan(advice.plan.model_dump() | changes)
                yield f"{other.method}{f' r={rank}' if rank else ''} x{rate:g}", plan


def score(engine: Engine, plan: Plan, folder: Path, metric: str) -> dict[str, float]:
    """Train `plan` and score its best weights on the test rows, in percent."""
    began = time.monotonic()
    train(TrainTask(plan, engine.home, folder), _unheard, threading.Event())
    split = engine.split(plan.data, plan.seed)
    loaded = load_tuned(plan, folder)
    answers = ask(loaded, _questions(split, loaded, plan.max_length), "Scoring", _unheard, threading.Event())
    return {"score": 100 * METRICS[metric].aggregate(answers), "seconds": time.monotonic() - began}


def _unheard(_: object) -> None:
    """Nobody watches."""


def fill(out: Path, tasks: list[tuple[str, int]], skipped: Sequence[str] = ()) -> None:
    """Append each plan of the grid that is missing, but for those with a word of `skipped` in their names."""
    known = {(line["task"], line["rows"], line["plan"]) for line in _lines(out)}
    with tempfile.TemporaryDirectory() as place:
        engine = Engine(Path(place) / "home")
        for task, rows in tasks:
            seen: list[dict[str, Any]] = []
            for name, plan in grid(engine, choose(engine, task, rows)):
                left_out = not set(skipped).isdisjoint(name.split())
                if _chosen(plan) not in seen and (task, rows, name) not in known and not left_out:
                    _append(out, engine, plan, {"task": task, "rows": rows, "plan": name})
                seen.append(_chosen(plan))


def again(out: Path, tasks: list[tuple[str, int]], seeds: Sequence[int], other: str = "") -> None:
    """Append what is missing of the advised plan and an `other` one (the best, where none is named) on other seeds."""
    known = {(line["task"], line["rows"], line["plan"], line["seed"]) for line in _lines(out) if "seed" in line}
    with tempfile.TemporaryDirectory() as place:
        engine = Engine(Path(place) / "home")
        for task, rows in tasks:
            plans = dict(grid(engine, choose(engine, task, rows)))
            if other:
                rival = next(name for name in plans if set(other.split(",")) <= set(name.split()))
            else:
                rival = _rival([line for line in _lines(out) if (line["task"], line["rows"]) == (task, rows)])["plan"]
            for name, seed in itertools.product(("advised", rival), seeds):
                if (task, rows, name, seed) not in known:
                    plan = engine.read_plan(plans[name].model_dump() | {"seed": seed})
                    _append(out, engine, plan, {"task": task, "rows": rows, "plan": name, "seed": seed})


def _append(out: Path, engine: Engine, plan: Plan, about: dict[str, Any]) -> None:
    """Train and score one plan, and write its line."""
    folder = engine.home / "run"
    found = score(engine, plan, folder, METRIC[about["task"]])
    shutil.rmtree(folder)
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(about | found | _chosen(plan)) + "\n")
    print(f"{' '.join(map(str, about.values()))}: {found['score']:.1f} in {found['seconds']:.0f} s", flush=True)


def _chosen(plan: Plan) -> dict[str, Any]:
    """What the grid varies."""
    return {"method": plan.method, "options": plan.options, "learning_rate": plan.learning_rate}


def _rival(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The best plan of the grid that is not the advised one."""
    advised = next(line for line in lines if line["plan"] == "advised")
    same = [(advised[name]) for name in ("method", "options", "learning_rate")]
    others = [line for line in lines if [line[name] for name in ("method", "options", "learning_rate")] != same]
    return max((line for line in others if "seed" not in line), key=lambda line: line["score"])


def table(out: Path) -> str:
    """The advised plan and the best other one of the grid, on the first seed and on the others, as Markdown."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for line in _lines(out):
        groups[line["task"], line["rows"]].append(line)
    told = [
        "| task | rows | advised | score | best other plan | score | other seeds: advised | best other | distance |"
    ]
    told.append("|---|---|---|---|---|---|---|---|---|")
    for (task, rows), lines in groups.items():
        advised, rival = next(line for line in lines if line["plan"] == "advised"), _rival(lines)
        size = f" r={advised['options']['rank']}" if "rank" in advised["options"] else ""
        ours, theirs = (
            {line["seed"]: line["score"] for line in lines if line["plan"] == name and "seed" in line}
            for name in ("advised", rival["plan"])
        )
        ahead = [theirs[seed] - ours[seed] for seed in sorted(ours.keys() & theirs.keys())]
        distance = f"{statistics.mean(ahead):+.1f}" if len(ahead) > 1 else ""
        plans = sum("seed" not in line for line in lines)
        told.append(
            f"| {task}, {METRIC[task]} | {rows} | {advised['method']}{size} {advised['learning_rate']:g} | "
            f"{advised['score']:.1f} | {rival['plan']} (of {plans} plans) | {rival['score']:.1f} | "
            f"{_listed(ours.values())} | {_listed(theirs.values())} | {distance} |"
        )
    return "\n".join(told)


def _listed(scores: Collection[float]) -> str:
    """The mean and each score."""
    each = ", ".join(f"{score:.1f}" for score in scores)
    return f"{statistics.mean(scores):.1f} ({each})" if scores else "not measured"


def _lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


if __name__ == "__main__":
    where, words = Path(sys.argv[1]), sys.argv[2:]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    wanted = [(word.split(":")[0], int(word.split(":")[1])) for word in words if ":" in word] or TASKS
    if words == ["--table"]:
        print(table(where))
    elif "--again" in words:
        seeds = [int(word) for word in words if word.isdecimal()] or OTHER_SEEDS
        again(where, wanted, seeds, given.get("plan", ""))
    else:
        fill(where, wanted, given.get("skip", "").split(","))
