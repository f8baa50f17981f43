"""What rows by rules are worth where answers are free text: human rows alone, and with two new rows for each.

`python -m tests.benchmarks.rules_on_answers OUT.jsonl [task:rows ...]` appends a line per run, of five draws of rows;
begun again, it goes on where it was. `... OUT.jsonl --table` prints the table for `docs/new-rows-by-rules.md`. Both see
as many rows; the plan is the one that is advised.
"""

import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from core.engine import Engine
from tests.benchmarks.advice_grid import METRIC, _lines, choose, score
from tests.benchmarks.generated_rows import grow, variants

PLACES = [("medical_notes", 50), ("financial_qa", 50)]
DRAWS = range(1, 6)


def fill(out: Path, places: list[tuple[str, int]]) -> None:
    """Append what is missing."""
    known = {(line["task"], line["rows"], line["draw"], line["with"]) for line in _lines(out)}
    with tempfile.TemporaryDirectory() as where:
        engine = Engine(Path(where) / "home")
        for task, rows in places:
            for draw in DRAWS:
                if all((task, rows, draw, name) in known for name in ("", "rules")):
                    continue
                grown = grow(engine, choose(engine, task, rows, draw), "rules", [], draw)
                for name, plan in zip(("", "rules"), variants(engine, grown["choice"], rows), strict=True):
                    if (task, rows, draw, name) in known:
                        continue
                    found = score(engine, plan, Path(where) / "run", METRIC[task])
                    shutil.rmtree(Path(where) / "run")
                    line = {"task": task, "rows": rows, "draw": draw, "with": name, "kept": grown["kept"], **found}
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(line) + "\n")
                    print(f"{task} {rows}, draw {draw}, {name or 'alone'}: {found['score']:.1f}", flush=True)
        engine.close()


def table(out: Path) -> str:
    """Means of the draws, and the gain in each."""
    found: dict[tuple[str, int], dict[str, dict[int, float]]] = defaultdict(lambda: {"": {}, "rules": {}})
    for line in _lines(out):
        found[line["task"], line["rows"]][line["with"]][line["draw"]] = line["score"]
    told = ["| task | rows | by people alone | with new rows | gain in each draw |", "|---|---|---|---|---|"]
    for (task, rows), by in found.items():
        draws = sorted(by[""].keys() & by["rules"].keys())
        alone, grown = (statistics.fmean(by[name][draw] for draw in draws) for name in ("", "rules"))
        gains = ", ".join(f"{by['rules'][draw] - by[''][draw]:+.1f}" for draw in draws)
        told.append(f"| {task}, {METRIC[task]} | {rows} | {alone:.1f} | {grown:.1f} | {gains} |")
    return "\n".join(told)


if __name__ == "__main__":
    where, words = Path(sys.argv[1]), sys.argv[2:]
    if words == ["--table"]:
        print(table(where))
    else:
        fill(where, [(word.split(":")[0], int(word.split(":")[1])) for word in words] or PLACES)
