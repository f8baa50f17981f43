"""The advised plan beside every plan of a grid (method x rank x learning rate), on the bundled tasks cut to few rows.

`python -m tests.benchmarks.advice_grid OUT.jsonl [task:rows ...]` trains and scores each plan on the same test rows and
appends a line per plan; begun again, it goes on where it was. `... OUT.jsonl --table` prints the table for
`docs/advice-beside-a-grid.md`. Hours on two cores.
"""

import csv
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
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
ASSETS = Path(__file__).resolve().parents[2] / "assets" / "samples"


def cut(task: str, rows: int, folder: Path) -> None:
    """Write `rows` training rows, each label as often, and the test rows into `folder`."""
    for side, most in (("train", rows), ("test", MOST_TEST_ROWS[task])):
        with (ASSETS / f"{task}_{side}.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        random.Random(3).shuffle(found)
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


def choose(engine: Engine, task: str, rows: int) -> DataChoice:
    """The cut rows, read as the sample is."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / f"{task}-{rows}"
        folder.mkdir()
        cut(task, rows, folder)
        choice = engine.choose(engine.open_data(folder))
    sample = SAMPLES[task]
    changes = {"format": sample.format, "mapping": dict(sample.mapping), "instruction": sample.instruction}
    return choice.model_copy(update=changes)


def grid(engine: Engine, choice: DataChoice) -> Iterator[tuple[str, Plan]]:
    """The advised plan first, then the others; each method's middle rate is the one that is advised for it."""
    advice = engine.advise(choice, "starter")
    yield "advised", advice.plan
    for other in advice.alternatives:
        ranks = (4, 8, 16, 32) if other.method == "lora" else (None,)
        for rank in ranks:
            for rate in RATES:
                if rank in {4, 32} and rate != 1.0:
                    continue
                options = dict(other.options) | ({"rank": rank} if rank else {})
                changes = {"method": other.method, "options": options, "learning_rate": other.learning_rate * rate}
                plan = engine.read_plan(advice.plan.model_dump() | changes)
                size = rank or other.options.get("rank") or ""
                yield f"{other.method}{f' r={size}' if size else ''} x{rate:g}", plan


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


def fill(out: Path, tasks: list[tuple[str, int]]) -> None:
    """Append what is missing."""
    known = {(line["task"], line["rows"], line["plan"]) for line in _lines(out)}
    with tempfile.TemporaryDirectory() as place:
        engine = Engine(Path(place) / "home")
        for task, rows in tasks:
            choice = choose(engine, task, rows)
            seen: list[Plan] = []
            for name, plan in grid(engine, choice):
                if plan in seen or (task, rows, name) in known:
                    seen.append(plan)
                    continue
                seen.append(plan)
                folder = Path(place) / "run"
                found = score(engine, plan, folder, METRIC[task])
                shutil.rmtree(folder)
                about = {"method": plan.method, "options": plan.options, "learning_rate": plan.learning_rate}
                line = {"task": task, "rows": rows, "plan": name, **found, **about}
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                print(f"{task} {rows} {name}: {found['score']:.1f} in {found['seconds']:.0f} s", flush=True)


def table(out: Path) -> str:
    """The advised plan, the best of the grid and the distance, as Markdown."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for line in _lines(out):
        groups[line["task"], line["rows"]].append(line)
    told = ["| task | rows | advised | score | best of the grid | score | distance |", "|---|---|---|---|---|---|---|"]
    for (task, rows), lines in groups.items():
        advised = next(line for line in lines if line["plan"] == "advised")
        best = max(lines, key=lambda line: line["score"])
        size = f" r={advised['options']['rank']}" if "rank" in advised["options"] else ""
        told.append(
            f"| {task}, {METRIC[task]} | {rows} | {advised['method']}{size} {advised['learning_rate']:g} | "
            f"{advised['score']:.1f} | {best['plan']} ({len(lines)} plans) | {best['score']:.1f} | "
            f"{best['score'] - advised['score']:.1f} |"
        )
    return "\n".join(told)


def _lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


if __name__ == "__main__":
    where, words = Path(sys.argv[1]), sys.argv[2:]
    if words == ["--table"]:
        print(table(where))
    else:
        fill(where, [(word.split(":")[0], int(word.split(":")[1])) for word in words] or TASKS)
