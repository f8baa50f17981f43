"""What generated rows are worth at 25 to 200 seeds: human rows alone, with rows by rules, and by a strong teacher.

`python -m tests.benchmarks.generated_rows OUT.jsonl [draws]` trains and scores on the legal clauses and appends a line
per run; begun again, it goes on where it was. `... OUT.jsonl --table` prints the tables for
`docs/what-generated-rows-are-worth.md`. The strong teacher is simulated: an endpoint that answers with real rows of the
same data which are no seeds, 35 in 100 of them damaged. Each run sees as many rows. About an hour on two cores.
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
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.augment.entries import Entry
from core.augment.filter.check import Known
from core.dataset.choice import DataChoice
from core.dataset.samples import SAMPLES
from core.engine import Engine
from core.strategy.plan import Plan
from core.study.curve import fit
from tests.benchmarks.advice_grid import ASSETS, _lines, _unheard, score
from tests.unit.augment.endpoint import Endpoint, completion
from tests.unit.augment.sets import KINDS, damaged

TASK = "legal_clauses"
SIZES = (25, 50, 100, 200)
MORE = 400
"""Human rows beyond the largest size, so that a multiplier of two can be read off instead of carried on."""
WANTED = 2
"""New rows for each seed."""
BAD = 0.35
TEACHERS = ("rules", "openai")


def cut(rows: int, draw: int, folder: Path) -> list[dict[str, str]]:
    """Write so many training rows, each label as often, and the test rows into `folder`; give the other rows."""
    with (ASSETS / f"{TASK}_train.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    random.Random(draw).shuffle(found)
    turns: dict[str, int] = defaultdict(int)
    placed = []
    for row in found:
        turns[row["label"]] += 1
        placed.append((turns[row["label"]], row))
    ordered = [row for _, row in sorted(placed, key=lambda it: it[0])]
    with (folder / "train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(ordered[:rows])
    shutil.copy(ASSETS / f"{TASK}_test.csv", folder / "test.csv")
    return ordered[rows:]


def choose(engine: Engine, rows: int, draw: int, place: Path) -> tuple[DataChoice, list[dict[str, str]]]:
    """The cut rows, read as the sample is, and the rows that were left."""
    folder = place / f"{TASK}-{rows}-{draw}"
    folder.mkdir()
    others = cut(rows, draw, folder)
    sample = SAMPLES[TASK]
    changes = {"format": sample.format, "mapping": dict(sample.mapping), "instruction": sample.instruction}
    return engine.choose(engine.open_data(folder)).model_copy(update=changes), others


def answers(others: list[dict[str, str]], known: Known, draw: int) -> Iterator[Entry]:
    """Rows of a strong teacher: real ones, some of them damaged."""
    chance = random.Random(draw)
    real = [known.shape.entry(row, 0) for row in others]
    good: list[Entry] = list(known.seeds)
    kinds = itertools.cycle(KINDS)
    for row in real:
        if chance.random() < BAD:
            yield damaged(next(kinds), row, known.shape, chance, real, good)
        else:
            good.append(row)
            yield row


def grow(engine: Engine, choice: DataChoice, teacher: str, others: list[dict[str, str]], draw: int) -> dict[str, Any]:
    """The data with new rows, and how many candidates there were for them."""
    augment = engine.augmentations
    known = augment.known(choice)
    card = augment.card(known)
    options: dict[str, Any] = {}
    endpoint = None
    if teacher == "openai":
        stream = answers(others, known, draw)

        def script(_: int, __: Any) -> tuple[int, dict[str, str], str]:
            rows = [dict(entry.cells) for entry in itertools.islice(stream, 4)]
            return 200, {}, completion(json.dumps({"rows": rows}))

        endpoint = Endpoint(script)
        options = {"url": endpoint.url, "model": "simulated"}
    work = augment.prepare(known, card, teacher, options, "sk-nobody" if endpoint else "")
    outcome = augment.run(work, WANTED * len(known.seeds), _unheard, threading.Event())
    if endpoint:
        endpoint.close()
    source = augment.keep(choice, outcome.chosen, teacher)
    grown = choice.model_copy(update={"source": source.id, "sha256": source.sha256})
    return {"choice": grown, "candidates": len(outcome.candidates), "kept": len(outcome.chosen)}


def variants(engine: Engine, choice: DataChoice, size: int) -> tuple[Plan, Plan]:
    """The study's two plans: human rows alone, and all rows."""
    plan = engine.advise(choice, "starter").plan
    base = engine.split(choice.model_copy(update={"generated": False}), plan.seed)
    alone, fuller = engine.studies.plan("augmentation", plan, [str(len(base.train)), "with"]).variants
    assert len(base.train) <= size
    return alone.plan, fuller.plan


def fill(out: Path, draws: int) -> None:
    """Append what is missing."""
    known = {(line["rows"], line["draw"], line["with"]) for line in _lines(out)}
    with tempfile.TemporaryDirectory() as where:
        place = Path(where)
        engine = Engine(place / "home")
        for draw, size in itertools.product(range(1, draws + 1), (*SIZES, MORE)):
            wanted = ("", *TEACHERS) if size in SIZES else ("",)
            if all((size, draw, name) in known for name in wanted):
                continue
            choice, others = choose(engine, size, draw, place)
            for line, plan in _plans(engine, choice, others, size, draw):
                if (size, draw, line["with"]) in known:
                    continue
                found = score(engine, plan, place / "run", "accuracy")
                shutil.rmtree(place / "run")
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"rows": size, "draw": draw, **line, **found}) + "\n")
                print(f"{size} rows, draw {draw}, {line}: {found['score']:.1f}", flush=True)
        engine.close()


def _plans(
    engine: Engine, choice: DataChoice, others: list[dict[str, str]], size: int, draw: int
) -> Iterator[tuple[dict[str, Any], Plan]]:
    if size not in SIZES:
        yield {"with": ""}, engine.advise(choice, "starter").plan
        return
    for teacher in TEACHERS:
        grown = grow(engine, choice, teacher, others, draw)
        alone, fuller = variants(engine, grown["choice"], size)
        if teacher == TEACHERS[0]:
            yield {"with": ""}, alone
        yield {"with": teacher, "candidates": grown["candidates"], "kept": grown["kept"]}, fuller


def table(out: Path) -> str:
    """Means over the draws, their range, and the multiplier, as Markdown."""
    lines = _lines(out)

    def of(size: int, name: str) -> list[float]:
        return [line["score"] for line in lines if (line["rows"], line["with"]) == (size, name)]

    human = {size: statistics.fmean(of(size, "")) for size in SIZES}
    ((limit, drop, exponent),) = fit(list(human), _row(human), (0.0, 100.0))
    told = [
        "| seeds | human rows alone | with rows by rules | worth | with a strong teacher's | worth |",
        "|---|" + "---|" * 5,
    ]
    for size in SIZES:
        cells = [_told(of(size, ""))]
        for name in TEACHERS:
            mean = statistics.fmean(of(size, name))
            ratio = drop / (limit - mean) if mean != limit else 0
            worth = f"{ratio ** (1 / exponent) / size:.1f} times" if ratio > 0 else "beyond the curve"
            cells += [_told(of(size, name)), worth]
        told.append(f"| {size} | {' | '.join(cells)} |")
    told.append(f"\n{MORE} human rows: {_told(of(MORE, ''))}. Curve: {limit:.1f} - {drop:.1f} n^-{exponent:.2f}.")
    return "\n".join(told)


def _row(human: dict[int, float]) -> Any:
    import numpy as np

    return np.array([list(human.values())])


def _told(scores: list[float]) -> str:
    low, high = min(scores), max(scores)
    return f"{statistics.fmean(scores):.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    where, words = Path(sys.argv[1]), sys.argv[2:]
    if words == ["--table"]:
        print(table(where))
    else:
        fill(where, int(words[0]) if words else 3)
