"""How many passes few rows need: the advised plan with more epochs, and more patience, on several draws.

`python -m tests.benchmarks.few_rows_epochs OUT.jsonl [draws]` trains on 25, 50 and 100 legal clauses and scores on the
300 bundled test rows; begun again, it goes on where it was. `... OUT.jsonl --table` prints the means.
"""

import itertools
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from core.engine import Engine
from tests.benchmarks.advice_grid import _lines, score
from tests.benchmarks.generated_rows import choose

SIZES = (25, 50, 100)
PLANS = ((20, 3), (50, 3), (50, 5), (100, 3))
"""Epochs and patience."""


def fill(out: Path, draws: int) -> None:
    """Append what is missing."""
    known = {(line["rows"], line["draw"], line["epochs"], line["patience"]) for line in _lines(out)}
    with tempfile.TemporaryDirectory() as where:
        place = Path(where)
        engine = Engine(place / "home")
        for draw, size in itertools.product(range(1, draws + 1), SIZES):
            choice, _ = choose(engine, size, draw, place)
            advised = engine.advise(choice, "starter").plan
            for epochs, patience in PLANS:
                if (size, draw, epochs, patience) in known:
                    continue
                plan = engine.read_plan(advised.model_dump() | {"epochs": epochs, "patience": patience})
                found = score(engine, plan, place / "run", "accuracy")
                shutil.rmtree(place / "run")
                line = {"rows": size, "draw": draw, "epochs": epochs, "patience": patience, **found}
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, flush=True)
        engine.close()


def table(out: Path) -> str:
    """Means over the draws and their range, as Markdown."""
    lines = _lines(out)
    told = ["| rows | epochs | patience | accuracy, mean (lowest to highest) | draws | seconds |", "|---|" + "---|" * 5]
    for size, (epochs, patience) in itertools.product(SIZES, PLANS):
        here = [it for it in lines if (it["rows"], it["epochs"], it["patience"]) == (size, epochs, patience)]
        if here:
            scores = [it["score"] for it in here]
            spread = f"{statistics.fmean(scores):.1f} ({min(scores):.1f} to {max(scores):.1f})"
            seconds = statistics.median(it["seconds"] for it in here)
            told.append(f"| {size} | {epochs} | {patience} | {spread} | {len(here)} | {seconds:.0f} |")
    return "\n".join(told)


if __name__ == "__main__":
    where, words = Path(sys.argv[1]), sys.argv[2:]
    if words == ["--table"]:
        print(table(where))
    else:
        fill(where, int(words[0]) if words else 3)
